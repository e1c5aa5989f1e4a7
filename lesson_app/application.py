"""The application factory: puts the parts together and says what runs at start and at stop.

A factory and not a global, so that two apps in one process share nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp

from lesson_app.api.errors import EXCEPTION_HANDLERS
from lesson_app.api.openapi import ANY_PROBLEM, API_PROBLEMS, ShopAPI, operation_id
from lesson_app.api.router import include_routes
from lesson_app.api.v1 import files
from lesson_app.config import InMemorySettings, Settings
from lesson_app.core.error_reports import open_error_reports
from lesson_app.core.extras import needs_extra
from lesson_app.core.passwords import Passwords
from lesson_app.core.rate_limits import RateLimits
from lesson_app.core.redis_client import open_redis
from lesson_app.core.shutdown import on_stop_signal
from lesson_app.core.telemetry import make_tracer_provider, open_telemetry, telemetry_config
from lesson_app.core.tickets import MemoryTickets, RedisTickets, Tickets
from lesson_app.database import is_in_memory, open_engine
from lesson_app.middleware.edge import add_edge
from lesson_app.middleware.rate_limit import RateLimitMiddleware
from lesson_app.migrations import upgrade
from lesson_app.models import Base
from lesson_app.realtime import Realtime, open_realtime
from lesson_app.seed import seed
from lesson_app.services.readiness import Readiness

if TYPE_CHECKING:
    from redis.asyncio import Redis


class LifespanState(Realtime):
    """What the lifespan hands to every request as `request.state`."""

    sessions: async_sessionmaker[AsyncSession]
    redis: "Redis | None"
    passwords: Passwords
    rate_limits: RateLimits
    tickets: Tickets
    readiness: Readiness


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[LifespanState]:
    """Open the database, and Redis if it is used, for as long as the app runs."""
    settings: Settings = app.state.settings
    async with (
        open_error_reports(settings),
        open_engine(settings) as engine,
        open_telemetry(app.state.tracer_provider, engine),
        open_redis(settings) as redis,
    ):
        # expire_on_commit=False: an object can still be read after the commit, without a query.
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        if settings.admin_panel:
            app.state.admin_sessions.configure(bind=engine)
        if settings.create_tables:
            if is_in_memory(engine):
                async with engine.begin() as connection:
                    await connection.run_sync(Base.metadata.create_all)
            else:
                await upgrade(settings)
        if settings.seed_demo_data:
            async with sessions.begin() as session:
                await seed(session)
        lifetime = settings.websocket_ticket_lifetime
        readiness = Readiness(settings, engine, redis)
        async with open_realtime(settings, sessions, redis) as realtime:
            with on_stop_signal(readiness.stop):
                yield {
                    "sessions": sessions,
                    "redis": redis,
                    "passwords": Passwords(settings),
                    "rate_limits": RateLimits(settings, redis),
                    "tickets": RedisTickets(redis, settings.redis_prefix, lifetime)
                    if redis
                    else MemoryTickets(lifetime),
                    "readiness": readiness,
                    **realtime,
                }


class Shop(ShopAPI):
    """The app, with the layers of `lesson_app.middleware.edge` around all others."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what a request goes through, outermost first."""
        return add_edge(super().build_middleware_stack(), self.state.settings)


def _limits(settings: Settings) -> list[Middleware]:
    """Return what bounds a request: how often it comes, then how large it is.

    Not at the edge: when Redis, which counts, is away, that is a failure with an answer 500.
    """
    # Not FastAPI's own `max_body_size`, which puts a layer around every route as well. A router
    # that sets it has a limit of its own, instead of this one.
    limits = [Middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes)]
    if settings.rate_limits:
        limits.insert(0, Middleware(RateLimitMiddleware, rate=settings.default_rate_limit))
    return limits


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make a shop. Nothing is opened before its lifespan starts.

    Args:
        settings: how to run it. Without them the shop has demo data in a database of its own,
            in memory, which is gone when the app stops: what a lesson or a test wants.
    """
    settings = settings or InMemorySettings()
    tracer_provider = make_tracer_provider(settings)
    app = Shop(
        title="Shop",
        summary="The small shop that the FastAPI Workbook builds.",
        version="1.0.0",
        lifespan=lifespan,
        responses=ANY_PROBLEM,
        exception_handlers=EXCEPTION_HANDLERS,
        generate_unique_id_function=operation_id,
        telemetry=telemetry_config(tracer_provider),
        middleware=_limits(settings),
    )
    app.state.settings = settings
    app.state.tracer_provider = tracer_provider
    include_routes(app)
    # Here, because how large a file may be is a setting, and each app has settings of its own.
    limit = settings.upload_max_bytes + files.FORM_BYTES
    app.include_router(files.router, prefix="/api/v1", responses=API_PROBLEMS, max_body_size=limit)
    if settings.graphql:
        with needs_extra("graphql", "SHOP_GRAPHQL"):
            from lesson_app.graphql.router import make_router
        app.include_router(make_router(settings))
    if settings.admin_panel:
        with needs_extra("admin", "SHOP_ADMIN_PANEL"):
            from lesson_app.admin.site import add_admin
        app.state.admin_sessions = add_admin(app, settings)
    return app

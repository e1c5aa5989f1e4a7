"""A running shop for each test, on each of three databases; nothing is left behind.

A test that takes `http`, `sessions`, `app`, `settings` or `database_url` runs three times. To
run on one database only, a module makes its own `app` fixture: `return create_app()`.
"""

import asyncio
import io
import json
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.types import Receive, Scope, Send

from lesson_app import InMemorySettings, create_app
from lesson_app.core.logs import configure_logs
from lesson_app.migrations import upgrade
from lesson_app.seed import DEMO_PASSWORD
from tests import services
from tests.services import BACKENDS, MARIADB, POSTGRESQL, RABBITMQ, REDIS, ServerDatabase, Service

CONFIGURED_LOGGERS = (
    "lesson_app", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpx2",
)  # fmt: skip

type SignIn = Callable[[httpx.AsyncClient, str], Coroutine[Any, Any, dict[str, str]]]
type Running = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


def _migrated_database(service: Service) -> Generator[ServerDatabase]:
    """Lend a database with the tables that the migrations make, and drop it at the end."""
    service.need()
    database = ServerDatabase(service.url)
    asyncio.run(database.create())
    try:
        asyncio.run(upgrade(InMemorySettings.model_validate({"database_url": database.url})))
        yield database
    finally:
        asyncio.run(database.drop())


# One for each worker of pytest-xdist: a worker is a process with a session of its own.
@pytest.fixture(scope="session")
def _postgresql_database() -> Generator[ServerDatabase]:
    yield from _migrated_database(POSTGRESQL)


@pytest.fixture(scope="session")
def _mariadb_database() -> Generator[ServerDatabase]:
    yield from _migrated_database(MARIADB)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database that this run of the test is on."""
    return request.param


@pytest.fixture
def settings(backend: str, request: pytest.FixtureRequest) -> InMemorySettings:
    """Settings of a shop on an empty database; the demo data comes when the app starts."""
    if backend == "sqlite":
        return InMemorySettings()
    database: ServerDatabase = request.getfixturevalue(f"_{backend}_database")
    asyncio.run(database.empty())
    return InMemorySettings.model_validate({"database_url": database.url, "create_tables": False})


@pytest.fixture
def database_url(settings: InMemorySettings) -> str:
    """The address of an empty database."""
    return settings.database_url.get_secret_value()


@pytest.fixture
def app(settings: InMemorySettings) -> FastAPI:
    """A shop that is not running yet."""
    return create_app(settings)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with app.router.lifespan_context(app) as state:

        async def app_with_state(scope: Scope, receive: Receive, send: Send) -> None:
            # httpx's transport has no lifespan state; a server puts it into every request.
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(app_with_state, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
            yield http


@pytest.fixture
def running() -> Running:
    """Run any app's lifespan and call it: `async with running(app) as http`."""
    return _running


@pytest.fixture
async def http(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a shop with the demo data: users 1 to 3, items 1 to 12."""
    async with _running(app) as client:
        yield client


async def _sign_in(http: httpx.AsyncClient, email: str) -> dict[str, str]:
    form = {"username": email, "password": DEMO_PASSWORD}
    response = await http.post("/api/v1/auth/login", data=form)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@pytest.fixture
def sign_in() -> SignIn:
    """Log a demo user in: `headers = await sign_in(http, "grace@example.com")`."""
    return _sign_in


@pytest.fixture
async def as_ada(http: httpx.AsyncClient) -> dict[str, str]:
    """Headers that send a request as Ada, user 1, the administrator."""
    return await _sign_in(http, "ada@example.com")


@pytest.fixture
async def as_grace(http: httpx.AsyncClient) -> dict[str, str]:
    """Headers that send a request as Grace, user 2."""
    return await _sign_in(http, "grace@example.com")


@pytest.fixture
async def as_alan(http: httpx.AsyncClient) -> dict[str, str]:
    """Headers that send a request as Alan, user 3."""
    return await _sign_in(http, "alan@example.com")


@pytest.fixture
async def sessions(app: FastAPI) -> AsyncGenerator[async_sessionmaker[AsyncSession]]:
    """Sessions on the database of a shop with the demo data."""
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        yield state["sessions"]


# Who has to connect first comes too late for a race: each transaction would find the one before it
# done. So these open as many connections as a pool keeps.


@pytest.fixture
async def ready_sessions(sessions: async_sessionmaker[AsyncSession]):
    """Sessions whose transactions meet when they are started at once."""
    async with AsyncExitStack() as stack:
        for _ in range(InMemorySettings().database_pool_size):
            session = await stack.enter_async_context(sessions())
            await session.connection()
    return sessions


@pytest.fixture
async def ready_http(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client whose requests meet when they are sent at once."""
    count = InMemorySettings().database_pool_size
    await asyncio.gather(*(http.get("/api/v1/items/1") for _ in range(count)))
    return http


@pytest.fixture
def statements() -> Generator[list[str]]:
    """The statements that this process sends to databases: `clear()` it, act, then count."""
    sent: list[str] = []

    def note(connection, cursor, statement: str, parameters, context, executemany) -> None:
        # The outbox is read in the background, whenever it is due.
        if "notifications" not in statement:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


class Lines(io.StringIO):
    """What was logged, as JSON: `lines.of("request")`."""

    def all(self) -> list[dict[str, Any]]:
        """Return every line, oldest first. A line that is not one JSON object is an error."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines that tell of one kind of event."""
        return [line for line in self.all() if line["event"] == event]


@pytest.fixture
def restored_logs() -> Generator[None]:
    """Give the loggers of this process back as they were."""
    loggers = [logging.getLogger(), *map(logging.getLogger, CONFIGURED_LOGGERS)]
    former = [(one, one.level, one.propagate, one.handlers[:], one.filters[:]) for one in loggers]
    yield
    for logger, level, propagate, handlers, filters in former:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers
        logger.filters[:] = filters
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def log_lines(restored_logs: None) -> Lines:
    """The log of this process as JSON, from DEBUG on for our own loggers."""
    lines = Lines()
    configure_logs(InMemorySettings(log_format="json", log_level="DEBUG"), lines)
    return lines


@pytest.fixture
async def redis_namespace() -> AsyncGenerator[dict[str, Any]]:
    """Settings for Redis with a prefix of this test's own: `InMemorySettings(**redis_namespace)`."""
    await asyncio.to_thread(REDIS.need)
    async with services.redis_namespace() as namespace:
        yield namespace


@pytest.fixture
def broker_namespace() -> Generator[dict[str, Any]]:
    """Settings for RabbitMQ with a queue of this test's own."""
    RABBITMQ.need()
    with services.broker_namespace() as namespace:
        yield namespace

"""Traces: what happened during a request, in which order, and how long each part took.

FastAPI makes the spans of requests, dependencies and endpoints by itself; here they get a provider
that exports them, and spans for SQL statements beside them.
Source of the names: OpenTelemetry semantic conventions for databases.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

from lesson_app.config import Settings
from lesson_app.core.extras import needs_extra
from lesson_app.core.logs import HEALTH_CHECKS

_SPANS = "shop.spans"


def make_tracer_provider(settings: Settings) -> TracerProvider | None:
    """Return what makes the spans of one app, or None when `settings.telemetry` is off.

    The service is called shop, or what the standard variables OTEL_SERVICE_NAME and
    OTEL_RESOURCE_ATTRIBUTES say.
    """
    if not settings.telemetry:
        return None
    attributes = {SERVICE_NAME: "shop", **OTELResourceDetector().detect().attributes}
    # Ended by the lifespan, and not when the process ends.
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    provider.add_span_processor(_QueryRedaction())
    return provider


class _QueryRedaction(SpanProcessor):
    """Takes the query out of a request's span: that is where tickets and searches are.

    FastAPI hides a few known parameters only, and has no setting for others. To the span of a
    WebSocket it adds no query; who calls that address with HTTP sends a ticket all the same.
    """

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if "url.query" in (span.attributes or {}):
            span.set_attribute("url.query", "REDACTED")


def telemetry_config(provider: TracerProvider | None) -> TelemetryConfig | None:
    """Return what FastAPI is to know about traces. None leaves it to the process, as usual."""
    if provider is None:
        return None
    return {"tracer_provider": provider, "exclude": _is_health_check}


def _is_health_check(scope: Scope) -> bool:
    return scope["path"] in HEALTH_CHECKS


@asynccontextmanager
async def open_telemetry(
    provider: TracerProvider | None, engine: AsyncEngine
) -> AsyncGenerator[None]:
    """Export the spans of an app while it runs, those of its SQL statements too.

    Where to is said by the standard variables, such as OTEL_EXPORTER_OTLP_ENDPOINT, over HTTP.
    OTEL_TRACES_EXPORTER=none exports nothing.

    Raises:
        MissingExtra: the exporter is not installed.
        ValueError: OTEL_TRACES_EXPORTER names an exporter that the shop does not have.
    """
    if provider is None:
        yield
        return
    match os.environ.get("OTEL_TRACES_EXPORTER", "otlp"):
        case "otlp":
            with needs_extra("telemetry", "SHOP_TELEMETRY"):
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        case "none":
            pass
        case other:
            raise ValueError(f"OTEL_TRACES_EXPORTER is {other!r}; the shop has otlp and none")
    _trace_statements(engine, provider.get_tracer("lesson_app"))
    try:
        yield
    finally:
        # It sends what waits, and may wait for the network.
        await to_thread.run_sync(provider.shutdown)


# By events of SQLAlchemy: the package that OpenTelemetry offers for it belongs to no extra of
# ours, and wraps `create_engine` for the whole process.
def _trace_statements(engine: AsyncEngine, tracer: trace.Tracer) -> None:
    """Make a span for each statement that is sent during a request. It has no parameters."""
    system = {"mysql": "mariadb"}.get(engine.dialect.name, engine.dialect.name)

    def start(connection: Connection, cursor: Any, statement: str, *rest: object) -> None:
        # The relay looks into the outbox for ever: a trace of that tells nobody anything.
        if not trace.get_current_span().is_recording():
            return
        operation = statement.split(maxsplit=1)[0].upper()
        span = tracer.start_span(
            operation,
            kind=trace.SpanKind.CLIENT,
            attributes={
                "db.system.name": system,
                "db.operation.name": operation,
                "db.query.text": statement,
            },
        )
        connection.info.setdefault(_SPANS, []).append(span)

    def end(connection: Connection, *rest: object) -> None:
        if spans := connection.info.get(_SPANS):
            spans.pop().end()

    def fail(context: ExceptionContext) -> None:
        # Without a connection, it was not to be had.
        spans = context.connection.info.get(_SPANS) if context.connection else None
        if spans:
            error = type(context.original_exception).__name__
            spans[-1].set_attribute("error.type", error)
            spans[-1].set_status(trace.StatusCode.ERROR)
            spans.pop().end()

    event.listen(engine.sync_engine, "before_cursor_execute", start)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)

"""Traces of requests and their SQL statements, collected in memory."""

import http.server
import threading

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from lesson_app import InMemorySettings, create_app
from lesson_app.core.telemetry import make_tracer_provider, open_telemetry
from lesson_app.database import open_engine
from lesson_app.dependencies import SessionDep

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")


@pytest.fixture
def app(settings: InMemorySettings) -> FastAPI:
    return create_app(settings.model_copy(update={"telemetry": True}))


@pytest.fixture
def spans(app: FastAPI) -> InMemorySpanExporter:
    """What the shop would send to a collector."""
    exporter = InMemorySpanExporter()
    app.state.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def of_kind(spans: InMemorySpanExporter, attribute: str) -> list[ReadableSpan]:
    return [one for one in spans.get_finished_spans() if attribute in (one.attributes or {})]


async def test_a_request_and_its_statements(spans, http, backend: str):
    """The statement is a part of the request, with its text and without its values."""
    await http.get("/api/v1/items/1")
    [request] = of_kind(spans, "http.route")
    [statement] = of_kind(spans, "db.query.text")
    assert request.name == "GET /api/v1/items/{item_id}"
    assert statement.name == "SELECT"
    assert request.context is not None
    assert statement.context is not None
    assert statement.context.trace_id == request.context.trace_id
    assert statement.attributes is not None
    assert statement.attributes["db.system.name"] == backend
    assert "WHERE items.id = " in str(statement.attributes["db.query.text"])
    assert request.resource.attributes["service.name"] == "shop"


def test_no_span_holds_a_query(app, spans):
    """A collector gets neither what people search for, nor a ticket that is still good."""
    client = TestClient(app)
    with client:
        client.get("/api/v1/items?search=s3cret")
        client.get("/api/v1/chat/tea?ticket=s3cret")
        with client.websocket_connect("/api/v1/chat/tea?ticket=s3cret"):
            pass
    text = "".join(one.to_json() for one in spans.get_finished_spans())
    assert "WS /api/v1/chat/{room}" in text
    assert text.count('"url.query": "REDACTED"') == 2
    assert "s3cret" not in text


async def test_a_statement_that_fails(app, spans, running):
    """Its span ends all the same, and says what kind of error it was."""

    @app.get("/bug")
    async def bug(session: SessionDep) -> None:
        await session.execute(text("SELECT 1 FROM nowhere"))

    async with running(app) as http:
        await http.get("/bug")
        await http.get("/api/v1/items/1")
    failed, worked = of_kind(spans, "db.query.text")
    assert [one.status.status_code for one in (failed, worked)] == [
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]
    assert "error.type" in (failed.attributes or {})


async def test_what_nobody_asked_for_leaves_no_trace(spans, http):
    """Neither the start of the app, nor the health checks of a load balancer."""
    await http.get("/health")
    await http.get("/ready")
    assert spans.get_finished_spans() == ()


async def test_a_connection_that_is_not_to_be_had(app, spans):
    """There is no statement then, and so no span."""
    nowhere = InMemorySettings.model_validate(
        {"database_url": "mysql+aiomysql://shop@127.0.0.1:1/shop", "telemetry": True}
    )
    provider = app.state.tracer_provider
    with provider.get_tracer("test").start_as_current_span("request"):
        async with open_engine(nowhere) as engine, open_telemetry(provider, engine):
            with pytest.raises(OperationalError):
                async with engine.connect():
                    pass
    assert of_kind(spans, "db.query.text") == []


async def test_a_line_of_the_log_names_its_trace(app, spans, running, log_lines):
    """So that the two can be laid side by side."""
    async with running(app) as http:
        await http.get("/api/v1/items/1")
    [request] = of_kind(spans, "http.route")
    assert request.context is not None
    [line] = log_lines.of("request")
    assert line["trace_id"] == f"{request.context.trace_id:032x}"
    assert line["span_id"] == f"{request.context.span_id:016x}"


async def test_two_shops_have_two_providers(app):
    """And one without the setting has none."""
    other = create_app(InMemorySettings(telemetry=True))
    assert app.state.tracer_provider is not other.state.tracer_provider
    assert create_app().state.tracer_provider is None


def test_the_service_is_called_what_the_environment_says(monkeypatch):
    """OTEL_SERVICE_NAME comes before our own name."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tea-shop")
    provider = make_tracer_provider(InMemorySettings(telemetry=True))
    assert provider is not None
    assert provider.resource.attributes["service.name"] == "tea-shop"


async def test_an_exporter_that_the_shop_does_not_have(monkeypatch):
    """It says which ones there are."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    app = create_app(InMemorySettings(telemetry=True))
    with pytest.raises(ValueError, match="is 'zipkin'; the shop has otlp and none"):
        async with app.router.lifespan_context(app):
            pass


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes what is sent to a collector, on this machine."""

    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


async def test_what_waits_is_sent_before_the_app_ends(monkeypatch, running):
    """The exporter is that of the standard variables, and the lifespan shuts it down."""
    received: list[tuple[str, bytes]] = []
    handler = type("OneCollector", (Collector,), {"received": received})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{collector.server_port}"
            monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
            async with running(create_app(InMemorySettings(telemetry=True))) as client:
                await client.get("/api/v1/items/1")
        finally:
            collector.shutdown()
            thread.join()
    [(path, body)] = received
    assert path == "/v1/traces"
    assert b"GET /api/v1/items/{item_id}" in body

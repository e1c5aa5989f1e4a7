"""One line for each request, however it ends; two for each WebSocket."""

import asyncio
import logging

import httpx2
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from httpx2.websockets import ASGIWebSocketTransport, WebSocketDisconnect, WebSocketUpgradeError

from lesson_app import InMemorySettings, create_app
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio

ITEMS = "/api/v1/items"


@pytest.fixture
def app() -> FastAPI:
    """On one database only."""
    return create_app()


async def test_a_request_in_one_line(log_lines, app, running):
    """It says what was asked for, by whom, what came of it and how long it took."""
    async with running(app) as http:
        response = await http.get(f"{ITEMS}/1?secret=s3cret", headers={"X-Request-ID": "request-1"})
    [line] = log_lines.of("request")
    assert line.pop("duration_ms") > 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "lesson_app.middleware.access_log",
        "method": "GET",
        "path": f"{ITEMS}/1",
        "route": f"{ITEMS}/{{item_id}}",
        "client": "127.0.0.1",
        "status": 200,
        "bytes": len(response.content),
        "request_id": "request-1",
    }


async def test_a_path_cannot_begin_a_line_of_its_own(log_lines, app, running):
    """A newline in it is written as %0A; an address that leads nowhere has no route."""
    async with running(app) as http:
        await http.get("/no%0Awhere")
    [line] = log_lines.of("request")
    assert (line["path"], line["status"], line.get("route")) == ("/no%0Awhere", 404, None)


async def test_a_mounted_app_adds_its_place(log_lines, app, running):
    """The route of what is mounted has the path that it is mounted at."""
    inner = FastAPI()

    @inner.get("/pages/{page}")
    async def page(page: int) -> int:
        return page

    app.mount("/inner", inner)
    async with running(app) as http:
        await http.get("/inner/pages/7")
    assert [line["route"] for line in log_lines.of("request")] == ["/inner/pages/{page}"]


async def test_audit_14_4_a_failure_is_logged_once_with_its_traceback(log_lines, app, running):
    """Audit 14.4: the line of a request that fails is there, and says why."""

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError("teapot")

    async with running(app) as http:
        await http.get("/bug")
    [line] = log_lines.all()
    assert (line["event"], line["level"], line["status"]) == ("request failed", "error", 500)
    assert line["exception"][0]["exc_value"] == "'teapot'"


async def test_audit_14_1_an_expected_error_is_no_error_in_the_log(log_lines, app, running):
    """Audit 14.1: a 404 is a line at INFO, without a traceback."""
    async with running(app) as http:
        await http.get(f"{ITEMS}/999")
    [line] = log_lines.all()
    assert (line["level"], line["status"], line.get("exception")) == ("info", 404, None)


async def test_a_failure_that_was_answered_on_purpose(log_lines, app, running):
    """A status from 500 on is a warning: it may be ours to mend."""

    @app.get("/busy", status_code=503)
    async def busy() -> None: ...

    async with running(app) as http:
        await http.get("/busy")
    assert [line["level"] for line in log_lines.of("request")] == ["warning"]


async def test_health_checks_are_quiet(log_lines, app, running):
    """They come every few seconds, so they are there at DEBUG only."""
    async with running(app) as http:
        await http.get("/health")
        await http.get("/ready")
    assert [line["level"] for line in log_lines.of("request")] == ["debug"] * 2


async def test_a_stream_is_logged_when_it_ends(log_lines, app, running):
    """Its size is all that was sent, and nothing is logged before."""
    logged_meanwhile: list[int] = []

    async def stream():
        yield b"tea"
        logged_meanwhile.append(len(log_lines.of("request")))
        yield b"pot"

    @app.get("/stream")
    async def answer() -> StreamingResponse:
        return StreamingResponse(stream())

    async with running(app) as http:
        await http.get("/stream")
    assert logged_meanwhile == [0]
    assert [line["bytes"] for line in log_lines.of("request")] == [6]


@pytest.mark.parametrize("ending", ["the client leaves", "the server cancels"])
async def test_an_answer_that_is_broken_off(log_lines, app, ending: str):
    """It is logged with what was sent until then."""
    first_part_is_out = asyncio.Event()

    async def stream():
        yield b"tea"
        first_part_is_out.set()
        await asyncio.Event().wait()

    @app.get("/stream")
    async def answer() -> StreamingResponse:
        return StreamingResponse(stream())

    gone = asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message) -> None: ...

    async with app.router.lifespan_context(app) as state:
        scope = {
            "type": "http", "method": "GET", "path": "/stream", "query_string": b"",
            "headers": [], "client": None, "state": dict(state or {}), "asgi": {},
        }  # fmt: skip
        serving = asyncio.create_task(app(scope, receive, send))
        async with asyncio.timeout(10):
            await first_part_is_out.wait()
            if ending == "the client leaves":
                gone.set()
            else:
                serving.cancel()
            await asyncio.wait([serving])
    [line] = log_lines.of("request broken off")
    assert (line["level"], line["status"], line["bytes"]) == ("warning", 200, 3)
    assert "client" not in line


async def test_without_a_configured_log_nothing_is_shown(app, running, capfd):
    """A notebook shows the answer of a request that failed, and no traceback beside it."""

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError

    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers.clear()
    try:
        async with running(app) as http:
            await http.get("/bug")
    finally:
        root.handlers[:] = handlers
    assert capfd.readouterr() == ("", "")


# -- WebSockets ---------------------------------------------------------------------------


def sockets(app: FastAPI, state) -> httpx2.AsyncClient:
    async def app_with_state(scope, receive, send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    transport = ASGIWebSocketTransport(app_with_state, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://shop.test")


async def test_a_socket_has_a_line_when_it_opens_and_one_when_it_closes(log_lines, app):
    """The second one has the code and the time; neither has the ticket."""
    async with app.router.lifespan_context(app) as state, sockets(app, state) as http:
        form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
        token = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        ticket = (await http.post("/api/v1/ws-tickets", headers=headers)).json()["ticket"]
        url = f"ws://shop.test/api/v1/chat/tea?ticket={ticket}"
        async with http.websocket(url) as socket:
            await socket.receive_json()
            assert socket.response is not None
            assert len(socket.response.headers["x-request-id"]) == 32
            await socket.close(4000)
    [opened], [closed] = log_lines.of("websocket opened"), log_lines.of("websocket closed")
    assert opened["path"] == closed["path"] == "/api/v1/chat/tea"
    assert opened["route"] == "/api/v1/chat/{room}"
    assert (opened["user_id"], closed["code"]) == (2, 4000)
    assert opened["request_id"] == closed["request_id"]
    assert closed["duration_ms"] > 0
    assert ticket not in log_lines.getvalue()


async def test_a_socket_that_the_server_closes(log_lines, app):
    """The code is the server's: here, of a ticket that is not good."""
    url = "ws://shop.test/api/v1/chat/tea?ticket=x"
    async with (
        app.router.lifespan_context(app) as state,
        sockets(app, state) as http,
        http.websocket(url) as socket,
    ):
        with pytest.raises(WebSocketDisconnect):
            await socket.receive()
    assert [line["code"] for line in log_lines.of("websocket closed")] == [1008]


async def test_a_socket_that_is_refused(log_lines, app):
    """It was never open, so there is one line."""
    headers = {"Origin": "https://evil.example"}
    async with app.router.lifespan_context(app) as state, sockets(app, state) as http:
        with pytest.raises(WebSocketDisconnect):
            async with http.websocket("ws://shop.test/api/v1/chat/tea", headers=headers):
                pass
    assert [line["code"] for line in log_lines.of("websocket refused")] == [1008]
    assert log_lines.of("websocket opened") == []


async def test_a_socket_that_is_refused_with_an_answer(log_lines):
    """As for a host that is not ours: the answer has its status and its id."""
    app = create_app(InMemorySettings(allowed_hosts=["shop.test"]))
    async with app.router.lifespan_context(app) as state, sockets(app, state) as http:
        with pytest.raises(WebSocketUpgradeError) as refused:
            async with http.websocket("ws://evil.test/api/v1/chat/tea"):
                pass
    [line] = log_lines.of("websocket refused")
    assert (line["status"], refused.value.response.status_code) == (400, 400)
    assert refused.value.response.headers["x-request-id"] == line["request_id"]


async def test_a_socket_that_fails(log_lines, app):
    """The exception is in the line of its end."""

    @app.websocket("/bug")
    async def bug(socket: WebSocket) -> None:
        await socket.accept()
        raise KeyError("teapot")

    async with (
        app.router.lifespan_context(app) as state,
        sockets(app, state) as http,
        http.websocket("ws://shop.test/bug") as socket,
    ):
        with pytest.raises(WebSocketDisconnect):
            await socket.receive()
    [line] = log_lines.of("websocket closed")
    assert line["level"] == "error"
    assert line["exception"][0]["exc_value"] == "'teapot'"

"""The in-process client answers as uvicorn answers on a Unix socket."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import uvicorn
from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    Form,
    HTTPException,
    Request,
    UploadFile,
    WebSocket,
    WebSocketException,
)
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from httpx2.websockets import WebSocketDisconnect, WebSocketUpgradeError

from workbook.asgi import Receive, Scope, Send
from workbook.client import Client, client
from workbook.lifespan import Lifespan, LifespanFailed

pytestmark = pytest.mark.anyio

PER_CONNECTION = {"date", "server", "transfer-encoding", "connection"}


@asynccontextmanager
async def over_the_wire(app: FastAPI, folder: Path) -> AsyncGenerator[Client]:
    """Serve the app with uvicorn on a Unix socket and call it there."""
    path = str(folder / "shop.sock")
    server = uvicorn.Server(uvicorn.Config(app, uds=path, log_level="critical", lifespan="on"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done()
    try:
        async with Client.over_socket(path) as http:
            yield http
    finally:
        server.should_exit = True
        await serving


def shop() -> FastAPI:
    """An app with one route for each way an answer can be made."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, str]]:
        yield {"shelf": "tools"}

    app = FastAPI(lifespan=lifespan)

    @app.get("/items/{item_id}")
    async def read(item_id: int, q: str | None = None) -> dict[str, object]:
        return {"item_id": item_id, "q": q}

    @app.post("/items", status_code=201)
    async def create(item: dict[str, int]) -> dict[str, int]:
        return item

    @app.get("/shelf")
    async def shelf(request: Request) -> str:
        return request.state.shelf

    @app.get("/boom")
    async def boom() -> None:
        raise KeyError("price")

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(418, detail="no coffee", headers={"x-pot": "tea"})

    @app.get("/moved")
    async def moved() -> RedirectResponse:
        return RedirectResponse("/shelf")

    @app.get("/lines")
    async def lines() -> StreamingResponse:
        async def numbers() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{number}\n"

        return StreamingResponse(numbers(), media_type="text/plain")

    @app.get("/broken-stream")
    async def broken_stream() -> StreamingResponse:
        async def numbers() -> AsyncIterator[str]:
            yield "0\n"
            raise ValueError("no more")

        return StreamingResponse(numbers(), media_type="text/plain")

    @app.post("/login")
    async def login(name: Annotated[str, Form()], photo: UploadFile) -> list[object]:
        return [name, photo.filename, len(await photo.read())]

    @app.get("/headers")
    async def headers(request: Request) -> list[str]:
        return [request.url.path, request.url.query, request.headers["x-token"]]

    @app.delete("/items/{item_id}", status_code=204)
    async def delete(item_id: int) -> None:
        return None

    return app


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/items/3?q=nails%20%26%20bolts", {}),
    ("GET", "/items/three", {}),
    ("HEAD", "/items/3", {}),
    ("GET", "/nowhere", {}),
    ("PUT", "/items", {}),
    ("POST", "/items", {"json": {"hammer": 2}}),
    ("POST", "/items", {"content": "{", "headers": {"content-type": "application/json"}}),
    ("POST", "/items", {"content": '{"a": 1}'}),
    ("GET", "/shelf", {}),
    ("GET", "/boom", {}),
    ("GET", "/refused", {}),
    ("GET", "/moved", {}),
    ("GET", "/moved", {"follow_redirects": True}),
    ("GET", "/lines", {}),
    ("POST", "/login", {"data": {"name": "Ada"}, "files": {"photo": ("a.png", b"12345")}}),
    ("GET", "/headers?a=1&a=2", {"headers": {"x-token": "t"}}),
    ("DELETE", "/items/3", {}),
    ("GET", "/caf%C3%A9", {}),
]


async def test_answers_agree_with_the_wire(tmp_path: Path) -> None:
    """Status, headers and body are the same in-process and over a socket."""
    app = shop()
    async with over_the_wire(app, tmp_path) as wire, client(app) as here:
        for method, url, options in REQUESTS:
            answers = []
            for http in (here, wire):
                answer = await http.request(method, url, **options)
                headers = {k: v for k, v in answer.headers.items() if k not in PER_CONNECTION}
                boundary_free = (answer.status_code, answer.content, str(answer.url))
                answers.append((boundary_free, headers))
            assert answers[0] == answers[1], (method, url)


async def test_broken_stream_agrees_with_the_wire(tmp_path: Path) -> None:
    """A stream that fails half-way is a protocol error for the caller, not a short answer."""
    app = shop()
    async with over_the_wire(app, tmp_path) as wire, client(app) as here:
        for http in (here, wire):
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get("/broken-stream")


async def test_chunks_arrive_while_the_app_still_runs() -> None:
    """The first chunk is here before the app makes the second one."""
    app = FastAPI()
    go_on = asyncio.Event()

    @app.get("/")
    async def root() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "first"
            await go_on.wait()
            yield "second"

        return StreamingResponse(parts())

    async with client(app) as http, http.stream("GET", "/") as response:
        chunks = response.aiter_text()
        assert await anext(chunks) == "first"
        go_on.set()
        assert await anext(chunks) == "second"


async def test_leaving_an_endless_stream_stops_the_app() -> None:
    """When the reader goes away, the generator is closed and nothing is left running."""
    app = FastAPI()
    closed = asyncio.Event()

    @app.get("/")
    async def root() -> StreamingResponse:
        async def ticks() -> AsyncIterator[str]:
            try:
                while True:
                    yield "tick"
                    await asyncio.sleep(0)
            finally:
                closed.set()

        return StreamingResponse(ticks())

    async with client(app) as http:
        async with http.stream("GET", "/") as response:
            assert await anext(response.aiter_text()) == "tick"
        await asyncio.wait_for(closed.wait(), 5)


async def test_background_tasks_follow_the_response() -> None:
    """The answer is here before background tasks have run; settle() waits for them."""
    app = FastAPI()
    go_on = asyncio.Event()
    done = []

    async def notify() -> None:
        await go_on.wait()
        done.append("notified")

    @app.post("/")
    async def root(tasks: BackgroundTasks) -> None:
        tasks.add_task(notify)

    async with client(app) as http:
        await http.post("/")
        assert done == []
        go_on.set()
        await http.settle()
        assert done == ["notified"]


async def test_exception_is_answered_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    """An exception becomes a plain 500, a line in the log and an entry in the transcript."""
    async with client(shop()) as http:
        answer = await http.get("/boom")
        await http.settle()
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert isinstance(http.transcript[-1].error, KeyError)
    assert caplog.record_tuples == [
        ("workbook.client", logging.ERROR, "the app raised KeyError: 'price'")
    ]


async def test_exception_can_be_let_out() -> None:
    """With raise_app_exceptions the caller sees the app's own exception."""
    async with client(shop(), raise_app_exceptions=True) as http:
        with pytest.raises(KeyError, match="price"):
            await http.get("/boom")


async def test_app_that_answers_nothing_is_a_500() -> None:
    """An ASGI callable that returns without a response gets the server's own 500."""

    async def silent(scope, receive, send) -> None:
        return None

    async with client(silent, lifespan=False) as http:
        assert (await http.get("/")).status_code == 500


async def test_transcript_says_what_was_sent_and_what_came_back() -> None:
    """Each exchange reads as two short lines."""
    async with client(shop()) as http:
        await http.post("/items", json={"hammer": 2})
        exchange = http.transcript[0]
    assert exchange.sent == 'POST /items  {"hammer":2}'
    assert exchange.came_back == '201 Created  {"hammer":2}'
    assert exchange.elapsed is not None


async def test_lifespan_runs_around_the_requests() -> None:
    """Start-up comes before the first request, shutdown after the last."""
    events = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        events.append("start")
        yield
        events.append("stop")

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root() -> None:
        events.append("request")

    async with client(app) as http:
        await http.get("/")
    assert events == ["start", "request", "stop"]
    async with client(app, lifespan=False) as http:
        await http.get("/")
    assert events == ["start", "request", "stop", "request"]


async def test_failing_start_up_raises_its_own_exception() -> None:
    """The exception of the lifespan function reaches the caller."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        raise ConnectionError("no database")
        yield

    with pytest.raises(ConnectionError, match="no database"):
        async with client(FastAPI(lifespan=lifespan)):
            pass


async def waits() -> None:
    """Give the event loop back, and never come back."""
    await asyncio.Event().wait()


async def loops() -> None:
    """Hold the event loop for ever."""
    while True:
        pass


async def loops_on() -> None:
    """Hold the event loop, and go on after the first interruption."""
    try:
        await loops()
    except BaseException:  # noqa: BLE001 - the answer that is hardest to stop
        await loops()


async def sleeps() -> None:
    """Block the thread in one long call."""
    time.sleep(60)  # noqa: ASYNC251 - what the test is about


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
@pytest.mark.parametrize("endless", [waits, loops, loops_on, sleeps])
async def test_endless_lifespan_is_stopped(
    endless: Callable[[], Awaitable[None]], phase: str
) -> None:
    """A lifespan that never ends is stopped and named, even one that holds the event loop."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        if phase == "startup":
            await endless()
        yield
        await endless()

    with pytest.raises(LifespanFailed, match=rf"{phase} took longer than 0\.3 s"):
        async with Lifespan(FastAPI(lifespan=lifespan), timeout=0.3):
            assert phase == "shutdown"


async def test_endless_middleware_is_stopped_at_start_up() -> None:
    """So is an ASGI app that holds the event loop before it has read an event."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await loops()

    with pytest.raises(LifespanFailed, match="startup took longer than"):
        async with Lifespan(app, timeout=0.3):
            pass


async def test_state_of_one_request_does_not_reach_the_next() -> None:
    """Each request has its own shallow copy of the lifespan state, as with a server."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, int]]:
        yield {"counter": 0}

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root(request: Request) -> int:
        request.state.counter += 1
        return request.state.counter

    async with client(app) as http:
        assert [(await http.get("/")).json() for _ in range(2)] == [1, 1]


def chat() -> FastAPI:
    """An app with a socket that echoes, one that refuses and one that closes."""
    app = FastAPI()

    def known(ticket: str) -> str:
        if ticket != "valid":
            raise WebSocketException(1008, reason="no ticket")
        return ticket

    @app.websocket("/echo")
    async def echo(socket: WebSocket, ticket: Annotated[str, Depends(known)]) -> None:
        await socket.accept(subprotocol=(socket.scope["subprotocols"] or [None])[0])
        async for message in socket.iter_json():
            await socket.send_json({"echo": message, "cookie": socket.cookies.get("room")})

    @app.websocket("/bye")
    async def bye(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close(4001, reason="closing time")

    return app


async def test_websocket_agrees_with_the_wire(tmp_path: Path) -> None:
    """Messages, refusal and close codes are the same in-process and over a socket."""
    app = chat()
    async with over_the_wire(app, tmp_path) as wire, client(app) as here:
        for http in (here, wire):
            http.cookies.set("room", "tools")
            async with http.websocket("/echo?ticket=valid", subprotocols=["v1"]) as socket:
                await socket.send_json({"n": 1})
                assert await socket.receive_json(5) == {"echo": {"n": 1}, "cookie": "tools"}
                assert socket.subprotocol == "v1"
            with pytest.raises(WebSocketUpgradeError) as refused:
                async with http.websocket("/echo?ticket=stolen"):
                    pass
            assert refused.value.response.status_code == 403
            with pytest.raises(WebSocketDisconnect) as closed:
                async with http.websocket("/bye") as socket:
                    await socket.receive_text(5)
            assert (closed.value.code, closed.value.reason) == (4001, "closing time")


async def test_exception_inside_a_websocket_block_is_not_wrapped() -> None:
    """The caller's own exception comes out as it was, not inside a group."""
    async with client(chat()) as http:
        with pytest.raises(AssertionError, match="mine"):
            async with http.websocket("/echo?ticket=valid"):
                raise AssertionError("mine")


async def test_wrong_objects_are_named() -> None:
    """A coroutine or a string instead of an app gets a sentence that helps."""

    async def make() -> FastAPI:
        return FastAPI()

    with pytest.raises(TypeError, match="is an `await` missing"):
        client(make())  # ty: ignore[invalid-argument-type]  # the mistake under test
    with pytest.raises(TypeError, match="needs an app"):
        client("app")  # ty: ignore[invalid-argument-type]  # the mistake under test


async def test_plain_text_exception_handler_sees_the_middleware_500() -> None:
    """An app's own handler for Exception answers, and the error is still known."""
    app = FastAPI()

    @app.exception_handler(Exception)
    async def handler(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("sorry", status_code=500)

    @app.get("/")
    async def root() -> None:
        raise ValueError("inside")

    async with client(app) as http:
        answer = await http.get("/")
        await http.settle()
        assert (answer.status_code, answer.text) == (500, "sorry")
        assert str(http.transcript[0].error) == "inside"

"""An app in a child, called as if it were here: HTTP both ways, WebSocket, lifespan."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx2.websockets import WebSocketDisconnect, WebSocketUpgradeError

from workbook import raised
from workbook.client import Client, client
from workbook.exercise import find
from workbook.grading.bridge import BridgedApp
from workbook.grading.channel import Channel, ChildDied
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.processes import Zygote
from workbook.lifespan import LifespanFailed

pytestmark = pytest.mark.anyio

_SETUP = """\
import asyncio, os
from contextlib import asynccontextmanager
from fastapi import BackgroundTasks, FastAPI, File, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
seen = []
"""


@pytest.fixture(scope="module")
async def zygote(anyio_backend: str) -> AsyncGenerator[Zygote]:
    """A forking process for all tests of this module."""
    async with Zygote(Assignment((find("bounded_pages"),)), Limits(answers_mib=200)) as running:
        yield running


@asynccontextmanager
async def _served(zygote: Zygote, code: str) -> AsyncGenerator[tuple[Channel, BridgedApp]]:
    child = await zygote.start_child()
    try:
        ran = await child.ask({"do": "run", "number": 1, "source": _SETUP + code}, 60)
        assert {"re"} == set(ran), ran
        served = await child.ask(
            {"do": "serve", "exercise": "bounded_pages", "expression": "app"}, 60
        )
        yield child, BridgedApp(child, served["app"])
    finally:
        await child.close()


@asynccontextmanager
async def _called(zygote: Zygote, code: str) -> AsyncGenerator[Client]:
    async with (
        _served(zygote, code) as (_, app),
        client(app, log_app_exceptions=False) as http,
    ):
        yield http


async def test_bytes_and_headers_pass_both_ways(zygote: Zygote) -> None:
    """Query, headers, cookies and a binary body arrive as they were sent, and so does the answer."""
    code = """
app = FastAPI()

@app.post("/echo/{name}")
async def echo(name: str, request: Request):
    body = await request.body()
    headers = {"x-name": name, "x-query": str(request.url.query), "x-cookie": request.cookies["c"]}
    return Response(body[::-1], 201, headers=headers)
"""
    async with _called(zygote, code) as http:
        http.cookies.set("c", "7")
        body = bytes(range(256)) * 5000
        response = await http.post("/echo/ü", params={"q": "ä b"}, content=body)
    assert response.status_code == 201
    assert body[::-1] == response.content
    assert response.headers["x-query"] == "q=%C3%A4+b"
    assert response.headers["x-cookie"] == "7"


async def test_a_large_body_arrives_in_parts(zygote: Zygote) -> None:
    """A body that is larger than a frame is sent in several, and none is lost."""
    code = """
app = FastAPI()

@app.get("/")
async def read():
    return Response(b"0123456789" * 1_000_000)
"""
    async with _called(zygote, code) as http:
        response = await http.get("/")
    assert response.content == b"0123456789" * 1_000_000


async def test_a_stream_arrives_while_it_is_made(zygote: Zygote) -> None:
    """The first part is here before the second is made; an endless stream waits for its reader."""
    code = """
app = FastAPI()
made = 0

@app.get("/")
async def read():
    async def parts():
        global made
        while True:
            made += 1
            yield f"part {made};"
    return StreamingResponse(parts())

@app.get("/made")
async def count():
    return made
"""
    async with _called(zygote, code) as http:
        async with http.stream("GET", "/") as response:
            parts = [part async for part in _first(response.aiter_text(), 3)]
        made = (await http.get("/made")).json()
    assert parts == ["part 1;", "part 2;", "part 3;"]
    assert made < 50


async def _first(parts: Any, number: int) -> Any:
    for _ in range(number):
        yield await anext(parts)


async def test_a_request_is_streamed(zygote: Zygote) -> None:
    """The app reads parts of a body as they are sent."""
    code = """
app = FastAPI()

@app.post("/")
async def read(request: Request):
    return [len(part) async for part in request.stream() if part]
"""

    async def parts() -> AsyncGenerator[bytes]:
        for size in (1, 20, 300):
            yield bytes(size)
            await asyncio.sleep(0)

    async with _called(zygote, code) as http:
        response = await http.post("/", content=parts())
    assert response.json() == [1, 20, 300]


async def test_a_websocket_talks(zygote: Zygote) -> None:
    """Text and bytes go both ways, and the closing code comes back."""
    code = """
app = FastAPI()

@app.websocket("/ws")
async def talk(socket: WebSocket):
    await socket.accept(subprotocol="tea")
    await socket.send_text("hello " + await socket.receive_text())
    await socket.send_bytes((await socket.receive_bytes())[::-1])
    await socket.close(4001, "done")
"""
    async with _called(zygote, code) as http:
        async with http.websocket("/ws", subprotocols=["tea"]) as socket:
            await socket.send_text("Ada")
            text = await socket.receive_text()
            await socket.send_bytes(b"\x00\x01\xff")
            data = await socket.receive_bytes()
            with pytest.raises(WebSocketDisconnect) as closed:
                await socket.receive_text()
        with pytest.raises(WebSocketUpgradeError):
            async with http.websocket("/none"):
                pass
    assert (text, data, closed.value.code) == ("hello Ada", b"\xff\x01\x00", 4001)


async def test_a_flood_of_websocket_messages_is_bounded(zygote: Zygote) -> None:
    """An app that sends without end waits for the reader, and the socket can be left."""
    code = """
app = FastAPI()

@app.websocket("/ws")
async def flood(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text("x" * 1000)
"""
    async with _called(zygote, code) as http, http.websocket("/ws") as socket:
        texts = [await socket.receive_text() for _ in range(20)]
    assert texts == ["x" * 1000] * 20


async def test_an_app_learns_that_its_client_has_left(zygote: Zygote) -> None:
    """Whether it waits for a message or sends one, it sees a disconnect and can clear up."""
    code = """
from fastapi import WebSocketDisconnect

app = FastAPI()

@app.websocket("/{way}")
async def talk(way: str, socket: WebSocket):
    await socket.accept()
    try:
        while True:
            if way == "receive":
                await socket.receive_text()
            await socket.send_text("more")
    except WebSocketDisconnect:
        seen.append(way)

@app.get("/seen")
async def read():
    return seen
"""
    async with _called(zygote, code) as http, asyncio.timeout(60):
        async with http.websocket("/receive") as socket:
            await socket.send_text("first")
            assert await socket.receive_text() == "more"
        async with http.websocket("/send") as socket:
            assert await socket.receive_text() == "more"
        seen = (await http.get("/seen")).json()
    assert seen == ["receive", "send"]


async def test_the_lifespan_runs_around_the_requests(zygote: Zygote) -> None:
    """Start-up comes first, its state is in each request, and shutdown comes last."""
    code = """
@asynccontextmanager
async def lifespan(app):
    seen.append("up")
    yield {"shelf": ["tea"]}
    seen.append("down")

app = FastAPI(lifespan=lifespan)

@app.get("/")
async def read(request: Request):
    return [request.state.shelf, seen]
"""
    async with _served(zygote, code) as (child, app):
        async with client(app) as http:
            assert (await http.get("/")).json() == [["tea"], ["up"]]
        told = await child.ask({"do": "run", "number": 2, "source": "raise ValueError(seen)"}, 10)
    assert told["message"] == "ValueError: ['up', 'down']"


async def test_a_lifespan_that_raises_says_so(zygote: Zygote) -> None:
    """The learner's exception and line come out of the client's entry."""
    code = """
@asynccontextmanager
async def lifespan(app):
    raise KeyError("shelf")
    yield

app = FastAPI(lifespan=lifespan)
"""
    with pytest.raises((raised.RaisedElsewhere, LifespanFailed)) as failed:
        async with _called(zygote, code):
            pass
    assert raised.message(failed.value) == "KeyError: 'shelf'"
    assert (
        raised.learners_line(failed.value) == 'cell 1, line 9, in lifespan: raise KeyError("shelf")'
    )


async def test_an_exception_is_told_with_its_line(zygote: Zygote) -> None:
    """An endpoint that raises is answered with 500, and the transcript has the learner's line."""
    code = """
app = FastAPI()

@app.get("/")
async def read():
    return 1 / 0
"""
    async with _called(zygote, code) as http:
        response = await http.get("/")
        await http.settle()
        error = http.transcript[-1].error
    assert response.status_code == 500
    assert error is not None
    assert raised.message(error) == "ZeroDivisionError: division by zero"
    assert raised.learners_line(error) == "cell 1, line 11, in read: return 1 / 0"


async def test_background_tasks_run_after_the_answer(zygote: Zygote) -> None:
    """The answer is here first; `settle` waits for what the app does after it."""
    code = """
app = FastAPI()

@app.post("/")
async def order(tasks: BackgroundTasks):
    tasks.add_task(seen.append, "mailed")
    return seen

@app.get("/")
async def read():
    return seen
"""
    async with _called(zygote, code) as http:
        first = (await http.post("/")).json()
        await http.settle()
        later = (await http.get("/")).json()
    assert (first, later) == ([], ["mailed"])


async def test_a_process_that_ends_ends_its_calls(zygote: Zygote) -> None:
    """A call in which the process ends is answered at once, and the channel says how it ended."""
    code = """
app = FastAPI()

@app.get("/")
async def read():
    os._exit(9)
"""
    async with _served(zygote, code) as (child, app):
        async with client(app, log_app_exceptions=False, lifespan=False) as http:
            response = await http.get("/")
        dead = child.dead
        with pytest.raises(ChildDied):
            await child.ask({"do": "run", "number": 2, "source": "1"}, 10)
    assert response.status_code == 500
    assert dead is not None
    assert dead.how == "exit code 9"


async def test_two_children_know_nothing_of_each_other(zygote: Zygote) -> None:
    """Neither files nor names of one are in the other, also while both run."""
    code = "open('mine', 'w').write('x')\napp = FastAPI()\n"
    async with _served(zygote, code), _served(zygote, "app = FastAPI()\n") as (other, _):
        source = "raise ValueError(sorted(os.listdir('.')), os.path.exists('/tmp/work/mine'))"
        told = await other.ask({"do": "run", "number": 2, "source": source}, 10)
    assert told["message"] == "ValueError: ([], False)"


@pytest.mark.parametrize("charset", ["punycode", "idna", "zip", "hex", "rot13", "undefined"])
async def test_a_charset_that_is_none_of_text_is_refused(zygote: Zygote, charset: str) -> None:
    """Decoding it is the grader's own work, and may take it minutes, or raise what is no fault of it."""
    code = f"""
app = FastAPI()

@app.get("/")
async def read():
    return Response(b"text", media_type="text/plain; charset={charset}")
"""
    async with _called(zygote, code) as http:
        response = await http.get("/")
        await http.settle()
        error = http.transcript[-1].error
    assert response.status_code == 500
    assert error is not None
    assert f"the charset {charset}," in raised.message(error)


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "latin-1", "cp1252", "shift_jis", "none"])
async def test_a_charset_of_text_is_read(zygote: Zygote, charset: str) -> None:
    """Also one of two bytes, and one that nobody knows, which is read as UTF-8."""
    known = "utf-8" if charset == "none" else charset
    code = f"""
app = FastAPI()

@app.get("/")
async def read():
    return Response("text".encode("{known}"), media_type="text/plain; charset={charset}")
"""
    async with _called(zygote, code) as http:
        assert (await http.get("/")).text == "text"

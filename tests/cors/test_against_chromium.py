"""The replayed browser and Chromium see the same: each statement of chapter 13, proven.

Chromium shows a page of one loopback origin that calls an API of another; `BrowserTab` makes the
same call. What the server was asked, what the script sees and what the console says must agree.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Form, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from playwright.sync_api import Page
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.browser import chromium
from workbook.browser_tab import BrowserTab, Fetched

pytestmark = pytest.mark.slow


class Change(BaseModel):
    """A change of an item's price."""

    price: int


def shop() -> FastAPI:
    """An API with one of each: simple, form, JSON, a header, a cookie, a failure."""
    app = FastAPI()
    app.state.orders = []

    @app.get("/items")
    async def list_items(response: Response) -> list[str]:
        response.headers["X-Total-Count"] = "2"
        return ["tea", "cup"]

    @app.put("/items/1")
    @app.patch("/items/1")
    @app.post("/items/1")
    async def change_item(change: Change) -> Change:
        app.state.orders.append(change.price)
        return change

    @app.post("/orders")
    async def place_order(item: Annotated[str, Form()]) -> str:
        app.state.orders.append(item)
        return f"ordered {item}"

    @app.get("/me")
    async def read_me(request: Request) -> dict[str, str]:
        return {"session": request.cookies.get("session", "none")}

    @app.post("/login")
    async def log_in(response: Response) -> str:
        response.set_cookie("session", "ada")
        return "in"

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("a bug")

    return app


def with_cors(**options: Any) -> Callable[[str], ASGIApp]:
    """The shop with CORSMiddleware; `ORIGIN` in the options stands for the page's origin."""

    def make(origin: str) -> ASGIApp:
        origins = [one.replace("ORIGIN", origin) for one in options.get("allow_origins", [])]
        filled: dict[str, Any] = {**options, "allow_origins": origins}
        app = shop()
        app.add_middleware(CORSMiddleware, **filled)
        return app

    return make


def without_cors(origin: str) -> ASGIApp:
    """The shop as it is."""
    return shop()


def key_outside(origin: str) -> ASGIApp:
    """A check for a key that was added after CORS, and so stands outside of it."""
    app = shop()
    app.add_middleware(CORSMiddleware, allow_origins=[origin], allow_headers=["X-Key"])

    @app.middleware("http")
    async def need_key(request: Request, call_next: Callable) -> Response:
        if "x-key" not in request.headers:
            return JSONResponse({"detail": "A key is missing."}, 401)
        return await call_next(request)

    return app


def key_inside(origin: str) -> ASGIApp:
    """The same check, added before CORS."""
    app = shop()

    @app.middleware("http")
    async def need_key(request: Request, call_next: Callable) -> Response:
        if "x-key" not in request.headers:
            return JSONResponse({"detail": "A key is missing."}, 401)
        return await call_next(request)

    app.add_middleware(CORSMiddleware, allow_origins=[origin], allow_headers=["X-Key"])
    return app


def cors_around(origin: str) -> ASGIApp:
    """CORS around the whole app, the layer that answers 500 included."""
    return CORSMiddleware(shop(), allow_origins=[origin])


def star_by_hand(origin: str) -> ASGIApp:
    """A server that sends a literal `*` for everything, with credentials allowed."""
    app = shop()

    @app.middleware("http")
    async def star(request: Request, call_next: Callable) -> Response:
        if "access-control-request-method" in request.headers:
            response = Response()
        else:
            response = await call_next(request)
        for name in ("Origin", "Methods", "Headers", "Credentials"):
            response.headers[f"Access-Control-Allow-{name}"] = (
                "*" if name != "Credentials" else "true"
            )
        response.headers["Access-Control-Expose-Headers"] = "*"
        return response

    return app


@dataclass(frozen=True)
class Call:
    """One call of `fetch`, as a script writes it."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    credentials: str = "same-origin"
    mode: str = "cors"

    @property
    def options(self) -> dict[str, Any]:
        """The second argument of `fetch`."""
        given = {"method": self.method, "headers": self.headers, "credentials": self.credentials}
        given["mode"] = self.mode
        if self.body is not None:
            given["body"] = self.body
        return given


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PRICE = '{"price": 3}'
ALLOWED = with_cors(allow_origins=["ORIGIN"], allow_methods=["GET", "PUT"])
WIDE = with_cors(allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
REFLECTING = with_cors(allow_origins=["*"], allow_credentials=True)
TRUSTED = with_cors(allow_origins=["ORIGIN"], allow_credentials=True)

CASES = {
    "simple, without CORS": (without_cors, [Call("GET", "/items")]),
    "simple, allowed": (ALLOWED, [Call("GET", "/items")]),
    "simple, for everybody": (WIDE, [Call("GET", "/items")]),
    "another origin is allowed": (
        with_cors(allow_origins=["https://shop.example"]),
        [Call("GET", "/items")],
    ),
    "origin with a slash": (with_cors(allow_origins=["ORIGIN/"]), [Call("GET", "/items")]),
    "origin by pattern": (
        with_cors(allow_origin_regex=r"http://127\.0\.0\.1:\d+"),
        [Call("GET", "/items")],
    ),
    "exposed header": (
        with_cors(allow_origins=["ORIGIN"], expose_headers=["X-Total-Count"]),
        [Call("GET", "/items")],
    ),
    "everything exposed": (star_by_hand, [Call("GET", "/items")]),
    "safelisted headers": (
        ALLOWED,
        [Call("GET", "/items", {"Accept": "application/json", "Accept-Language": "en"})],
    ),
    "range is simple": (ALLOWED, [Call("GET", "/items", {"Range": "bytes=0-3"})]),
    "form is simple": (without_cors, [Call("POST", "/orders", FORM, "item=tea")]),
    "JSON as text": (without_cors, [Call("POST", "/items/1", body=PRICE)]),
    "JSON is not simple": (without_cors, [Call("POST", "/items/1", JSON, PRICE)]),
    "JSON, allowed": (ALLOWED, [Call("POST", "/items/1", JSON, PRICE)]),
    "PUT, allowed": (ALLOWED, [Call("PUT", "/items/1", JSON, PRICE)]),
    "PATCH, not allowed": (ALLOWED, [Call("PATCH", "/items/1", JSON, PRICE)]),
    "patch in small letters": (WIDE, [Call("patch", "/items/1", JSON, PRICE)]),
    "header, not allowed": (ALLOWED, [Call("GET", "/items", {"X-Key": "k"})]),
    "header, for everybody": (WIDE, [Call("GET", "/items", {"X-Key": "k"})]),
    "authorization, by a star": (star_by_hand, [Call("GET", "/items", {"Authorization": "k"})]),
    "authorization, mirrored": (WIDE, [Call("GET", "/items", {"Authorization": "k"})]),
    "method, by a star": (star_by_hand, [Call("PUT", "/items/1", JSON, PRICE)]),
    "permission is remembered": (
        ALLOWED,
        [Call("PUT", "/items/1", JSON, PRICE), Call("PUT", "/items/1", JSON, PRICE)],
    ),
    "remembered for another method": (
        ALLOWED,
        [Call("POST", "/items/1", JSON, PRICE), Call("PUT", "/items/1", JSON, PRICE)],
    ),
    "nothing is remembered": (
        with_cors(allow_origins=["ORIGIN"], allow_methods=["PUT"], max_age=0),
        [Call("PUT", "/items/1", JSON, PRICE), Call("PUT", "/items/1", JSON, PRICE)],
    ),
    "key outside of CORS": (key_outside, [Call("GET", "/items", {"X-Key": "k"})]),
    "key outside, 401": (key_outside, [Call("GET", "/items")]),
    "key inside of CORS": (key_inside, [Call("GET", "/items", {"X-Key": "k"})]),
    "key inside, 401": (key_inside, [Call("GET", "/items")]),
    "500 inside of CORS": (ALLOWED, [Call("GET", "/broken")]),
    "500 with CORS around": (cors_around, [Call("GET", "/broken")]),
    "404": (ALLOWED, [Call("GET", "/nothing")]),
    "redirect": (ALLOWED, [Call("GET", "/items/")]),
    "no-cors": (without_cors, [Call("GET", "/items", mode="no-cors")]),
    "cookies are not sent": (
        TRUSTED,
        [Call("POST", "/login", credentials="include"), Call("GET", "/me")],
    ),
    "cookies are sent": (
        TRUSTED,
        [Call("POST", "/login", credentials="include"), Call("GET", "/me", credentials="include")],
    ),
    "cookies, not allowed": (ALLOWED, [Call("GET", "/me", credentials="include")]),
    "cookies and a literal star": (star_by_hand, [Call("GET", "/me", credentials="include")]),
    "cookies and a star for methods": (
        star_by_hand,
        [Call("PUT", "/items/1", JSON, PRICE, credentials="include")],
    ),
    "every origin is reflected": (
        REFLECTING,
        [Call("POST", "/login", credentials="include"), Call("GET", "/me", credentials="include")],
    ),
}


@dataclass
class Served:
    """A server on loopback, and what it was asked: method, path, origin, cookie."""

    address: str
    asked: list[tuple[str, str, str, str]]


_USED_PORTS: set[int] = set()


def listen() -> socket.socket:
    """Listen on a loopback port that no server of this run has had.

    It listens before the server's thread runs: until then a call waits, and is not refused.
    A port of an earlier server may not come back: Chromium remembers the permissions that it gave.
    """
    passed_over: list[socket.socket] = []
    while True:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        if (port := listener.getsockname()[1]) not in _USED_PORTS:
            break
        passed_over.append(listener)
    for one in passed_over:
        one.close()
    _USED_PORTS.add(port)
    listener.listen()
    return listener


@contextmanager
def served(app: ASGIApp) -> Generator[Served]:
    """Serve an app on a free port, in a thread of its own."""
    asked: list[tuple[str, str, str, str]] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/favicon.ico":
            headers = {name: value.decode() for name, value in scope["headers"]}
            origin, cookie = headers.get(b"origin", ""), headers.get(b"cookie", "")
            asked.append((scope["method"], scope["path"], origin, cookie))
        await app(scope, receive, send)

    listener = listen()
    server = uvicorn.Server(uvicorn.Config(noting, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", asked)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of an origin of its own, in Chromium."""
    shown = FastAPI()

    @shown.get("/")
    async def read() -> Response:
        return Response("<!doctype html><title>shop</title>", media_type="text/html")

    with served(shown) as site, chromium() as browser:
        page = browser.new_page()
        page.goto(site.address)
        yield page
        page.context.close()


SCRIPT = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options)
        const headers = [...answer.headers.keys()].sort()
        return {status: answer.status, headers, text: await answer.text()}
    } catch (error) {
        return {error: String(error)}
    }
}"""


SOCKET_SCRIPT = """url => new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.onmessage = message => resolve(message.data)
    socket.onerror = () => reject(new Error("refused"))
})"""


def in_chromium(page: Page, api: str, calls: list[Call]) -> list[tuple[Any, ...]]:
    """What the script sees of each call, and what the console says."""
    seen: list[tuple[Any, ...]] = []
    for call in calls:
        said: list[str] = []

        def note(message: Any, said: list[str] = said) -> None:
            said.append(message.text)

        page.on("console", note)
        got = page.evaluate(SCRIPT, [api + call.path, call.options])
        console = console_message(page, said, blocked="error" in got)
        page.remove_listener("console", note)
        if "error" in got:
            assert got["error"] == "TypeError: Failed to fetch"
        seen.append((got.get("status"), got.get("headers", []), got.get("text", ""), console))
    return seen


def console_message(page: Page, said: list[str], *, blocked: bool) -> str:
    """What the console says of CORS; it follows the script's error, on a busy machine much later."""
    for _ in range(200 if blocked else 1):
        page.wait_for_timeout(30)
        if found := [text for text in said if "CORS policy" in text]:
            return found[0]
    return ""


def in_the_tab(origin: str, api: str, calls: list[Call]) -> list[Fetched]:
    """The same calls by the replayed browser, against the same server."""

    async def run() -> list[Fetched]:
        tab = BrowserTab(origin)
        async with httpx.AsyncClient(base_url=api) as http:
            return [
                await tab.fetch(
                    http,
                    call.method,
                    call.path,
                    headers=call.headers,
                    credentials=call.credentials,  # ty: ignore[invalid-argument-type]  # one of three words
                    mode=call.mode,  # ty: ignore[invalid-argument-type]  # one of two words
                    **({} if call.body is None else {"content": call.body}),
                )
                for call in calls
            ]

    # In a thread: Playwright has an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


@pytest.mark.parametrize("name", CASES)
def test_tab_and_chromium_agree(page: Page, name: str) -> None:
    """The same questions to the server, the same answer to the script, the same reason."""
    make, calls = CASES[name]
    origin = page.evaluate("location.origin")
    with served(make(origin)) as api:
        page.context.clear_cookies()
        by_chromium = in_chromium(page, api.address, calls)
        asked_by_chromium = list(api.asked)
        api.asked.clear()
        by_tab = in_the_tab(origin, api.address, calls)
        assert api.asked == asked_by_chromium
    for (status, headers, text, console), fetched in zip(by_chromium, by_tab, strict=True):
        assert fetched.status == status
        assert fetched.text == text
        assert sorted(set(fetched.headers)) == headers
        assert bool(fetched.blocked) == bool(console)
        assert fetched.blocked in console


def test_some_cases_are_blocked_and_some_are_not(page: Page) -> None:
    """The comparison is worth something: Chromium says both yes and no in these cases."""
    origin = page.evaluate("location.origin")
    with served(without_cors(origin)) as api:
        assert in_chromium(page, api.address, [Call("GET", "/items")])[0][0] is None
        # Blocked, and yet the server has answered: what is kept back is the answer.
        assert [method for method, *_ in api.asked] == ["GET"]
    with served(ALLOWED(origin)) as api:
        assert in_chromium(page, api.address, [Call("GET", "/items")])[0][0] == 200


def test_form_is_carried_out_though_its_answer_is_blocked(page: Page) -> None:
    """A page of any origin can order by a form: CORS keeps the answer, not the request."""
    app = shop()
    with served(app) as api:
        seen = in_chromium(page, api.address, [Call("POST", "/orders", FORM, "item=tea")])
        assert seen[0][0] is None
    assert app.state.orders == ["tea"]


def test_json_is_not_carried_out_without_permission(page: Page) -> None:
    """JSON asks first; the same text without its type is refused by FastAPI with 422."""
    app = shop()
    with served(app) as api:
        in_chromium(
            page,
            api.address,
            [Call("POST", "/items/1", JSON, PRICE), Call("POST", "/items/1", body=PRICE)],
        )
        assert [method for method, *_ in api.asked] == ["OPTIONS", "POST"]
    assert app.state.orders == []


def test_server_is_reached_before_its_thread_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the server's thread starts late; a call waits for it, and is not refused."""
    run, called = uvicorn.Server.run, threading.Event()

    def run_late(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        called.wait(10)
        run(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "run", run_late)
    with served(shop()) as api:
        host, port = api.address.removeprefix("http://").split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5):
                pass
        finally:
            called.set()
        assert httpx.get(f"{api.address}/items").status_code == 200


def test_no_port_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chromium remembers a preflight for each address: another server there would inherit it."""
    given = iter([1, 1, 1, 2])

    class Listener:
        def __init__(self) -> None:
            self.port = next(given)

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", self.port

        def do_nothing(self, *_: Any) -> None: ...

        bind = listen = close = do_nothing

    monkeypatch.setattr(socket, "socket", Listener)
    assert [listen().getsockname()[1] for _ in range(2)] == [1, 2]


def test_page_of_the_same_origin_is_asked_nothing(page: Page) -> None:
    """Where page and API share an origin, a PUT with JSON needs no preflight and no header."""
    browser = page.context.browser
    assert browser is not None
    with served(shop()) as api:
        own = browser.new_page()
        own.goto(api.address + "/items")
        api.asked.clear()
        seen = in_chromium(own, api.address, [Call("PUT", "/items/1", JSON, PRICE)])
        own.close()
        assert [status for status, *_ in seen] == [200]
        assert [method for method, *_ in api.asked] == ["PUT"]


def test_websocket_of_any_page_is_opened(page: Page) -> None:
    """The browser sends `Origin` and leaves the decision to the server, whatever CORS allows."""
    app = shop()
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])

    @app.websocket("/news")
    async def send_origin(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.headers["origin"])
        await socket.close()

    with served(app) as api:
        told = page.evaluate(SOCKET_SCRIPT, api.address.replace("http", "ws", 1) + "/news")
    assert told == page.evaluate("location.origin")

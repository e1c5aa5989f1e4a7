"""The exercises of chapter 7, middleware, in the order in which it sets them."""

import asyncio
import inspect
import json
import re
import string
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from httpx2.websockets import HTTPXWSException, WebSocketUpgradeError

from workbook.adapters import WrongKind, arranged, asgi_app, kind
from workbook.asgi import ASGIApp, Message, Receive, Scope, Send
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import Unmet, ensure, expect


def _word(rng: Random, length: int = 8) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=length))


STAMP_LINES = {
    "A": "    response.headers['X-Shop'] = 'tea house'",
    "B": "@app.middleware('http')",
    "C": "    response = await call_next(request)",
    "D": "    return response",
    "E": "async def stamp(request: Request, call_next):",
    "F": "    request.headers['X-Shop'] = 'tea house'",
    "G": "    return request",
}

stamped_answers = Exercise(
    "stamped_answers",
    title="A stamp on every answer",
    kind="arrange",
    section="7.1",
    serve=arranged(
        STAMP_LINES,
        given="from fastapi import FastAPI, Request\n"
        "app = FastAPI()\n"
        "@app.get('/items')\n"
        "async def list_items():\n"
        "    return ['tea', 'cup', 'pot']\n",
    ),
    lines=STAMP_LINES,
    hints=(
        (
            "The stamp goes on the answer. From where does the function get an answer, and to whom "
            "does it give it?"
        ),
        (
            "The decorator stands above the function. Inside, `call_next` sends the request on and "
            "comes back with the response, whose headers can be changed. Section 7.1."
        ),
        (
            "Five lines: decorator, the line that begins the function, the one that waits for the "
            "response, the one that changes a header of it, and the one that gives it back. The two "
            "lines that speak of the request's headers and of returning it are not needed."
        ),
    ),
)


@stamped_answers.requirement("the items are answered as before", points=1)
async def still_lists_items(client: Client) -> None:
    expect(
        await client.get("/items"),
        status=200,
        json=["tea", "cup", "pot"],
        because="A layer that only adds a header leaves the rest of the answer alone.",
    )


@stamped_answers.requirement("every answer carries the stamp, a 404 too", points=2)
async def stamps_every_answer(client: Client, rng: Random) -> None:
    for path in ("/items", f"/{_word(rng)}"):
        expect(
            await client.get(path),
            headers={"X-Shop": "tea house"},
            because="A middleware sees every answer on its way out.",
        )


def _around_a_shop(value: Any) -> ASGIApp:
    """Put a middleware around a shop with a stream, a WebSocket and a lifespan."""
    if inspect.iscoroutinefunction(value):
        raise WrongKind(
            "This is a function. Pass a class that takes the app and can be called like one."
        )
    if isinstance(value, FastAPI) or (inspect.isclass(value) and issubclass(value, FastAPI)):
        raise WrongKind("This is an app. Pass the class of the middleware itself.")
    if not inspect.isclass(value) and not inspect.isfunction(value):
        raise WrongKind(f"This is {kind(value)}. Pass the class itself, without parentheses.")
    wrapped = value(_shop_to_wrap())
    if not callable(wrapped):
        raise WrongKind(
            f"An object of {value.__name__} can't be called. "
            "Give it `async def __call__(self, scope, receive, send)`."
        )
    return wrapped


def _shop_to_wrap() -> FastAPI:
    go_on = asyncio.Event()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.started = True
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/items")
    async def items() -> list[str]:
        return ["tea", "cup"]

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), 201, media_type="text/x-echo")

    @app.get("/started")
    async def started() -> bool:
        return getattr(app.state, "started", False)

    @app.get("/slow")
    async def slow() -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            yield "first\n"
            await go_on.wait()
            yield "last\n"

        go_on.clear()
        return StreamingResponse(lines(), media_type="text/plain")

    @app.post("/go-on")
    async def let_go_on() -> None:
        go_on.set()

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            yield "first\n"
            raise ConnectionError("the database went away")

        return StreamingResponse(lines(), media_type="text/plain")

    @app.get("/cookies")
    async def cookies(response: Response) -> None:
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")

    @app.websocket("/news")
    async def news(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    return app


pure_stamp = Exercise(
    "pure_stamp",
    title="The same stamp, in pure ASGI",
    kind="make",
    section="7.1",
    serve=_around_a_shop,
    hints=(
        (
            "Take `Stopwatch` of this section as the frame. Which message has the headers, and what "
            "has to happen to all other messages, and to scopes that are not HTTP?"
        ),
        (
            "The message of the type `http.response.start` has them. `MutableHeaders(scope=message)` "
            "wraps it so that a header can be set as in a dictionary. Then it is sent on."
        ),
        (
            "In `__init__` keep the app. In `__call__`, hand everything that is not HTTP on at once. "
            "Otherwise define a `send` of your own, which sets the header if the message is the "
            "start and then awaits the real one; call the app with it."
        ),
    ),
)


@pure_stamp.requirement("every answer carries the stamp, and is otherwise as it was", points=2)
async def stamps_and_keeps(client: Client, rng: Random) -> None:
    for path, status in (("/items", 200), (f"/{_word(rng)}", 404)):
        expect(
            await client.get(path),
            status=status,
            headers={"X-Shop": "tea house"},
            because="Every answer passes the outermost layer.",
        )
    word = _word(rng)
    expect(
        await client.post("/echo", content=word),
        status=201,
        text=word,
        headers={"X-Shop": "tea house", "Content-Type": "text/x-echo; charset=utf-8"},
        because="A POST is answered too; its body reaches the app, and the answer stays as it was.",
    )
    response = await client.get("/cookies")
    ensure(
        len(response.headers.get_list("set-cookie")) == 2,
        "both cookies of /cookies",
        got=f"{len(response.headers.get_list('set-cookie'))} of them",
        because="Headers may come twice; a dictionary made of them loses one.",
        response=response,
    )


@pure_stamp.requirement("a stream is passed on piece by piece", points=2)
async def passes_pieces_on(client: Client) -> None:
    async def read() -> tuple[str, list[str]]:
        async with client.stream("GET", "/slow") as response:
            lines = response.aiter_lines()
            first = await anext(lines)
            await client.post("/go-on")
            expect(
                response,
                headers={"X-Shop": "tea house"},
                because="A stream is an answer like any other.",
            )
            return first, [line async for line in lines]

    try:
        pieces = await asyncio.wait_for(read(), timeout=2)
    except TimeoutError:
        raise Unmet(
            expected="the first line of /slow while the app waits to send the last",
            got="nothing for two seconds",
            because="A layer that collects the body makes people wait, and fills the memory.",
        ) from None
    ensure(
        pieces == ("first", ["last"]),
        "the lines first and last",
        got=", ".join([pieces[0], *pieces[1]]),
        because="What the app sends is passed on as it comes.",
    )


@pure_stamp.requirement("a stream that fails breaks off")
async def breaks_off_too(client: Client) -> None:
    try:
        response = await client.get("/half")
    except httpx.RemoteProtocolError:
        return
    finally:
        if client.transcript:
            client.transcript[-1].error_expected = True
    ensure(
        False,
        "a connection that breaks off, as the app of /half does",
        got=f"a whole answer, {response.text!r}",
        because="Half an answer that looks whole is worse than none: pass errors on.",
        response=response,
    )


@pure_stamp.requirement("WebSockets and the lifespan pass untouched", points=2)
async def passes_other_scopes(client: Client, rng: Random) -> None:
    expect(
        await client.get("/started"),
        status=200,
        json=True,
        because="The lifespan passes this layer too. What never arrives inside never starts.",
    )
    word = _word(rng)
    try:
        async with client.websocket("/news") as socket:
            await socket.send_text(word)
            got = await socket.receive_text(timeout=2)
    except (HTTPXWSException, TimeoutError, RuntimeError):
        # A RuntimeError is what httpx2 raises when the app leaves the socket without an answer.
        got = "no connection"
    ensure(
        got == word,
        f"the WebSocket of /news to answer {word!r}",
        got=repr(got),
        because="A WebSocket has no response to stamp; it is handed on as it is.",
    )


complete_log = Exercise(
    "complete_log",
    title="The log without refusals",
    kind="bug hunt",
    section="7.3",
    hints=(
        (
            "Send one request with a wrong key and one with the right key, and read the log. Which "
            "of the two functions did the refused request reach?"
        ),
        (
            "The middleware that was registered last is outermost. What refuses on the outside is "
            "never seen further inside. Section 7.3."
        ),
        (
            "Nothing inside the two functions has to change. The one that writes the log has to be "
            "around the one that asks for the key, so it has to be registered after it."
        ),
    ),
)


@complete_log.requirement("a refused request stands in the log with its 401", points=2)
async def logs_refusals(client: Client, rng: Random) -> None:
    for method in ("GET", "POST"):
        path = f"/{_word(rng)}"
        expect(
            await client.request(method, path, headers={"X-Key": _word(rng)}),
            status=401,
            because="A wrong key is refused on every path, as before.",
            mistakes={
                404: "Nobody asked for the key here. A middleware asks on every path, a dependency "
                "only on routes that exist."
            },
        )
        await _stands_in_log(
            client, f"{path} 401", "Who tries keys all night is who you want to see there."
        )


@complete_log.requirement("so does every other request, with its status")
async def logs_everything(client: Client, rng: Random) -> None:
    path = f"/{_word(rng)}"
    await client.get(path, headers={"X-Key": "sesame"})
    await client.get("/items", headers={"X-Key": "sesame"})
    for line in (f"{path} 404", "/items 200"):
        await _stands_in_log(client, line, "What the log had before is still to be there.")
    log = await _read_log(client)
    ensure(
        log.count(f"{path} 404") == 1,
        f"{path} 404 once in the log",
        got=f"it {log.count(f'{path} 404')} times",
        because="One request is one line, or whoever counts them counts wrong.",
    )


@complete_log.requirement("without the key nobody gets in, not to the log either", points=2)
async def still_needs_the_key(client: Client, rng: Random) -> None:
    for method, path in (("GET", "/items"), ("GET", "/log"), ("POST", "/orders")):
        for headers in ({}, {"X-Key": _word(rng)}):
            expect(
                await client.request(method, path, headers=headers),
                status=401,
                because="The log got better; the lock must not get worse.",
                mistakes={404: f"This path has to exist: is the route of `{path}` still there?"},
            )


async def _stands_in_log(client: Client, line: str, because: str) -> None:
    # A middleware may write its line after the answer has gone out, as `Stopwatch` of 7.1 does.
    for _ in range(10):
        log = await _read_log(client)
        if line in log:
            return
        await asyncio.sleep(0.02)
    ensure(
        False,
        f"{line} in the log",
        got=", ".join([one for one in log if one != "/log 200"][-3:]) or "an empty log",
        because=because,
    )


async def _read_log(client: Client) -> list[str]:
    response = await client.get("/log", headers={"X-Key": "sesame"})
    expect(response, status=200, because="With the key the log can be read.")
    log = response.json()
    return log if isinstance(log, list) else []


trusted_names = Exercise(
    "trusted_names",
    title="Half of our names",
    kind="bug hunt",
    section="7.4",
    hints=(
        (
            "Which three names are to be allowed, and which of them does the pattern in the list "
            "match? Read the table of answers in this section again."
        ),
        (
            "`*.shop.example` stands for all names that end with `.shop.example`, the point "
            "included. A list may hold several entries, with and without a star."
        ),
        (
            "Three entries: the pattern that is there, the bare name that it does not cover, and the "
            "name by which the tests call. A single star would allow every name of the world."
        ),
    ),
)


@trusted_names.requirement(
    "our names are answered: bare, with anything in front, and the tests'", points=2
)
async def answers_our_names(client: Client, rng: Random) -> None:
    for host in ("shop.example", f"{_word(rng)}.shop.example", "a.b.shop.example", "shop.test"):
        response = await client.get("/items", headers={"Host": host})
        if response.is_redirect:
            because = "Whoever types this name is to be answered, not sent to another one."
        elif response.status_code != 400:
            because = "The shop lists its items under each of its names."
        elif host == "shop.test":
            because = "The tests call by this name."
        elif host == "shop.example":
            because = "The star stands for something in front of a point, never for nothing."
        else:
            because = "Every name that ends with `.shop.example` is yours, whatever is in front."
        ensure(
            response.status_code == 200,
            f"status 200 for the host {host}",
            got=f"status {response.status_code}",
            because=because,
            response=response,
        )


@trusted_names.requirement("every other name is refused with 400", points=2)
async def refuses_other_names(client: Client, rng: Random) -> None:
    for host in (
        f"{_word(rng)}.example",
        "evilshop.example",
        "shopxexample",
        "shop.example.evil.test",
        "evilshop.test",
        "www.shop.test",
        "localhost",
    ):
        for method, path in (("GET", "/items"), ("POST", "/orders")):
            response = await client.request(method, path, headers={"Host": host})
            ensure(
                response.status_code == 400,
                f"status 400 for a {method} to the host {host}",
                got=f"status {response.status_code}",
                because="The name ends up in links and redirects that your app makes.",
                response=response,
            )


_NEW_PATH = "/added-by-the-checker"


def _with_a_new_route(value: Any) -> ASGIApp:
    """Add a route to the app, as somebody does tomorrow."""
    app = asgi_app(value)
    inner: Any = app
    while not isinstance(inner, FastAPI):
        # A layer of the learner's own, around the app.
        inner = getattr(inner, "app", None)
        if inner is None:
            raise WrongKind(
                "A route is to be added here, and there is no FastAPI app to add it to. Pass the "
                "app itself; a layer of your own comes around it with `add_middleware`."
            )

    async def count(request: Request) -> int:
        return len(await request.body())

    if all(getattr(route, "path", None) != _NEW_PATH for route in inner.routes):
        inner.api_route(_NEW_PATH, methods=["POST", "PUT"], include_in_schema=False)(count)
    return app


small_bodies = Exercise(
    "small_bodies",
    title="Letters, and one parcel",
    kind="change",
    section="7.4",
    serve=_with_a_new_route,
    hints=(
        (
            "Where can a limit stand so that it is valid for every route, also for those that "
            "somebody adds tomorrow? And where can one route differ?"
        ),
        (
            "`max_body_size` is an argument of `FastAPI`, of a router and of the decorator of a "
            "route. The most particular one counts. Section 7.4, a limit for bodies."
        ),
        (
            "Give the app the smaller number when it is made, and the decorator of the upload the "
            "larger one. No code in the functions is needed, and no header has to be read."
        ),
    ),
)


@small_bodies.requirement("a note of 1,000 bytes is taken, one of 1,001 is a 413", points=2)
async def bounds_notes(client: Client) -> None:
    await _has_limit(client, "/notes", 1000)


@small_bodies.requirement("an upload of 5,000 bytes is taken, one of 5,001 is a 413", points=2)
async def bounds_uploads(client: Client) -> None:
    await _has_limit(client, "/uploads", 5000)


@small_bodies.requirement("a body that does not say its size is counted too", points=2)
async def counts_what_arrives(client: Client, rng: Random) -> None:
    for path, limit in (("/notes", 1000), ("/uploads", 5000)):
        expect(
            await client.post(path, content=_unsized(limit, rng)),
            status=200,
            json=limit,
            because="So much was to be allowed.",
        )
        expect(
            await client.post(path, content=_unsized(limit + rng.randint(1, 999), rng)),
            status=413,
            because="Content-Length is the client's word; count the bytes that come.",
        )


@small_bodies.requirement("a route that is added tomorrow has the limit of 1,000 too", points=2)
async def bounds_new_routes(client: Client, rng: Random) -> None:
    one_route = "The limit of a route, or a check in its function, is for that route only."
    for method in ("POST", "PUT"):
        expect(
            await client.request(method, _NEW_PATH, content=b"x" * 1000),
            status=200,
            json=1000,
            because="A new route takes as much as the others; only what is larger is refused.",
        )
        expect(
            await client.request(method, _NEW_PATH, content=b"x" * 1001),
            status=413,
            because="Somebody forgets to repeat a limit. Given to the app, it is there already.",
            mistakes={200: one_route},
        )
        expect(
            await client.request(method, _NEW_PATH, content=_unsized(1001, rng)),
            status=413,
            because="Content-Length is the client's word; count the bytes that come.",
        )


async def _unsized(size: int, rng: Random) -> AsyncIterator[bytes]:
    while size > 0:
        piece = min(size, rng.randint(100, 300))
        yield b"x" * piece
        size -= piece


async def _has_limit(client: Client, path: str, limit: int) -> None:
    expect(
        await client.post(path, content=b"x" * limit),
        status=200,
        json=limit,
        because="So much was to be allowed.",
    )
    expect(
        await client.post(path, content=b"x" * (limit + 1)),
        status=413,
        because="One byte more is too much, and the status says so.",
        mistakes={200: "Nothing stops this body."},
    )


signed_orders = Exercise(
    "signed_orders",
    title="The order that is empty",
    kind="bug hunt",
    section="7.4",
    hints=(
        (
            "The signature is right and the 422 says that the body is missing. Who read it before "
            "the endpoint did, and what is left of it then?"
        ),
        (
            "`request.stream()` gives the pieces away once. `request.body()` reads them all, keeps "
            "them, and lets the next layer read them again. Section 7.4, reading the body."
        ),
        (
            "Await the whole body once in the middleware and compare its length with the header, as "
            "text. The loop over the pieces goes. All the rest can stay as it is."
        ),
    ),
)


@signed_orders.requirement("an order with the right signature is placed", points=2)
async def places_signed_orders(client: Client, rng: Random) -> None:
    # A character of two bytes: the signature counts bytes.
    order = {"item": f"{_word(rng)}é", "amount": rng.randint(1, 9)}
    body = json.dumps(order, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "X-Signature": str(len(body))}
    for content, because in (
        (body, "The partner did everything right."),
        (_pieces(body), "A body may come in pieces, without a Content-Length."),
    ):
        expect(
            await client.post("/orders", content=content, headers=headers),
            status=201,
            json=order,
            because=because,
            mistakes={422: "The endpoint found no body: the middleware has taken it away."},
        )


@signed_orders.requirement("with a wrong signature, or none, it is refused with 401", points=2)
async def refuses_unsigned_orders(client: Client, rng: Random) -> None:
    item = _word(rng)
    body = json.dumps({"item": item}).encode()
    size = len(body)
    for signature in (None, "0", _word(rng), "-1", str(size - 1), str(size + 1), f"{size}0"):
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers["X-Signature"] = signature
        expect(
            await client.post("/orders", content=body, headers=headers),
            status=401,
            because="Anybody can send an order; the signature says that it is the partner's.",
            mistakes={201: "This order was placed without a right signature."},
        )
    placed = await client.get("/orders")
    ensure(
        placed.status_code != 200 or item not in placed.text,
        "no order of those that were refused among the orders",
        got=f"one for {item!r}",
        because="It was answered 401 and placed all the same: check before you call the endpoint.",
        response=placed,
    )
    body = json.dumps({"item": _word(rng)}).encode()
    expect(
        await client.post(
            "/orders", content=_pieces(body), headers={"Content-Type": "application/json"}
        ),
        status=401,
        because="No signature, and a body in pieces, which has no Content-Length either.",
        mistakes={201: "Two headers that are both missing are equal; count the body itself."},
    )


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body[:5]
    yield body[5:]


@signed_orders.requirement("reading needs no signature")
async def reads_without_signature(client: Client) -> None:
    expect(
        await client.get("/items"),
        status=200,
        json=["tea", "cup", "pot"],
        because="Only orders are signed.",
    )


class _Pause:
    """Wait a moment before the answer to `/me` starts, as an endpoint that asks a database does.

    So requests overlap that would otherwise run one after the other.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_later(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(0.02)
            await send(message)

        slow = scope["type"] == "http" and scope["path"] == "/me"
        await self.app(scope, receive, send_later if slow else send)


def _with_a_pause(value: Any) -> ASGIApp:
    """Put the pause inside of all layers, around the routes."""
    app = asgi_app(value)
    router: Any = getattr(app, "router", None)
    inside = getattr(router, "middleware_stack", None)
    if inside is not None and not isinstance(inside, _Pause):
        router.middleware_stack = _Pause(inside)
    return app


named_answers = Exercise(
    "named_answers",
    title="Everybody is nobody",
    kind="bug hunt",
    section="7.4",
    serve=_with_a_pause,
    hints=(
        (
            "In which task does the dependency set the name, and in which does the middleware read "
            "it? What does a task do with the context that it is given?"
        ),
        (
            "`request.state` lives in the scope, which all layers share. Or write the middleware in "
            "pure ASGI: it runs in the task of the endpoint. Section 7.4, context variables."
        ),
        (
            "Let the dependency take the `Request` too and put the name on its state. In the "
            "middleware read it from there after `call_next`, with `getattr` and a default for "
            "requests that never came so far."
        ),
    ),
)


@named_answers.requirement("`/me` is answered with the name in `X-User`", points=2)
async def names_the_user(client: Client, rng: Random) -> None:
    name = _word(rng)
    expect(
        await client.get("/me", headers={"X-Token": f"token-of-{name}"}),
        status=200,
        json=name,
        headers={"X-User": name},
        because="Support reads the header to know who was served.",
    )


@named_answers.requirement("where nobody was found, it is `nobody`")
async def names_nobody(client: Client, rng: Random) -> None:
    token = {"X-Token": f"token-of-{_word(rng)}"}
    await client.get("/me", headers=token)
    for path in ("/items", f"/{_word(rng)}"):
        expect(
            await client.get(path),
            headers={"X-User": "nobody"},
            because="The name of the last visitor is nobody's business.",
        )
    expect(
        await client.get("/items", headers=token),
        headers={"X-User": "nobody"},
        because="A token that `known_user` did not look at names nobody.",
    )
    expect(
        await client.get("/me"),
        headers={"X-User": "nobody"},
        because="Without a token `known_user` found nobody, and this answer is one of `/me`, too.",
    )


@named_answers.requirement("many at once do not mix up their names", points=2)
async def keeps_names_apart(client: Client, rng: Random) -> None:
    names = [_word(rng) for _ in range(12)]
    responses = await asyncio.gather(
        *[client.get("/me", headers={"X-Token": f"token-of-{name}"}) for name in names]
    )
    for name, response in zip(names, responses, strict=True):
        expect(
            response,
            status=200,
            headers={"X-User": name},
            because="A variable that all requests share holds one name only.",
        )


def _put_around_the_app(value: Any) -> ASGIApp:
    """Serve the learner's app; say what is missing if it is the class of the middleware."""
    if inspect.isclass(value) and not issubclass(value, FastAPI):
        raise WrongKind(
            f"This is the class {value.__name__}. "
            f"Put one around the app: `checked_ids = {value.__name__}(inner)`."
        )
    return asgi_app(value)


checked_ids = Exercise(
    "checked_ids",
    title="Ids that can be trusted",
    kind="complete",
    section="7.4",
    serve=_put_around_the_app,
    hints=(
        (
            "Three things happen in turn: look at what the client sent, decide on an id, send it "
            "back. Which of them belong before the inner app is called, and which into `send`?"
        ),
        (
            "`fullmatch` asks for the whole text. `scope['state']` is what `request.state` reads. A "
            "start message takes headers by `MutableHeaders(scope=message)`. Compare the shop's own "
            "class above."
        ),
        (
            "The pattern is a class of characters and a count from 8 to 64. If the header does not match "
            "it, make a new id with `uuid4`. Put it under `request_id` into the dictionary of the "
            "state, and set it on the message that starts the answer."
        ),
    ),
)

_GOOD_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@checked_ids.requirement("a good id of the client's is kept", points=1)
async def keeps_good_ids(client: Client, rng: Random) -> None:
    signs = string.ascii_letters + string.digits + "-"
    for size in (8, 64, rng.randint(9, 63)):
        # One of each kind at least, whatever is drawn.
        drawn = [rng.choice(string.ascii_uppercase), rng.choice(string.ascii_lowercase)]
        drawn += [rng.choice(string.digits), "-", *rng.choices(signs, k=size - 4)]
        rng.shuffle(drawn)
        sent = "".join(drawn)
        expect(
            await client.get("/items", headers={"X-Request-ID": sent}),
            status=200,
            headers={"X-Request-ID": sent},
            because="A proxy in front has written this id into its own log.",
        )


@checked_ids.requirement("anything else gets a new one of that form", points=2)
async def replaces_bad_ids(client: Client, rng: Random) -> None:
    for sent in (
        "x" * 65,
        _word(rng, 7),
        f'{_word(rng)}" level="INFO',
        f"{_word(rng)} {_word(rng)}",
        f"{_word(rng)}\u00e9",
        f"{_word(rng)}_{_word(rng)}",
        *[f"{_word(rng)}{sign}{_word(rng, 4)}" for sign in string.punctuation if sign != "-"],
    ):
        # As bytes: a header with such characters is what an attacker sends.
        headers = [(b"X-Request-ID", sent.encode("latin-1"))]
        got = _id_of(await client.get("/items", headers=headers))
        ensure(
            got != sent and _GOOD_ID.fullmatch(got) is not None,
            f"a new id in place of {sent[:30]!r}",
            got=repr(got[:70]),
            because="What a client sends here ends up in your log, line by line.",
        )


@checked_ids.requirement("a request without one gets one, a different one each time", points=1)
async def makes_new_ids(client: Client) -> None:
    ids = [_id_of(await client.get("/items")) for _ in range(5)]
    ensure(
        all(_GOOD_ID.fullmatch(one) for one in ids) and len(set(ids)) == 5,
        "five requests, five ids of 8 to 64 letters, digits or hyphens",
        got=", ".join(one[:20] or "none" for one in ids),
        because="An id that two requests share finds neither.",
    )


@checked_ids.requirement("every answer carries it, a 404 and a 500 too", points=2)
async def marks_every_answer(client: Client, rng: Random) -> None:
    sent = _word(rng, 12)
    for method, path, status in (
        ("GET", f"/{_word(rng)}", 404),
        ("GET", "/broken", 500),
        ("POST", "/orders", 422),
    ):
        expect(
            await client.request(method, path, headers={"X-Request-ID": sent}),
            status=status,
            headers={"X-Request-ID": sent},
            because="The answer that goes wrong is the one that somebody asks about.",
        )


@checked_ids.requirement("the endpoint sees the same id as the client")
async def endpoint_sees_it(client: Client, rng: Random) -> None:
    for headers in ({}, {"X-Request-ID": _word(rng, 12)}):
        response = await client.get("/id", headers=headers)
        expect(
            response,
            status=200,
            json=_id_of(response),
            because="Lines of the log are written inside; they need the id that the client has.",
        )


@checked_ids.requirement("two requests at once keep their ids apart")
async def keeps_ids_apart(client: Client, rng: Random) -> None:
    slow, quick = _word(rng, 12), _word(rng, 12)

    async def body() -> AsyncIterator[bytes]:
        yield b'{"item": '
        # The app waits for the rest of the order, and answers another request meanwhile.
        expect(
            await client.get("/items", headers={"X-Request-ID": quick}),
            headers={"X-Request-ID": quick},
            because="One request waits; the next one is answered meanwhile.",
        )
        yield b'"tea"}'

    expect(
        await client.post(
            "/orders",
            content=body(),
            headers={"X-Request-ID": slow, "Content-Type": "application/json"},
        ),
        status=201,
        headers={"X-Request-ID": slow},
        because="All requests share one object of the class: keep the id in a variable of "
        "`__call__`, not on `self`.",
    )


@checked_ids.requirement("what is not HTTP passes untouched")
async def passes_sockets_on(client: Client, rng: Random) -> None:
    try:
        # To a path that does not exist: it is the app inside that says so, with a 403.
        async with client.websocket(f"/{_word(rng)}", timeout=2):
            got = "an open one"
    except WebSocketUpgradeError as refused:
        got = f"a refusal with {refused.response.status_code}"
    except (HTTPXWSException, TimeoutError, RuntimeError):
        got = "no answer at all"
    ensure(
        got == "a refusal with 403",
        "a WebSocket to an unknown path to be refused by the app inside",
        got=got,
        because="A layer around the whole app is called for WebSockets and the lifespan as well, "
        "and hands them on.",
    )


def _id_of(response: httpx.Response) -> str:
    return response.headers.get("X-Request-ID", "")

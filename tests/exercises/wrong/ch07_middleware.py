"""Wrong answers to the exercises of chapter 7, and what each is told."""

import re
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbook.proofs import wrong


class Order(BaseModel):
    item: str
    amount: int = 1


def make_shop(**options: Any) -> FastAPI:
    """The small shop of the chapter's set-up cell."""
    app = FastAPI(**options)

    @app.get("/items")
    async def list_items() -> list[str]:
        return ["tea", "cup", "pot"]

    placed: list[Order] = []

    @app.get("/orders")
    async def list_orders() -> list[Order]:
        return placed

    @app.post("/orders", status_code=201)
    async def place_order(order: Order) -> Order:
        placed.append(order)
        return order

    return app


@wrong(
    "stamped_answers",
    fails="still_lists_items",
    says="TypeError: '_CachedRequest' object is not callable",
)
def gives_the_request_back():
    return "B E C A G"


@wrong(
    "stamped_answers",
    fails="stamps_every_answer",
    says="Expected the header X-Shop: tea house, got no X-Shop header. A middleware sees every answer on its way out.",
)
def no_stamp():
    return "B E C D"


@wrong(
    "stamped_answers",
    fails="still_lists_items",
    says="TypeError: 'Headers' object does not support item assignment",
)
def stamps_the_request():
    return "B E F C D"


class _Layer:
    """A layer that passes everything on; the wrong ones change one thing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Shop"] = "tea house"
            await send(message)

        await self.app(scope, receive, stamped)


@wrong(
    "pure_stamp",
    fails="stamps_and_keeps",
    says="Expected the header X-Shop: tea house, got no X-Shop header. Every answer passes the outermost layer.",
)
def passes_everything():
    class PassOn(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(scope, receive, send)

    return PassOn


@wrong(
    "pure_stamp",
    fails="stamps_and_keeps",
    says="Expected both cookies of /cookies, got 1 of them. Headers may come twice; a dictionary made of them loses one.",
)
def headers_by_a_dictionary():
    class ByDictionary(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def stamped(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = dict(message["headers"])
                    headers[b"x-shop"] = b"tea house"
                    message["headers"] = list(headers.items())
                await send(message)

            await self.app(scope, receive, stamped)

    return ByDictionary


@wrong(
    "pure_stamp",
    fails="passes_pieces_on",
    says="Expected the first line of /slow while the app waits to send the last, got nothing for two seconds. A layer that collects the body makes people wait, and fills the memory.",
)
def collects_the_body():
    class Collects(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            messages: list[Message] = []

            async def keep(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, keep)
            MutableHeaders(scope=messages[0])["X-Shop"] = "tea house"
            for message in messages:
                await send(message)

    return Collects


@wrong(
    "pure_stamp",
    fails="breaks_off_too",
    says="Expected a connection that breaks off, as the app of /half does, got a whole answer, 'first\\n'. Half an answer that looks whole is worse than none: pass errors on.",
)
def base_http_middleware():
    class Stamp(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Callable) -> Response:
            response = await call_next(request)
            response.headers["X-Shop"] = "tea house"
            return response

    return Stamp


@wrong(
    "pure_stamp",
    fails="passes_other_scopes",
    says="Expected the JSON true, got false. The lifespan passes this layer too. What never arrives inside never starts.",
)
def http_only():
    class HttpOnly(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await super().__call__(scope, receive, send)

    return HttpOnly


@wrong(
    "pure_stamp",
    fails="passes_other_scopes",
    says="Expected the WebSocket of /news to answer 'ropwbese', got 'no connection'. A WebSocket has no response to stamp; it is handed on as it is.",
)
def refuses_websockets():
    class NoSockets(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            else:
                await super().__call__(scope, receive, send)

    return NoSockets


async def _pass_on(request: Request, call_next: Callable) -> Any:
    return await call_next(request)


def _log_app(*layers: str, **options: Any) -> FastAPI:
    """A shop with the named layers, the innermost first."""
    app = make_shop(**options)
    log: list[str] = []

    @app.get("/log")
    async def read_log() -> list[str]:
        return log

    async def write(request: Request, call_next: Callable) -> Any:
        response = await call_next(request)
        log.append(f"{request.url.path} {response.status_code}")
        return response

    async def write_success(request: Request, call_next: Callable) -> Any:
        response = await call_next(request)
        if response.status_code in {200, 401}:
            log.append(f"{request.url.path} {response.status_code}")
        return response

    async def key(request: Request, call_next: Callable) -> Any:
        if request.headers.get("x-key") != "sesame":
            return JSONResponse({"detail": "A key is missing."}, 401)
        return await call_next(request)

    async def key_but_for_the_log(request: Request, call_next: Callable) -> Any:
        if request.url.path == "/log":
            return await call_next(request)
        return await key(request, call_next)

    async def write_gets(request: Request, call_next: Callable) -> Any:
        return await (write if request.method == "GET" else _pass_on)(request, call_next)

    async def key_for_gets(request: Request, call_next: Callable) -> Any:
        return await (key if request.method == "GET" else _pass_on)(request, call_next)

    written = (write, write_success, write_gets)
    functions = {f.__name__: f for f in (*written, key, key_but_for_the_log, key_for_gets)}
    for layer in layers:
        app.middleware("http")(functions[layer])
    return app


@wrong(
    "complete_log",
    fails="logs_refusals",
    says="Expected /mmzottti 401 in the log, got an empty log. Who tries keys all night is who you want to see there.",
)
def log_inside():
    return _log_app("write", "key")


@wrong(
    "complete_log",
    fails="logs_everything",
    says="Expected /mllojiez 404 in the log, got /mmzottti 401, /uofpillh 401, /items 200. What the log had before is still to be there.",
)
def some_statuses_only():
    return _log_app("key", "write_success")


@wrong(
    "complete_log",
    fails="still_needs_the_key",
    says="Expected status 401, got status 200. The log got better; the lock must not get worse.",
)
def open_log():
    return _log_app("key_but_for_the_log", "write")


@wrong(
    "complete_log",
    fails="still_needs_the_key",
    says="Expected status 401, got status 200. The log got better; the lock must not get worse.",
)
def key_taken_away():
    return _log_app("write")


@wrong(
    "trusted_names",
    fails="answers_our_names",
    says="Expected status 200 for the host shop.example, got status 400. The star stands for something in front of a point, never for nothing.",
)
def bare_name_missing():
    return _hosts("*.shop.example", "shop.test")


@wrong(
    "trusted_names",
    fails="answers_our_names",
    says="Expected status 200 for the host shop.test, got status 400. The tests call by this name.",
)
def tests_forgotten():
    return _hosts("*.shop.example", "shop.example")


@wrong(
    "trusted_names",
    fails="refuses_other_names",
    says="Expected status 400 for a GET to the host qoienwyk.example, got status 200. The name ends up in links and redirects that your app makes.",
)
def every_name():
    return _hosts("*")


@wrong(
    "trusted_names",
    fails="refuses_other_names",
    says="Expected status 400 for a GET to the host qoienwyk.example, got status 200. The name ends up in links and redirects that your app makes.",
)
def every_example():
    return _hosts("*.example", "shop.test")


def _hosts(*allowed: str) -> FastAPI:
    app = make_shop()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed))
    return app


def _sizes(*, app_limit: int | None, upload_limit: int | None = None) -> FastAPI:
    app = FastAPI(max_body_size=app_limit)

    @app.post("/notes")
    @app.post("/uploads", max_body_size=upload_limit)
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@wrong(
    "small_bodies",
    fails="bounds_notes",
    says="Expected status 413, got status 200. Nothing stops this body.",
)
def upload_limit_only():
    return _sizes(app_limit=None, upload_limit=5000)


@wrong(
    "small_bodies",
    fails="bounds_uploads",
    says="Expected status 200, got status 413. So much was to be allowed.",
)
def one_limit_for_all():
    return _sizes(app_limit=1000)


@wrong(
    "small_bodies",
    fails="bounds_notes",
    says="Expected status 413, got status 200. Nothing stops this body.",
)
def large_limit_for_all():
    return _sizes(app_limit=5000)


@wrong(
    "small_bodies",
    fails="counts_what_arrives",
    says="Expected status 413, got status 200. Content-Length is the client's word; count the bytes that come.",
)
def believes_the_header():
    app = FastAPI()

    @app.middleware("http")
    async def check(request: Request, call_next: Callable) -> Any:
        limit = 5000 if request.url.path == "/uploads" else 1000
        if int(request.headers.get("content-length", 0)) > limit:
            return JSONResponse(None, 413)
        return await call_next(request)

    @app.post("/notes")
    @app.post("/uploads")
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@wrong(
    "small_bodies",
    fails="bounds_new_routes",
    says="Expected status 413, got status 200. The limit of a route, or a check in its function, is for that route only.",
)
def a_limit_for_each_route():
    app = FastAPI()

    @app.post("/notes", max_body_size=1000)
    @app.post("/uploads", max_body_size=5000)
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


def _signed(check: Callable) -> FastAPI:
    app = make_shop()
    app.middleware("http")(check)
    return app


@wrong(
    "signed_orders",
    fails="places_signed_orders",
    says="Expected status 201, got status 422. The endpoint found no body: the middleware has taken it away.",
)
def reads_the_stream():
    async def check(request: Request, call_next: Callable) -> Any:
        if request.method == "POST":
            size = 0
            async for part in request.stream():
                size += len(part)
            if request.headers.get("x-signature") != str(size):
                return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected status 401, got status 201. This order was placed without a right signature.",
)
def no_check_any_more():
    async def check(request: Request, call_next: Callable) -> Any:
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected status 401, got status 201. This order was placed without a right signature.",
)
def missing_is_let_through():
    async def check(request: Request, call_next: Callable) -> Any:
        given = request.headers.get("x-signature")
        if given is not None and given != str(len(await request.body())):
            return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="reads_without_signature",
    says="Expected status 200, got status 401. Only orders are signed.",
)
def asks_everybody():
    async def check(request: Request, call_next: Callable) -> Any:
        if request.headers.get("x-signature") != str(len(await request.body())):
            return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected status 401, got status 201. Two headers that are both missing are equal; count the body itself.",
)
def compares_two_headers():
    async def check(request: Request, call_next: Callable) -> Any:
        given = request.headers.get("x-signature")
        if request.method == "POST" and given != request.headers.get("content-length"):
            return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="places_signed_orders",
    says="Expected status 201, got status 401. The partner did everything right.",
)
def counts_characters():
    async def check(request: Request, call_next: Callable) -> Any:
        size = len((await request.body()).decode())
        if request.method == "POST" and request.headers.get("x-signature") != str(size):
            return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


def _named(keep: Callable[[Request, str], None], read: Callable[[Request], str]) -> FastAPI:
    app = make_shop()

    async def known_user(request: Request, x_token: Annotated[str, Header()]) -> str:
        name = x_token.removeprefix("token-of-")
        keep(request, name)
        return name

    @app.get("/me")
    async def who_am_i(name: Annotated[str, Depends(known_user)]) -> str:
        return name

    @app.middleware("http")
    async def name_user(request: Request, call_next: Callable) -> Any:
        response = await call_next(request)
        response.headers["X-User"] = read(request)
        return response

    return app


@wrong(
    "named_answers",
    fails="names_the_user",
    says="Expected the header X-User: dvryhiuw, got X-User: nobody. Support reads the header to know who was served.",
)
def context_variable():
    user: ContextVar[str] = ContextVar("user", default="nobody")
    return _named(lambda request, name: user.set(name) and None, lambda request: user.get())


@wrong(
    "named_answers",
    fails="names_nobody",
    says="Expected the header X-User: nobody, got X-User: alsplila. The name of the last visitor is nobody's business.",
)
def global_variable():
    last = {"name": "nobody"}
    return _named(lambda request, name: last.update(name=name), lambda request: last["name"])


@wrong(
    "named_answers",
    fails="names_nobody",
    says="Expected the header X-User: nobody, got X-User: alsplila. A token that `known_user` did not look at names nobody.",
)
def reads_the_token_itself():
    def read(request: Request) -> str:
        return request.headers.get("x-token", "nobody").removeprefix("token-of-")

    return _named(lambda request, name: None, read)


@wrong(
    "named_answers",
    fails="keeps_names_apart",
    says="Expected the header X-User: kbhplcmt, got X-User: ildcqchd. A variable that all requests share holds one name only.",
)
def global_variable_cleared():
    last = {"name": "nobody"}

    def read(request: Request) -> str:
        name = last["name"]
        last["name"] = "nobody"
        return name

    async def known_user(x_token: Annotated[str, Header()]) -> AsyncIterator[str]:
        last["name"] = x_token.removeprefix("token-of-")
        import asyncio

        await asyncio.sleep(0.01)  # a database is asked
        yield x_token.removeprefix("token-of-")

    app = make_shop()

    @app.get("/me")
    async def who_am_i(name: Annotated[str, Depends(known_user)]) -> str:
        return name

    @app.middleware("http")
    async def name_user(request: Request, call_next: Callable) -> Any:
        response = await call_next(request)
        response.headers["X-User"] = read(request)
        return response

    return app


def _ids(
    pattern: str = r"[A-Za-z0-9-]{8,64}",
    *,
    keep: bool = True,
    new: Callable[[], str] = lambda: uuid4().hex,
    state: bool = True,
    outside: bool = True,
    methods: tuple[str, ...] = (),
    kinds: tuple[str, ...] = ("http", "websocket", "lifespan"),
    on_self: bool = False,
) -> Any:
    class RequestId:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] not in kinds:
                return
            if methods and scope.get("method") not in methods:
                await self.app(scope, receive, send)
                return
            given = Headers(scope=scope).get("x-request-id", "") if "headers" in scope else ""
            request_id = given if keep and re.fullmatch(pattern, given) else new()
            self.request_id = request_id
            if state:
                scope.setdefault("state", {})["request_id"] = request_id

            async def marked(message: Message) -> None:
                if message["type"] == "http.response.start":
                    the_id = self.request_id if on_self else request_id
                    MutableHeaders(scope=message)["X-Request-ID"] = the_id
                await send(message)

            await self.app(scope, receive, marked)

    inner = make_shop()

    @inner.get("/id")
    async def read_id(request: Request) -> str:
        return getattr(request.state, "request_id", "unknown")

    @inner.get("/broken")
    async def break_down() -> str:
        raise RuntimeError("a bug")

    if outside:
        return RequestId(inner)
    inner.add_middleware(RequestId)
    return inner


@wrong(
    "checked_ids",
    fails="keeps_good_ids",
    says="Expected the header X-Request-ID: w-kJu1fZ, got X-Request-ID: an-id-of-its-own. A proxy in front has written this id into its own log.",
)
def always_new():
    return _ids(keep=False, new=lambda: "an-id-of-its-own")


@wrong(
    "checked_ids",
    fails="replaces_bad_ids",
    says="Expected a new id in place of 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', got 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'. What a client sends here ends up in your log, line by line.",
)
def takes_everything():
    return _ids(".+")


@wrong(
    "checked_ids",
    fails="replaces_bad_ids",
    says="Expected a new id in place of 'gydmxmahé', got 'gydmxmahé'. What a client sends here ends up in your log, line by line.",
)
def letters_of_any_language():
    return _ids(r"[\w-]{8,64}")


@wrong(
    "checked_ids",
    fails="makes_new_ids",
    says="Expected five requests, five ids of 8 to 64 letters, digits or hyphens, got request-id, request-id, request-id, request-id, request-id. An id that two requests share finds neither.",
)
def always_the_same():
    return _ids(new=lambda: "request-id")


@wrong(
    "checked_ids",
    fails="marks_every_answer",
    says="Expected the header X-Request-ID: nazovwkqfbqe, got no X-Request-ID header. The answer that goes wrong is the one that somebody asks about.",
)
def added_inside():
    return _ids(outside=False)


@wrong(
    "checked_ids",
    fails="endpoint_sees_it",
    says='Expected the JSON "an-id-of-its-own", got "unknown". Lines of the log are written inside; they need the id that the client has.',
)
def kept_from_the_endpoint():
    return _ids(state=False, new=lambda: "an-id-of-its-own")


@wrong(
    "checked_ids",
    fails="replaces_bad_ids",
    says="Expected a new id in place of 'zubgwtyb_zlophels', got 'zubgwtyb_zlophels'. What a client sends here ends up in your log, line by line.",
)
def underscores_as_well():
    return _ids(r"(?a:[\w-]{8,64})")


@wrong(
    "pure_stamp",
    fails="stamps_and_keeps",
    says="Expected the header X-Shop: tea house, got no X-Shop header. A POST is answered too; its body reaches the app, and the answer stays as it was.",
)
def stamps_reading_only():
    class OnGet(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") == "GET":
                await super().__call__(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    return OnGet


@wrong(
    "complete_log",
    fails="logs_refusals",
    says="Expected /uofpillh 401 in the log, got /mmzottti 401. Who tries keys all night is who you want to see there.",
)
def logs_reading_only():
    return _log_app("key", "write_gets")


@wrong(
    "complete_log",
    fails="logs_refusals",
    says="Expected status 401, got status 404. Nobody asked for the key here. A middleware asks on every path, a dependency only on routes that exist.",
)
def key_as_a_dependency():
    async def need_key(request: Request) -> None:
        if request.headers.get("x-key") != "sesame":
            raise HTTPException(401)

    return _log_app("write", dependencies=[Depends(need_key)])


@wrong(
    "complete_log",
    fails="logs_everything",
    says="Expected /mllojiez 404 once in the log, got it 2 times. One request is one line, or whoever counts them counts wrong.",
)
def one_log_inside_and_one_outside():
    return _log_app("write", "key", "write")


@wrong(
    "complete_log",
    fails="still_needs_the_key",
    says="Expected status 401, got status 422. The log got better; the lock must not get worse.",
)
def key_for_reading_only():
    return _log_app("key_for_gets", "write")


@wrong(
    "trusted_names",
    fails="answers_our_names",
    says="Expected status 200 for the host xgqapymu.shop.example, got status 400. Every name that ends with `.shop.example` is yours, whatever is in front.",
)
def names_one_by_one():
    return _hosts("shop.example", "www.shop.example", "shop.test")


@wrong(
    "trusted_names",
    fails="answers_our_names",
    says="Expected status 200 for the host shop.example, got status 307. Whoever types this name is to be answered, not sent to another one.",
)
def bare_name_is_sent_on():
    return _hosts("www.shop.example", "*.shop.example", "shop.test")


@wrong(
    "trusted_names",
    fails="refuses_other_names",
    says="Expected status 400 for a GET to the host www.shop.test, got status 200. The name ends up in links and redirects that your app makes.",
)
def anything_in_front_of_the_tests():
    return _hosts("shop.example", "*.shop.example", "shop.test", "*.shop.test")


def _hosts_by_hand(pattern: str, *methods: str) -> FastAPI:
    app = make_shop()

    @app.middleware("http")
    async def check_host(request: Request, call_next: Callable) -> Response:
        ours = re.fullmatch(pattern, request.url.hostname or "")
        if ours or request.method not in methods:
            return await call_next(request)
        return JSONResponse({"detail": "unknown host"}, 400)

    return app


@wrong(
    "trusted_names",
    fails="refuses_other_names",
    says="Expected status 400 for a GET to the host shopxexample, got status 200. The name ends up in links and redirects that your app makes.",
)
def any_character_for_the_point():
    return _hosts_by_hand(r"(.+\.)?shop.example|shop\.test", "GET", "POST")


@wrong(
    "trusted_names",
    fails="refuses_other_names",
    says="Expected status 400 for a POST to the host qoienwyk.example, got status 422. The name ends up in links and redirects that your app makes.",
)
def names_checked_when_reading():
    return _hosts_by_hand(r"(.+\.)?shop\.example|shop\.test", "GET")


def _sizes_by_path(limit_of: Callable[[Request], int | None], **options: Any) -> FastAPI:
    app = FastAPI(**options)

    @app.middleware("http")
    async def check(request: Request, call_next: Callable) -> Any:
        limit = limit_of(request)
        if limit is not None and len(await request.body()) > limit:
            return JSONResponse(None, 413)
        return await call_next(request)

    @app.post("/notes")
    @app.post("/uploads")
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@wrong(
    "small_bodies",
    fails="bounds_new_routes",
    says="Expected status 200, got status 413. A new route takes as much as the others; only what is larger is refused.",
)
def nothing_for_new_routes():
    limits = {"/notes": 1000, "/uploads": 5000}
    return _sizes_by_path(lambda request: limits.get(request.url.path, 0))


@wrong(
    "small_bodies",
    fails="bounds_new_routes",
    says="Expected status 413, got status 200. The limit of a route, or a check in its function, is for that route only.",
)
def posts_only():
    def limit_of(request: Request) -> int | None:
        if request.method != "POST":
            return None
        return 5000 if request.url.path == "/uploads" else 1000

    return _sizes_by_path(limit_of)


@wrong(
    "small_bodies",
    fails="bounds_new_routes",
    says="Expected status 413, got status 200. Content-Length is the client's word; count the bytes that come.",
)
def believes_the_header_on_new_routes():
    app = FastAPI()

    @app.middleware("http")
    async def check(request: Request, call_next: Callable) -> Any:
        limit = 5000 if request.url.path == "/uploads" else 1000
        if int(request.headers.get("content-length", 0)) > limit:
            return JSONResponse(None, 413)
        return await call_next(request)

    @app.post("/notes", max_body_size=1000)
    @app.post("/uploads", max_body_size=5000)
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected status 401, got status 201. This order was placed without a right signature.",
)
def at_least_as_large():
    async def check(request: Request, call_next: Callable) -> Any:
        if request.method == "POST":
            given = request.headers.get("x-signature", "")
            if not given.isdecimal() or int(given) < len(await request.body()):
                return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected status 401, got status 201. This order was placed without a right signature.",
)
def at_most_as_large():
    async def check(request: Request, call_next: Callable) -> Any:
        if request.method == "POST":
            given = request.headers.get("x-signature", "")
            if not given.isdecimal() or not 0 < int(given) <= len(await request.body()):
                return JSONResponse(None, 401)
        return await call_next(request)

    return _signed(check)


@wrong(
    "signed_orders",
    fails="refuses_unsigned_orders",
    says="Expected no order of those that were refused among the orders, got one for 'cslkhkut'. It was answered 401 and placed all the same: check before you call the endpoint.",
)
def placed_and_then_refused():
    async def check(request: Request, call_next: Callable) -> Any:
        body = await request.body()
        response = await call_next(request)
        if request.method == "POST" and request.headers.get("x-signature") != str(len(body)):
            return JSONResponse(None, 401)
        return response

    return _signed(check)


@wrong(
    "named_answers",
    fails="keeps_names_apart",
    says="Expected the header X-User: kbhplcmt, got X-User: ildcqchd. A variable that all requests share holds one name only.",
)
def global_variable_in_pure_asgi():
    last = {"name": "nobody"}

    class NameUser(_Layer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            last["name"] = "nobody"

            async def named(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["X-User"] = last["name"]
                await send(message)

            await self.app(scope, receive, named)

    async def known_user(x_token: Annotated[str, Header()]) -> str:
        last["name"] = x_token.removeprefix("token-of-")
        return last["name"]

    app = make_shop()
    app.add_middleware(NameUser)

    @app.get("/me")
    async def who_am_i(name: Annotated[str, Depends(known_user)]) -> str:
        return name

    return app


@wrong(
    "named_answers",
    fails="names_nobody",
    says="Expected the header X-User: nobody, got X-User: . Without a token `known_user` found nobody, and this answer is one of `/me`, too.",
)
def reads_the_token_of_me():
    def read(request: Request) -> str:
        if request.url.path != "/me":
            return "nobody"
        return request.headers.get("x-token", "").removeprefix("token-of-")

    return _named(lambda request, name: None, read)


@wrong(
    "checked_ids",
    fails="marks_every_answer",
    says="Expected the header X-Request-ID: nazovwkqfbqe, got no X-Request-ID header. The answer that goes wrong is the one that somebody asks about.",
)
def marks_reading_only():
    return _ids(methods=("GET",))


@wrong(
    "checked_ids",
    fails="keeps_ids_apart",
    says="Expected the header X-Request-ID: zitczoplaatx, got X-Request-ID: qunssgdttevt. All requests share one object of the class: keep the id in a variable of `__call__`, not on `self`.",
)
def id_on_the_object():
    return _ids(on_self=True)


@wrong(
    "checked_ids",
    fails="passes_sockets_on",
    says="Expected a WebSocket to an unknown path to be refused by the app inside, got no answer at all. A layer around the whole app is called for WebSockets and the lifespan as well, and hands them on.",
)
def leaves_sockets_alone():
    return _ids(kinds=("http", "lifespan"))


@wrong(
    "checked_ids",
    fails="replaces_bad_ids",
    says="Expected a new id in place of 'aoaqrnig.udsa', got 'aoaqrnig.udsa'. What a client sends here ends up in your log, line by line.",
)
def points_as_well():
    return _ids(r"[A-Za-z0-9.-]{8,64}")


@wrong(
    "checked_ids",
    fails="replaces_bad_ids",
    says="Expected a new id in place of 'wmstbkjf+cqtx', got 'wmstbkjf+cqtx'. What a client sends here ends up in your log, line by line.",
)
def signs_of_base64_as_well():
    return _ids(r"[A-Za-z0-9+/=-]{8,64}")


@wrong(
    "checked_ids",
    fails="keeps_good_ids",
    says="Expected the header X-Request-ID: w-kJu1fZ, got X-Request-ID: an-id-of-its-own. A proxy in front has written this id into its own log.",
)
def no_hyphens():
    return _ids(r"[A-Za-z0-9]{8,64}", new=lambda: "an-id-of-its-own")


@wrong(
    "complete_log",
    fails="logs_refusals",
    says="Expected status 401, got status 404. Nobody asked for the key here. A middleware asks on every path, a dependency only on routes that exist.",
)
def no_key_at_all():
    return _log_app("write")


@wrong(
    "trusted_names",
    fails="answers_our_names",
    says="Expected status 200 for the host shop.example, got status 404. The shop lists its items under each of its names.",
)
def app_without_items():
    return FastAPI()

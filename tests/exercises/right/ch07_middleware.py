"""Right answers to the exercises of chapter 7, written differently from the solutions."""

import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbook.proofs import no_other_right, right


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


no_other_right(
    "stamped_answers", "the five lines that are needed have one order in which they work"
)


@right("pure_stamp")
def function_in_a_function():
    def stamp(app: ASGIApp) -> ASGIApp:
        async def stamped(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = [*message.get("headers", []), (b"x-shop", b"tea house")]
                    message = {**message, "headers": headers}
                await send(message)

            await app(scope, receive, send_on)

        return stamped

    return stamp


@right("complete_log")
def list_of_middleware():
    log: list[str] = []

    class WriteLog:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    log.append(f"{scope['path']} {message['status']}")
                await send(message)

            await self.app(scope, receive, note)

    class NeedKey:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and (b"x-key", b"sesame") not in scope["headers"]:
                await PlainTextResponse("no", 401)(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    app = make_shop(middleware=[Middleware(WriteLog), Middleware(NeedKey)])

    @app.get("/log")
    def read_log() -> list[str]:
        return log

    return app


@right("complete_log")
def written_after_the_answer():
    log: list[str] = []

    class WriteLog:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            statuses: list[int] = []

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                await send(message)

            await self.app(scope, receive, note)
            log.append(f"{scope['path']} {statuses[0]}")

    app = make_shop()

    @app.middleware("http")
    async def need_key(request: Request, call_next: Callable) -> Any:
        if request.headers.get("x-key") != "sesame":
            return JSONResponse({"detail": "A key is missing."}, 401)
        return await call_next(request)

    app.add_middleware(WriteLog)

    @app.get("/log")
    def read_log() -> list[str]:
        return log

    return app


@right("trusted_names")
def own_middleware():
    app = make_shop()

    @app.middleware("http")
    async def check_host(request: Request, call_next: Callable) -> Response:
        host = request.headers.get("host", "").partition(":")[0]
        if host in {"shop.example", "shop.test"} or host.endswith(".shop.example"):
            return await call_next(request)
        return PlainTextResponse("unknown host", 400)

    return app


@right("trusted_names")
def without_www_redirect():
    return make_shop(
        middleware=[
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=("shop.test", "*.shop.example", "shop.example"),
                www_redirect=False,
            )
        ]
    )


@right("small_bodies")
def limit_on_a_router():
    app = FastAPI(max_body_size=1000)
    parcels = APIRouter(max_body_size=5000)

    @app.post("/notes")
    @parcels.post("/uploads")
    async def size(request: Request) -> int:
        total = 0
        async for part in request.stream():
            total += len(part)
        return total

    app.include_router(parcels)
    return app


@right("small_bodies")
def layer_around_the_app():
    class Limit:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            left = 5000 if scope.get("path") == "/uploads" else 1000

            async def counted() -> Message:
                nonlocal left
                message = await receive()
                left -= len(message.get("body", b""))
                if left < 0:
                    raise HTTPException(413)
                return message

            await self.app(scope, counted if scope["type"] == "http" else receive, send)

    app = FastAPI()

    @app.post("/notes")
    @app.post("/uploads")
    async def size(request: Request) -> int:
        return len(await request.body())

    return Limit(app)


@right("signed_orders")
def pure_and_replayed():
    class CheckSignature:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await self.app(scope, receive, send)
                return
            request = Request(scope, receive)
            body = await request.body()

            async def replay() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            signed = request.headers.get("x-signature") == str(len(body))
            await (self.app if signed else JSONResponse(None, 401))(scope, replay, send)

    return make_shop(middleware=[Middleware(CheckSignature)])


@right("signed_orders")
def as_a_dependency():
    async def signed(request: Request, x_signature: Annotated[str, Header()] = "") -> None:
        if x_signature != str(len(await request.body())):
            raise HTTPException(401)

    app = FastAPI()

    @app.get("/items")
    async def list_items() -> list[str]:
        return ["tea", "cup", "pot"]

    @app.post("/orders", status_code=201, dependencies=[Depends(signed)])
    async def place_order(order: Order) -> Order:
        return order

    return app


@right("named_answers")
def variable_in_pure_asgi():
    user: ContextVar[str] = ContextVar("user", default="nobody")

    class NameUser:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            user.set("nobody")

            async def named(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-user", user.get().encode()))
                await send(message)

            await self.app(scope, receive, named)

    async def known_user(x_token: Annotated[str, Header()]) -> str:
        user.set(x_token.removeprefix("token-of-"))
        return user.get()

    app = make_shop()
    app.add_middleware(NameUser)

    @app.get("/me")
    async def who_am_i(name: Annotated[str, Depends(known_user)]) -> str:
        return name

    return app


@right("checked_ids")
def edits_the_messages():
    good = re.compile(r"^[-\w]+$", re.ASCII)

    class RequestId:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            headers = dict(scope.get("headers", []))
            given = headers.get(b"x-request-id", b"").decode("latin-1")
            fits = good.match(given) and "_" not in given and 8 <= len(given) <= 64
            request_id = given if fits else secrets.token_hex(8)
            scope["state"] = {**scope.get("state", {}), "request_id": request_id}

            async def marked(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        *message.get("headers", []),
                        (b"x-request-id", request_id.encode()),
                    ]
                await send(message)

            await self.app(scope, receive, marked if scope["type"] == "http" else send)

    inner = make_shop()

    @inner.get("/id")
    async def read_id(request: Request) -> str:
        return request.state.request_id

    @inner.get("/broken")
    async def break_down() -> str:
        raise RuntimeError("a bug")

    return RequestId(inner)

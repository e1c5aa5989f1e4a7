"""Right answers to the exercises of chapter 13, written differently from the solutions."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Cookie, FastAPI, Header, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from workbook.proofs import right

PAGE = "http://localhost:3000"


class Price(BaseModel):
    price: float


def make_shop(**options: Any) -> FastAPI:
    """The small API of the chapter's set-up cell."""
    app = FastAPI(**options)

    @app.get("/items")
    async def list_items(response: Response) -> list[str]:
        response.headers["X-Total-Count"] = "2"
        return ["tea", "cup"]

    @app.put("/items/{item_id}")
    async def set_price(item_id: int, price: Price) -> Price:
        return price

    @app.get("/me")
    async def read_me(session: Annotated[str, Cookie()] = "") -> str:
        return "Ada's address" if session == "ada" else "nobody"

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("a bug")

    return app


@right("wrong_spelling")
def in_the_constructor():
    pages = {
        "http://localhost:3000",
        "https://shop.example",
        "https://admin.shop.example:8443",
    }
    return make_shop(middleware=[Middleware(CORSMiddleware, allow_origins=pages)])


@right("wrong_spelling")
def around_the_app():
    return CORSMiddleware(
        make_shop(),
        allow_origins=["https://shop.example"],
        allow_origin_regex=r"http://localhost:3000|https://admin\.shop\.example:8443",
        allow_methods=["*"],
    )


@right("allowed_pages")
def one_pattern_and_more_methods():
    app = make_shop()
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=r"http://localhost:3000|https://admin\.example",
        allow_methods=("GET", "HEAD", "POST", "PUT"),
        allow_headers=["*"],
        max_age=60,
    )
    return app


@right("locked_preflight")
def key_as_a_dependency():
    async def need_key(x_key: Annotated[str, Header()] = "") -> None:
        if x_key != "key-of-the-page":
            raise HTTPException(401, "A key is missing.")

    from fastapi import Depends

    app = make_shop(dependencies=[Depends(need_key)])
    app.add_middleware(CORSMiddleware, allow_origins=[PAGE], allow_headers=["x-key"])
    return app


@right("locked_preflight")
def list_of_middleware():
    class NeedKey:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            known = (b"x-key", b"key-of-the-page") in scope.get("headers", [])
            if scope["type"] == "http" and not known:
                await JSONResponse({"detail": "A key is missing."}, 401)(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    return make_shop(
        middleware=[
            Middleware(CORSMiddleware, allow_origins=[PAGE], allow_headers=["X-Key"]),
            Middleware(NeedKey),
        ]
    )


@right("visible_500")
def answered_inside():
    app = make_shop()

    @app.middleware("http")
    async def answer_bugs(request: Request, call_next: Callable) -> Response:
        try:
            return await call_next(request)
        except Exception:  # noqa: BLE001 - the layer that answers bugs
            return JSONResponse({"detail": "Our mistake."}, 500)

    app.add_middleware(CORSMiddleware, allow_origins=[PAGE])
    return app


@right("visible_500")
def handler_writes_the_header():
    app = make_shop()
    app.add_middleware(CORSMiddleware, allow_origins=[PAGE])

    @app.exception_handler(Exception)
    async def sorry(request: Request, error: Exception) -> Response:
        response = await http_exception_handler(request, HTTPException(500))
        if request.headers.get("origin") == PAGE:
            response.headers["Access-Control-Allow-Origin"] = PAGE
        response.headers["Vary"] = "Origin"
        return response

    return app


@right("edge_order")
def key_first():
    return "E F G C A"


@right("cookie_pages")
def by_pattern():
    app = make_shop()
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex="http://localhost:3000",
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["*"],
    )
    return app


@right("preview_pages")
def list_and_pattern():
    app = make_shop()
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["https://shop.example"],
        allow_origin_regex=r"https://pr-[0-9]{1,6}\.preview\.shop\.example",
    )
    return app

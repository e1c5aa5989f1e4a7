"""The order in which FastAPI works on a request, as the x-ray shows it."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from workbook.client import client
from workbook.xray import Span, XRay, xray

pytestmark = pytest.mark.anyio


class Item(BaseModel):
    name: str


class OuterMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class InnerMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


def names(ray: XRay, *kinds: str) -> list[str]:
    return [span.name for span in ray.of_kind(*kinds)]


def steps(ray: XRay) -> list[str]:
    """Kind and name of all that is not built into every app."""
    return [f"{span.kind} {span.name}" for span in ray.spans if span.kind != "internal"]


def only(ray: XRay, kind: str) -> Span:
    [span] = ray.of_kind(kind)
    return span


async def test_the_middleware_added_last_is_outermost() -> None:
    """Whatever its style: pure ASGI, a subclass of BaseHTTPMiddleware, one of Starlette's own."""
    app = FastAPI()
    app.add_middleware(InnerMiddleware)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    app.add_middleware(OuterMiddleware)

    ray = await xray(app, "GET", "/")

    assert names(ray, "middleware") == ["OuterMiddleware", "CORSMiddleware", "InnerMiddleware"]
    assert [span.depth for span in ray.of_kind("middleware")] == [0, 1, 2]


async def test_a_middleware_function_is_known_by_its_name() -> None:
    """`@app.middleware("http")` wraps it in a class that says nothing."""
    app = FastAPI()

    @app.middleware("http")
    async def add_request_id(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    ray = await xray(app, "GET", "/")
    assert names(ray, "middleware") == ["add_request_id (BaseHTTPMiddleware)"]


async def test_a_middleware_that_is_a_closure_is_seen_and_so_is_what_it_wraps() -> None:
    """It keeps the next app in a variable, not in an attribute."""

    def without_trailers(app: ASGIApp) -> ASGIApp:
        async def drop_trailers(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        return drop_trailers

    app = FastAPI()
    app.add_middleware(OuterMiddleware)
    app.add_middleware(without_trailers)

    ray = await xray(app, "GET", "/")
    assert names(ray, "middleware") == ["drop_trailers", "OuterMiddleware"]


async def test_a_middleware_that_answers_itself_has_nothing_inside() -> None:
    """A CORS preflight never gets to the routes."""
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    headers = {"origin": "https://shop.example", "access-control-request-method": "GET"}

    ray = await xray(app, "OPTIONS", "/", headers=headers)

    assert steps(ray) == ["middleware CORSMiddleware", "send response.start", "send response.body"]
    assert "answers by itself" in ray.table


async def test_the_layers_of_every_app_are_marked_internal() -> None:
    """They are shown, but they are nobody's own code."""
    ray = await xray(FastAPI(), "GET", "/")
    assert names(ray, "internal") == [
        "ServerErrorMiddleware",
        "ExceptionTelemetryMiddleware",
        "AppBodyLimitMiddleware",
        "ExceptionMiddleware",
        "AsyncExitStackMiddleware",
    ]


async def test_the_whole_way_of_a_request() -> None:
    """Body, dependencies, validation, endpoint, function exits, send, tasks, request exits."""
    app = FastAPI()

    async def get_session() -> AsyncIterator[str]:
        yield "session"

    async def open_log() -> AsyncIterator[str]:
        yield "log"

    def send_mail() -> None: ...

    @app.post("/items")
    async def create_item(
        item: Item,
        session: Annotated[str, Depends(get_session, scope="function")],
        log: Annotated[str, Depends(open_log)],
        tasks: BackgroundTasks,
    ) -> Item:
        tasks.add_task(send_mail)
        return item

    ray = await xray(app, "POST", "/items", json={"name": "lamp"})

    assert steps(ray) == [
        "routing POST /items",
        "body read the body",
        "body parse the JSON",
        "dependency get_session",
        "dependency open_log",
        "validation parameters of create_item",
        "endpoint create_item",
        "serialization response",
        "exit get_session",
        "send response.start",
        "send response.body",
        "background send_mail",
        "exit open_log",
    ]
    assert ray.response.json() == {"name": "lamp"}
    starts = [span.start for span in ray.spans]
    assert starts == sorted(starts)
    assert all(0 <= span.start <= span.end for span in ray.spans)


async def test_a_dependency_refuses_before_the_route_checks_its_own_parameters() -> None:
    """The 401 wins over the 422 that the limit deserves."""
    app = FastAPI()

    async def require_key() -> None:
        raise HTTPException(401)

    @app.get("/items", dependencies=[Depends(require_key)])
    async def list_items(limit: Annotated[int, Query(le=100)]) -> list[Item]:
        return []

    ray = await xray(app, "GET", "/items?limit=101")

    assert ray.response.status_code == 401
    assert ray.of_kind("validation", "endpoint") == []
    assert only(ray, "dependency").error == "HTTPException: 401"
    assert only(ray, "handler").note == "for HTTPException: 401"


async def test_a_dependency_runs_even_when_the_parameters_are_wrong() -> None:
    """The checks of the route's own parameters come after it, and name what they refuse."""
    app = FastAPI()

    async def count_visit() -> None: ...

    @app.get("/items", dependencies=[Depends(count_visit)])
    async def list_items(limit: Annotated[int, Query(le=100)]) -> list[Item]:
        return []

    ray = await xray(app, "GET", "/items?limit=101")

    assert ray.response.status_code == 422
    assert steps(ray)[:4] == [
        "routing GET /items",
        "dependency count_visit",
        "validation parameters of list_items",
        "handler request_validation_exception_handler",
    ]
    assert only(ray, "validation").error == (
        "query.limit: Input should be less than or equal to 100"
    )


async def test_malformed_json_is_refused_before_any_dependency() -> None:
    """The body is parsed first."""
    app = FastAPI()

    async def count_visit() -> None: ...

    @app.post("/items", dependencies=[Depends(count_visit)])
    async def create_item(item: Item) -> Item:
        return item

    ray = await xray(
        app, "POST", "/items", content=b"{", headers={"content-type": "application/json"}
    )

    assert ray.response.status_code == 422
    assert ray.of_kind("dependency") == []
    assert ray.of_kind("body")[-1].error.startswith("JSONDecodeError")


async def test_dependencies_stand_in_the_order_in_which_they_are_resolved() -> None:
    """What a dependency needs comes before it, one level deeper."""
    app = FastAPI()

    async def read_token() -> str:
        return "token"

    async def current_user(token: Annotated[str, Depends(read_token)]) -> str:
        return "ada"

    async def pagination() -> None: ...

    @app.get("/me", dependencies=[Depends(pagination)])
    async def read_me(user: Annotated[str, Depends(current_user)]) -> str:
        return user

    ray = await xray(app, "GET", "/me")
    assert [(span.name, span.depth) for span in ray.of_kind("dependency")] == [
        ("pagination", 0),
        ("read_token", 1),
        ("current_user", 0),
    ]


async def test_a_dependency_that_two_need_is_called_once() -> None:
    """The second time its value is there; without the cache it is called again."""
    app = FastAPI()

    async def get_session() -> str:
        return "session"

    async def current_user(session: Annotated[str, Depends(get_session)]) -> str:
        return "ada"

    @app.get("/cached")
    async def cached(
        user: Annotated[str, Depends(current_user)], session: Annotated[str, Depends(get_session)]
    ) -> None: ...

    @app.get("/again")
    async def again(
        user: Annotated[str, Depends(current_user)],
        session: Annotated[str, Depends(get_session, use_cache=False)],
    ) -> None: ...

    def of_session(ray: XRay) -> list[bool]:
        return [span.cached for span in ray.of_kind("dependency") if span.name == "get_session"]

    assert of_session(await xray(app, "GET", "/cached")) == [False, True]
    assert of_session(await xray(app, "GET", "/again")) == [False, False]


async def test_def_runs_on_a_worker_thread_and_async_def_on_the_event_loop() -> None:
    """Of endpoints, dependencies, their exits, and background tasks."""
    app = FastAPI()

    def blocking() -> Iterator[None]:
        yield

    async def awaiting() -> AsyncIterator[None]:
        yield

    class Pagination:
        def __init__(self, limit: int = 10) -> None:
            self.limit = limit

    def send_mail() -> None: ...

    async def send_event() -> None: ...

    needs = [Depends(blocking), Depends(awaiting), Depends(Pagination)]

    @app.get("/blocking", dependencies=needs)
    def read_blocking(tasks: BackgroundTasks) -> None:
        tasks.add_task(send_mail)
        tasks.add_task(send_event)

    @app.get("/awaiting")
    async def read_awaiting() -> None: ...

    ray = await xray(app, "GET", "/blocking")
    own = ray.of_kind("dependency", "endpoint", "background", "exit")
    assert [(span.name, span.where) for span in own] == [
        ("blocking", "worker thread"),
        ("awaiting", "event loop"),
        ("Pagination", "worker thread"),
        ("read_blocking", "worker thread"),
        ("send_mail", "worker thread"),
        ("send_event", "event loop"),
        ("awaiting", "event loop"),
        ("blocking", "worker thread"),
    ]
    assert only(await xray(app, "GET", "/awaiting"), "endpoint").where == "event loop"


async def test_an_override_is_shown_under_its_own_name() -> None:
    """And says what it stands in for."""
    app = FastAPI()

    async def current_user() -> str:
        return "ada"

    async def test_user() -> str:
        return "test"

    @app.get("/me")
    async def read_me(user: Annotated[str, Depends(current_user)]) -> str:
        return user

    app.dependency_overrides[current_user] = test_user
    ray = await xray(app, "GET", "/me")

    assert only(ray, "dependency").name == "test_user"
    assert only(ray, "dependency").note == "overrides current_user"


async def test_a_dependency_whose_parameters_are_missing_is_not_called() -> None:
    """Its check is shown, and each mistake stands where it was found."""
    app = FastAPI()

    async def read_token(x_token: Annotated[str, Header()]) -> str:
        return x_token

    @app.get("/items")
    async def list_items(
        token: Annotated[str, Depends(read_token)], limit: Annotated[int, Query()]
    ) -> None: ...

    ray = await xray(app, "GET", "/items")
    assert [(span.name, span.error) for span in ray.of_kind("dependency", "validation")] == [
        ("parameters of read_token", "header.x-token: Field required"),
        ("parameters of list_items", "query.limit: Field required"),
    ]


async def test_routes_of_mounted_apps_and_routers_are_named_in_full() -> None:
    """A mount is found first, then the route inside it."""
    shop = FastAPI()

    @shop.get("/items/{item_id}")
    async def read_item(item_id: int) -> int:
        return item_id

    app = FastAPI()
    app.mount("/shop", shop)

    ray = await xray(app, "GET", "/shop/items/3")
    assert names(ray, "routing") == ["GET /shop/{path}", "GET /shop/items/{item_id}"]
    assert names(ray, "endpoint") == ["read_item"]


async def test_a_path_without_a_route() -> None:
    """The router raises the 404, and a handler answers it."""
    ray = await xray(FastAPI(), "GET", "/nowhere")
    assert ray.response.status_code == 404
    assert only(ray, "routing").name == "no route matched"
    assert only(ray, "routing").error == "HTTPException: 404"
    assert only(ray, "handler").name == "http_exception_handler"


async def test_the_app_of_an_open_client_is_started_once() -> None:
    """An x-ray through a client uses the app as it runs."""
    started: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        started.append("up")
        yield

    app = FastAPI(lifespan=lifespan)
    async with client(app) as http:
        await xray(http, "GET", "/")
        await xray(http, "GET", "/")
    assert started == ["up"]
    assert [exchange.request.url.path for exchange in http.transcript] == ["/", "/"]

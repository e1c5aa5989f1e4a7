"""An x-ray changes nothing: not the answer, not the app, not other requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Depends,
    FastAPI,
    Form,
    HTTPException,
    Request,
    Response,
    Security,
    UploadFile,
)
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from fastapi.sse import EventSourceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.routing import Mount, Route, Router

from workbook.client import Client, client
from workbook.xray import xray

pytestmark = pytest.mark.anyio

type Call = tuple[str, str, dict[str, Any]]
type Case = Callable[[], tuple[Any, Call]]


class Item(BaseModel):
    name: str
    price: float = 0


def json_body() -> tuple[Any, Call]:
    app = FastAPI()

    @app.post("/items", status_code=201)
    async def create_item(item: Item, response: Response) -> Item:
        response.set_cookie("seen", "yes")
        return item

    return app, ("POST", "/items", {"json": {"name": "lamp"}})


def validation_error() -> tuple[Any, Call]:
    return json_body()[0], ("POST", "/items", {"json": {"price": "much"}})


def form_and_file() -> tuple[Any, Call]:
    app = FastAPI()

    @app.post("/photos")
    async def upload(title: Annotated[str, Form()], photo: UploadFile) -> dict[str, int]:
        return {title: len(await photo.read())}

    return app, ("POST", "/photos", {"data": {"title": "lamp"}, "files": {"photo": b"12345"}})


def compressed_with_cors() -> tuple[Any, Call]:
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=10)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])

    @app.middleware("http")
    async def add_header(request: Request, call_next: Any) -> Any:
        await request.body()
        response = await call_next(request)
        response.headers["x-shop"] = "1"
        return response

    @app.post("/echo")
    def echo(item: Item) -> list[Item]:
        return [item] * 100

    headers = {"origin": "https://shop.example"}
    return app, ("POST", "/echo", {"json": {"name": "lamp"}, "headers": headers})


def streamed() -> tuple[Any, Call]:
    app = FastAPI()

    def report() -> Iterator[str]:
        yield from ("one", "two", "three")

    @app.get("/report")
    def read_report() -> StreamingResponse:
        return StreamingResponse(report(), media_type="text/csv")

    return app, ("GET", "/report", {})


def server_sent_events() -> tuple[Any, Call]:
    app = FastAPI()

    @app.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[Item]:
        yield Item(name="lamp")

    return app, ("GET", "/events", {})


def json_lines() -> tuple[Any, Call]:
    app = FastAPI()

    @app.get("/items")
    def items() -> Iterator[Item]:
        yield Item(name="lamp")
        yield Item(name="chair")

    return app, ("GET", "/items", {})


def secured() -> tuple[Any, Call]:
    app = FastAPI()
    scheme = OAuth2PasswordBearer("token", scopes={"items": "read items"})

    async def current_user(scopes: SecurityScopes, token: Annotated[str, Depends(scheme)]) -> str:
        return f"{token} {scopes.scope_str}"

    @app.get("/me")
    def read_me(user: Annotated[str, Security(current_user, scopes=["items"])]) -> str:
        return user

    return app, ("GET", "/me", {"headers": {"authorization": "Bearer ada"}})


def unauthorised() -> tuple[Any, Call]:
    return secured()[0], ("GET", "/me", {})


def nested_routers() -> tuple[Any, Call]:
    class Checker:
        def __init__(self, limit: int) -> None:
            self.limit = limit

        def __call__(self, n: int) -> bool:
            return n < self.limit

    inner = APIRouter(prefix="/{shop}", dependencies=[Depends(Checker(3))])

    @inner.get("/items")
    async def items(shop: str, small: Annotated[bool, Depends(Checker(5))]) -> list[object]:
        return [shop, small]

    outer = APIRouter(prefix="/shops")
    outer.include_router(inner)
    app = FastAPI()
    app.include_router(outer, prefix="/api")
    return app, ("GET", "/api/shops/north/items?n=4", {})


def mounted() -> tuple[Any, Call]:
    app = FastAPI()
    app.mount("/v1", nested_routers()[0])
    return app, ("GET", "/v1/api/shops/north/items?n=4", {})


def not_found() -> tuple[Any, Call]:
    return FastAPI(), ("GET", "/nowhere", {})


def method_not_allowed() -> tuple[Any, Call]:
    return json_body()[0], ("GET", "/items", {})


def unhandled() -> tuple[Any, Call]:
    app = FastAPI()

    @app.get("/items")
    def items() -> None:
        raise ValueError("on fire")

    return app, ("GET", "/items", {})


def handled() -> tuple[Any, Call]:
    app = FastAPI()

    @app.exception_handler(418)
    async def teapot(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("short and stout", 418)

    @app.get("/tea")
    def tea() -> None:
        raise HTTPException(418)

    return app, ("GET", "/tea", {})


def redirected() -> tuple[Any, Call]:
    app = FastAPI()

    @app.get("/old")
    def old() -> RedirectResponse:
        return RedirectResponse("/new")

    @app.get("/new")
    def new() -> str:
        return "here"

    return app, ("GET", "/old", {"follow_redirects": True})


def background_task() -> tuple[Any, Call]:
    app = FastAPI()

    @app.get("/items")
    def items(tasks: BackgroundTasks) -> str:
        tasks.add_task(str)
        return "later"

    return app, ("GET", "/items", {})


def head() -> tuple[Any, Call]:
    return FastAPI(), ("HEAD", "/docs", {})


def starlette() -> tuple[Any, Call]:
    async def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    routes = [Mount("/deep", app=Router([Route("/hello", hello)]))]
    return Starlette(routes=routes), ("GET", "/deep/hello", {})


def plain_asgi() -> tuple[Any, Call]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 203, "headers": [(b"a", b"b")]})
            await send({"type": "http.response.body", "body": b"plain"})

    return app, ("GET", "/", {})


CASES: list[Case] = [
    json_body,
    validation_error,
    form_and_file,
    compressed_with_cors,
    streamed,
    server_sent_events,
    json_lines,
    secured,
    unauthorised,
    nested_routers,
    mounted,
    not_found,
    method_not_allowed,
    unhandled,
    handled,
    redirected,
    background_task,
    head,
    starlette,
    plain_asgi,
]


def parts(response: httpx.Response) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return response.status_code, response.headers.raw, response.content


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_the_answer_is_the_same_with_and_without(case: Case) -> None:
    """Status, headers and body, byte for byte."""
    app, (method, url, options) = case()
    async with client(app) as http:
        plain = await http.request(method, url, **options)
        ray = await xray(http, method, url, **options)
        after = await http.request(method, url, **options)
    assert parts(ray.response) == parts(plain) == parts(after)
    assert ray.spans
    assert "✕" in ray.table or not any(span.error for span in ray.spans)


def anatomy(app: FastAPI) -> dict[str, Any]:
    """What an app is made of, down to the last layer and handler."""
    layers: list[Any] = []
    layer: Any = app.middleware_stack
    while layer is not app.router:
        layers += [layer, dict(vars(layer)), dict(getattr(layer, "_exception_handlers", {}))]
        layer = layer.app
    return {
        "layers": layers,
        "routes": list(app.routes),
        "overrides": dict(app.dependency_overrides),
        "user middleware": list(app.user_middleware),
        "handlers": dict(app.exception_handlers),
        "state": dict(vars(app)),
    }


async def test_the_app_is_the_same_before_and_after() -> None:
    """Each layer, route, handler and override is the very same object."""
    app, (method, url, options) = compressed_with_cors()
    async with client(app) as http:
        await http.request(method, url, **options)
        before = anatomy(app)
        await xray(http, method, url, **options)
        assert anatomy(app) == before


async def test_an_x_ray_starts_an_app_as_any_request_does() -> None:
    """The stack of layers is built once, and stays."""
    app, (method, url, options) = json_body()
    assert app.middleware_stack is None
    await xray(app, method, url, **options)
    stack = app.middleware_stack
    assert type(stack).__name__ == "ServerErrorMiddleware"
    await xray(app, method, url, **options)
    assert app.middleware_stack is stack


async def test_only_the_x_rayed_request_is_recorded() -> None:
    """Another request that runs meanwhile, through the same app, leaves no span."""
    app = FastAPI()
    both_inside = asyncio.Barrier(2)

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> int:
        await both_inside.wait()
        return item_id

    async with client(app) as http:
        ray, other = await asyncio.gather(xray(http, "GET", "/items/1"), http.get("/items/2"))
    assert [span.kind for span in ray.spans].count("endpoint") == 1
    assert [span.kind for span in ray.spans].count("routing") == 1
    assert (ray.response.json(), other.json()) == (1, 2)


async def test_two_x_rays_at_once_don_t_mix() -> None:
    """Each records its own request, and the last to end puts everything back."""
    app = FastAPI()
    both_inside = asyncio.Barrier(2)

    async def meet() -> None:
        await both_inside.wait()

    @app.get("/{name}", dependencies=[Depends(meet)])
    async def read(name: str) -> str:
        return name

    @app.get("/long/{name}")
    async def read_long(name: str) -> str:
        await both_inside.wait()
        await asyncio.sleep(0.02)
        return name

    async with client(app) as http:
        before = anatomy(app)
        one, other = await asyncio.gather(xray(http, "GET", "/a"), xray(http, "GET", "/long/b"))
        assert before == anatomy(app)
    assert [span.name for span in one.of_kind("dependency", "endpoint")] == ["meet", "read"]
    assert [span.name for span in other.of_kind("dependency", "endpoint")] == ["read_long"]


async def test_an_x_ray_inside_an_x_ray_records_its_own_request() -> None:
    """The inner one's spans are in its own figure, not in the outer one's."""
    inner_app = FastAPI()

    @inner_app.get("/stock")
    async def read_stock() -> int:
        return 3

    app = FastAPI()
    inner: list[Any] = []

    @app.get("/items")
    async def read_items() -> str:
        inner.append(await xray(inner_app, "GET", "/stock"))
        return "done"

    outer = await xray(app, "GET", "/items")
    assert [span.name for span in outer.of_kind("endpoint")] == ["read_items"]
    assert [span.name for span in inner[0].of_kind("endpoint")] == ["read_stock"]


async def test_an_app_with_telemetry_keeps_it() -> None:
    """Its own exporter gets the spans it always gets."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = FastAPI(telemetry={"tracer_provider": provider})

    @app.get("/items/{item_id}")
    def read_item(item_id: int) -> int:
        return item_id

    def exported() -> list[tuple[str, Any]]:
        spans = [(span.name, span.parent is None) for span in exporter.get_finished_spans()]
        exporter.clear()
        return spans

    async with client(app) as http:
        await http.get("/items/1")
        plain = exported()
        ray = await xray(http, "GET", "/items/1")
        assert exported() == plain
    assert ("GET /items/{item_id}", True) in plain
    assert [span.name for span in ray.of_kind("routing", "endpoint")] == [
        "GET /items/{item_id}",
        "read_item",
    ]


async def test_a_server_in_another_process_can_t_be_x_rayed() -> None:
    """There is nothing to see from outside."""
    async with Client.over_socket("/nowhere.sock") as http:
        with pytest.raises(TypeError, match="in this process"):
            await xray(http, "GET", "/")

"""What a route depends on, read from a live app, in the order in which FastAPI resolves it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket

from workbook.client import client
from workbook.dependency_steps import Need, Step, steps_by_route

pytestmark = pytest.mark.anyio


def get_settings() -> str:
    return "settings"


SettingsDep = Annotated[str, Depends(get_settings)]


async def get_session(settings: SettingsDep) -> AsyncGenerator[str]:
    yield "session"


SessionDep = Annotated[str, Depends(get_session, scope="function", max_concurrency=3)]


def check_key() -> None: ...


def make_app() -> FastAPI:
    """An app with a guard, a shared dependency and one with `yield`."""
    app = FastAPI(dependencies=[Depends(check_key)])

    @app.get("/items")
    async def list_items(session: SessionDep, settings: SettingsDep) -> None: ...

    return app


def without_calls(steps: tuple[Step, ...]) -> list[Step]:
    """The steps without the numbers of their calls."""
    return [replace(step, call=-1) for step in steps]


def test_steps_stand_in_the_order_of_the_calls_and_shared_ones_once() -> None:
    """Needs before what needs them; two that ask for the settings lead to one step."""
    steps = steps_by_route(make_app())["GET /items"]
    assert without_calls(steps) == [
        Step("check_key", ()),
        Step("get_settings", ()),
        Step("get_session", (Need(2, True),), scope="function", max_concurrency=3),
        Step("list_items", (Need(1, False), Need(3, True), Need(2, True))),
    ]


async def test_the_order_is_the_one_in_which_fastapi_calls() -> None:
    """The names of the steps are the names that a request runs through."""
    called = []

    def note(name: str) -> None:
        called.append(name)

    def named(name: str) -> partial[None]:
        return partial(note, name)

    app = FastAPI(dependencies=[Depends(first := named("app"))])
    router = APIRouter(prefix="/shop", dependencies=[Depends(second := named("router"))])
    third = named("decorator")

    @router.get("/items", dependencies=[Depends(third), Depends(first)])
    async def list_items(value: Annotated[None, Depends(second)]) -> None: ...

    app.include_router(router, dependencies=[Depends(named("include"))])
    async with client(app) as http:
        await http.get("/shop/items")
    (steps,) = steps_by_route(app).values()
    assert called == ["app", "include", "router", "decorator"]
    assert [len(step.needs) for step in steps] == [0, 0, 0, 0, 6]
    assert [need.number for need in steps[-1].needs] == [1, 2, 3, 4, 1, 3]


def test_without_the_cache_it_is_another_step() -> None:
    """`use_cache=False` means one more call, and so one more step."""
    app = FastAPI()
    Fresh = Annotated[str, Depends(get_settings, use_cache=False)]

    @app.get("/")
    async def compare(first: SettingsDep, second: Fresh, third: SettingsDep) -> None: ...

    steps = steps_by_route(app)["GET /"]
    assert [step.name for step in steps] == ["get_settings", "get_settings", "compare"]
    assert [need.number for need in steps[-1].needs] == [1, 2, 1]
    assert steps[0].call == steps[1].call


def test_an_override_is_shown_with_what_it_replaces() -> None:
    """The step has the stand-in's name and needs; what it needs is resolved, too."""
    app = make_app()

    def lend(settings: SettingsDep) -> str:
        return settings

    app.dependency_overrides[get_session] = lend
    app.dependency_overrides[get_settings] = lambda: "test"
    steps = steps_by_route(app)["GET /items"]
    assert [(step.name, step.stands_in_for, step.scope) for step in steps] == [
        ("check_key", "", ""),
        ("<lambda>", "get_settings", ""),
        ("lend", "get_session", ""),
        ("list_items", "", ""),
    ]


def test_calls_have_one_number_in_the_whole_app() -> None:
    """Two routes that ask for the same dependency name the same call."""
    app = make_app()

    @app.post("/items")
    async def create_item(settings: SettingsDep) -> None: ...

    routes = steps_by_route(app)
    shared = [
        {step.call for step in routes[name] if step.name == "get_settings"}
        for name in ("GET /items", "POST /items")
    ]
    assert shared[0] == shared[1]
    assert len(shared[0]) == 1


def test_a_websocket_is_a_route_and_a_page_is_none() -> None:
    """Routes that have no dependencies, such as /docs, are left out."""
    app = make_app()

    @app.websocket("/chat")
    async def chat(socket: WebSocket, settings: SettingsDep) -> None: ...

    assert list(steps_by_route(app)) == ["GET /items", "WEBSOCKET /chat"]


def test_an_endpoint_that_streams_has_no_exit() -> None:
    """A generator as an endpoint is a stream; only dependencies have an exit."""
    app = FastAPI()

    @app.get("/lines")
    async def stream_lines(session: SessionDep) -> AsyncGenerator[str]:
        yield session

    assert [step.scope for step in steps_by_route(app)["GET /lines"]] == ["", "function", ""]

"""An app that fails still gives a figure, which shows where it failed and who answered."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import fastapi.routing
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from workbook.client import client
from workbook.xray import XRay, xray

pytestmark = pytest.mark.anyio


class OutOfStock(Exception):
    """An error of the shop's own."""


def failed(ray: XRay, *, internal: bool = False) -> list[tuple[str, str]]:
    return [
        (span.name, span.error)
        for span in ray.spans
        if span.error and (internal or span.kind != "internal")
    ]


async def test_an_exception_that_nobody_handles_is_followed_to_the_edge() -> None:
    """It passes through every layer; the outermost sends the 500, outside of all middleware."""
    app = FastAPI()

    @app.get("/items")
    def list_items() -> None:
        raise ValueError("the warehouse is on fire")

    ray = await xray(app, "GET", "/items")

    assert ray.response.status_code == 500
    assert ray.response.text == "Internal Server Error"
    assert str(ray.escaped) == "the warehouse is on fire"
    assert failed(ray, internal=True) == [
        ("ServerErrorMiddleware", "ValueError passes through"),
        ("ExceptionTelemetryMiddleware", "ValueError passes through"),
        ("AppBodyLimitMiddleware", "ValueError passes through"),
        ("ExceptionMiddleware", "ValueError passes through"),
        ("AsyncExitStackMiddleware", "ValueError passes through"),
        ("list_items", "ValueError: the warehouse is on fire"),
    ]
    assert "✕ ValueError: the warehouse is on fire" in ray.table


async def test_a_client_that_would_raise_gets_its_figure() -> None:
    """The x-ray shows the exception instead of raising it; the transcript has it too."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise OutOfStock("none left")

    async with client(broken, raise_app_exceptions=True, lifespan=False) as http:
        ray = await xray(http, "GET", "/")
    assert ray.response.status_code == 500
    assert failed(ray) == [("broken", "OutOfStock: none left")]
    assert http.transcript[-1].error is ray.escaped


async def test_an_exception_that_is_handled_ends_there() -> None:
    """The handler is shown with what it was called for, and no layer outside sees the error."""
    app = FastAPI()

    @app.exception_handler(OutOfStock)
    def refuse(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("sold out", 409)

    @app.get("/items")
    async def list_items() -> None:
        raise OutOfStock("none left")

    ray = await xray(app, "GET", "/items")

    assert (ray.response.status_code, ray.response.text) == (409, "sold out")
    assert failed(ray, internal=True) == [("list_items", "OutOfStock: none left")]
    [handler] = ray.of_kind("handler")
    assert (handler.name, handler.where) == ("refuse", "worker thread")
    assert handler.note == "for OutOfStock: none left"


async def test_the_handler_of_everything_answers_and_the_exception_goes_on() -> None:
    """ServerErrorMiddleware raises again what its handler has answered."""
    app = FastAPI()

    @app.exception_handler(Exception)
    async def apologise(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("sorry", 500)

    @app.get("/items")
    async def list_items() -> None:
        raise OutOfStock("none left")

    ray = await xray(app, "GET", "/items")
    assert ray.response.text == "sorry"
    assert [span.name for span in ray.of_kind("handler")] == ["apologise"]
    assert isinstance(ray.escaped, OutOfStock)


async def test_an_exit_sees_the_exception_of_the_endpoint() -> None:
    """It is raised into the dependency, which may let it through or turn it into another."""
    app = FastAPI()

    async def get_session() -> AsyncIterator[str]:
        yield "session"

    async def translate() -> AsyncIterator[None]:
        try:
            yield
        except OutOfStock:
            raise HTTPException(409) from None

    @app.get("/items", dependencies=[Depends(translate)])
    async def list_items(session: Annotated[str, Depends(get_session)]) -> None:
        raise OutOfStock("none left")

    ray = await xray(app, "GET", "/items")
    assert ray.response.status_code == 409
    assert failed(ray) == [
        ("list_items", "OutOfStock: none left"),
        ("get_session", "OutOfStock passes through"),
        ("translate", "HTTPException: 409"),
    ]


async def test_an_exit_that_stops_the_exception_says_so() -> None:
    """FastAPI then complains that there is no response."""
    app = FastAPI()

    async def swallow() -> AsyncIterator[None]:
        with suppress(OutOfStock):
            yield

    @app.get("/items", dependencies=[Depends(swallow)])
    async def list_items() -> None:
        raise OutOfStock("none left")

    ray = await xray(app, "GET", "/items")
    [leaving] = ray.of_kind("exit")
    assert (leaving.error, leaving.note) == ("", "request scope, stops OutOfStock")
    assert "Response not awaited" in str(ray.escaped)


async def test_a_dependency_that_fails_on_entering_is_where_the_error_is() -> None:
    """There is no exit of what was never entered."""
    app = FastAPI()

    async def get_session() -> AsyncIterator[str]:
        raise ConnectionError("no database")
        yield "never"

    @app.get("/items", dependencies=[Depends(get_session)])
    async def list_items() -> None: ...

    ray = await xray(app, "GET", "/items")
    assert failed(ray) == [("get_session", "ConnectionError: no database")]
    assert ray.of_kind("exit", "endpoint") == []


async def test_a_response_that_does_not_fit_its_model() -> None:
    """The error is in the serialisation, not in the endpoint."""
    app = FastAPI()

    @app.get("/stock")
    async def read_stock() -> int:
        return "many"  # ty: ignore[invalid-explicit-return]

    ray = await xray(app, "GET", "/stock")
    assert failed(ray) == [("response", "ResponseValidationError: 1 validation error")]


async def test_a_stream_that_breaks_off_is_shown_as_far_as_it_came() -> None:
    """What had been sent is the answer."""
    app = FastAPI()

    async def report() -> AsyncIterator[str]:
        yield "first half"
        raise OutOfStock("of paper")

    @app.get("/report")
    async def read_report() -> StreamingResponse:
        return StreamingResponse(report())

    ray = await xray(app, "GET", "/report")
    assert (ray.response.status_code, ray.response.text) == (200, "first half")
    assert failed(ray) == [("StreamingResponse", "OutOfStock: of paper")]


async def test_a_background_task_that_fails_has_been_answered_for() -> None:
    """The client saw a success."""
    app = FastAPI()

    def send_mail() -> None:
        raise ConnectionError("no mail")

    @app.post("/orders")
    async def create_order(tasks: BackgroundTasks) -> None:
        tasks.add_task(send_mail)

    ray = await xray(app, "POST", "/orders")
    assert ray.response.status_code == 200
    assert failed(ray) == [("send_mail", "ConnectionError: no mail")]


async def test_everything_is_put_back_after_a_failure() -> None:
    """Also when the request itself can't be made."""
    solve = fastapi.routing.solve_dependencies
    app = FastAPI()
    async with client(app) as http:
        stack = app.middleware_stack
        with pytest.raises(TypeError):
            await xray(http, "GET", "/", no_such_argument=1)
        assert app.middleware_stack is stack
    assert fastapi.routing.solve_dependencies is solve

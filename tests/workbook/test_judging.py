"""The outcomes of a check, for every way in which an answer can fail."""

import ast
import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse

from workbook.adapters import WrongKind
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.findings import Outcome, Result
from workbook.judging import examine

pytestmark = pytest.mark.anyio


def app_with(endpoint) -> FastAPI:
    """An app whose only route is GET /items."""
    app = FastAPI()
    app.get("/items")(endpoint)
    return app


async def outcomes(exercise: Exercise, app: FastAPI) -> list[tuple[Outcome, str]]:
    """The outcome and message of each requirement."""
    result = await examine(exercise, app, seed=1)
    return [(one.outcome, one.message) for one in result.findings]


async def test_right_answer_passes(pages: Exercise, pages_app: FastAPI) -> None:
    """Every requirement is met, whatever is drawn, and all points are earned."""
    for seed in range(5):
        result = await examine(pages, pages_app, seed=seed)
        assert (result.outcome, result.points) == (Outcome.PASSED, 3)


@pytest.mark.parametrize("nothing", [None, ..., ""])
async def test_nothing_is_not_attempted(pages: Exercise, nothing: object) -> None:
    """A placeholder is not a wrong answer."""
    assert (await examine(pages, nothing)).outcome is Outcome.NOT_ATTEMPTED


async def test_wrong_answer_says_which_requirement(pages: Exercise) -> None:
    """One finding fails, the other passes, and partial points are kept."""

    async def unbounded(limit: int = 10) -> dict[str, int]:
        return {"limit": limit}

    result = await examine(pages, app_with(unbounded), seed=1)
    assert [one.outcome for one in result.findings] == [Outcome.NOT_YET, Outcome.PASSED]
    assert result.findings[0].message == (
        "Expected status 422, got status 200. The server must bound the page."
    )
    assert result.findings[0].sent == "GET /items?limit=101"
    assert result.points == 1


async def test_exception_names_the_learners_line(pages: Exercise) -> None:
    """The message comes first, then the line that raised, without library frames."""

    async def broken() -> None:
        raise KeyError("price")

    result = await examine(pages, app_with(broken), seed=1)
    finding = result.findings[0]
    assert (finding.outcome, finding.message) == (Outcome.RAISED, "KeyError: 'price'")
    assert finding.where.endswith('in broken: raise KeyError("price")')


async def test_exit_in_an_endpoint_ends_nothing(pages: Exercise) -> None:
    """`exit()` in an endpoint is reported like any exception."""

    async def leaving() -> None:
        raise SystemExit(3)

    assert (await outcomes(pages, app_with(leaving)))[0] == (Outcome.RAISED, "SystemExit: 3")


async def holding_the_loop() -> None:
    while True:
        pass


async def sleeping_on_the_loop() -> None:
    time.sleep(60)  # noqa: ASYNC251 - the mistake under test


async def waiting_for_ever() -> None:
    await asyncio.Event().wait()


async def swallowing_everything() -> None:
    while True:
        try:
            await asyncio.sleep(0)
        except Exception:  # noqa: BLE001, S112 - the mistake under test
            continue


async def swallowing_even_the_stop() -> None:
    while True:
        try:
            while True:
                pass
        except BaseException as stop:
            if len(stops) > 1:
                raise
            stops.append(stop)


stops: list[BaseException] = []


def looping_in_a_thread() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    "endpoint",
    [
        holding_the_loop,
        sleeping_on_the_loop,
        waiting_for_ever,
        swallowing_everything,
        swallowing_even_the_stop,
        looping_in_a_thread,
    ],
)
async def test_endless_code_is_stopped(pages: Exercise, endpoint) -> None:
    """Whatever an endpoint waits for, the check comes back and says so."""
    found = await outcomes(pages, app_with(endpoint))
    expected = (
        "Your code did not answer within 0.5 s and was stopped. "
        "Look for a loop that never ends, or for a call that waits for ever."
    )
    assert found == [(Outcome.NOT_YET, expected)] * 2


async def test_the_loop_that_is_held_is_named(pages: Exercise) -> None:
    """The line that never ends is shown."""
    result = await examine(pages, app_with(holding_the_loop))
    assert "in holding_the_loop" in result.findings[0].where


async def test_failing_start_up_is_told_once(pages: Exercise) -> None:
    """When the lifespan raises, no request is sent and the reason stands first."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        raise ConnectionError("no database")
        yield

    found = await outcomes(pages, FastAPI(lifespan=lifespan))
    assert found == [
        (Outcome.RAISED, "ConnectionError: no database"),
        (Outcome.RAISED, "not run"),
    ]


async def test_endless_lifespan_is_stopped(pages: Exercise, monkeypatch) -> None:
    """A loop before the first request is stopped like one in an endpoint, and named."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        while True:
            pass
        yield

    monkeypatch.setattr(pages, "time_limit", 0.3)
    first, *rest = await outcomes(pages, FastAPI(lifespan=lifespan))
    assert first[0] is Outcome.NOT_YET
    assert "the lifespan's startup took longer than 0.3 s" in first[1]
    assert rest == [(Outcome.NOT_YET, "not run")]


async def test_unforeseen_shape_is_no_crash(registry) -> None:
    """A requirement that trips over an answer's shape shows that answer."""
    exercise = Exercise("shape", title="Shape", kind="make", section="2.1", hints=("", "", ""))

    @exercise.requirement("the first name is read")
    async def reads_name(client) -> None:
        assert (await client.get("/items")).json()["names"][0]

    async def items() -> dict[str, int]:
        return {"total": 0}

    finding = (await examine(exercise, app_with(items))).findings[0]
    assert (
        finding.message
        == "The answer did not have the shape that was expected (KeyError: 'names')."
    )
    assert finding.came_back == '200 OK  {"total":0}'


async def test_a_failure_that_was_asked_for_is_not_blamed(registry) -> None:
    """Where a requirement expects a 500, what the app raised is no finding of its own."""
    honest = Exercise("honest", title="Honest", kind="make", section="6.3", hints=("", "", ""))

    @honest.requirement("a 500 that says nothing")
    async def says_nothing(client) -> None:
        response = await client.get("/items")
        expect(response, status=500, because="It is our mistake.")
        ensure(False, "no words", got="words", because="They are for the log.", response=response)

    async def fails() -> None:
        raise KeyError("a row")

    assert await outcomes(honest, app_with(fails)) == [
        (Outcome.NOT_YET, "Expected no words, got words. They are for the log.")
    ]


async def test_stream_that_breaks_off_while_it_is_read_is_blamed(registry) -> None:
    """Lines were taken one by one, so there is no body to show; the exception is told."""
    export = Exercise("export", title="Export", kind="make", section="6.3", hints=("", "", ""))

    @export.requirement("the export ends by itself")
    async def ends(client) -> None:
        async with client.stream("GET", "/items") as response:
            async for _ in response.aiter_lines():
                pass

    def lines():
        yield "tea\n"
        raise KeyError("a row")

    async def export_items() -> StreamingResponse:
        return StreamingResponse(lines())

    assert await outcomes(export, app_with(export_items)) == [(Outcome.RAISED, "KeyError: 'a row'")]


async def test_source_requirement_reads_the_syntax_tree(registry) -> None:
    """What no request can see is read from the code, and said when there is none."""
    exercise = Exercise("src", title="Source", kind="make", section="2.1", hints=("", "", ""))

    @exercise.source_requirement("the endpoint is a plain def")
    def plain_def(tree: ast.Module) -> None:
        found = any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))
        ensure(found, "a def", got="none", because="It blocks.")

    app = FastAPI()
    right = await examine(exercise, app, source="def items(): ...")
    wrong = await examine(exercise, app, source="async def items(): ...")
    unknown = await examine(exercise, app)
    assert [one.outcome for one in (right, wrong, unknown)] == [
        Outcome.PASSED,
        Outcome.NOT_YET,
        Outcome.NOT_YET,
    ]
    assert "Run the cell that makes it once more" in unknown.findings[0].message


async def make_app() -> FastAPI:
    return FastAPI()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (FastAPI, "This is the class FastAPI. Make an app of it"),
        (CORSMiddleware, "This is the class CORSMiddleware. Pass an app"),
        (3, "This is an int, not an app. Pass the FastAPI app"),
        (APIRouter(), "Include it in an app"),
        ("app", "without quotes"),
        (make_app, "Pass the app it is registered on"),
        (object(), "This is an object, not an app"),
    ],
)
async def test_wrong_kind_says_what_to_pass(pages: Exercise, value: object, words: str) -> None:
    """An object that is no app is named, with what to do."""
    with pytest.raises(WrongKind, match=words):
        await examine(pages, value)


async def test_coroutine_asks_for_await(pages: Exercise) -> None:
    """A forgotten await before the factory is recognised."""
    with pytest.raises(WrongKind, match="is an `await` missing"):
        await examine(pages, make_app())


async def test_cookies_do_not_reach_the_next_requirement(registry) -> None:
    """Requirements do not depend on each other through the client."""
    exercise = Exercise("jar", title="Jar", kind="make", section="2.1", hints=("", "", ""))
    seen = []
    for name in ("first", "second"):

        async def sends(client) -> None:
            seen.append(dict(client.cookies))
            client.cookies.set("session", "x")

        sends.__name__ = name
        exercise.requirement(name)(sends)
    result: Result = await examine(exercise, FastAPI())
    assert (result.outcome, seen) == (Outcome.PASSED, [{}, {}])

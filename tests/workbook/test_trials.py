"""Tests written by learners, tried on apps."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from workbook.adapters import WrongKind
from workbook.client import Client, client
from workbook.exercise import Exercise
from workbook.expectations import expect
from workbook.findings import Outcome
from workbook.judging import examine
from workbook.trials import suite_tried_on, tried_on


def _shop() -> FastAPI:
    app = FastAPI()

    @app.get("/items")
    async def list_items() -> list[str]:
        return ["tea"]

    return app


@pytest.mark.anyio
async def test_a_test_that_passes_is_reported() -> None:
    """A test without a failing assertion has passed."""

    async def test_items(http) -> None:
        assert (await http.get("/items")).json() == ["tea"]

    async with client(tried_on({"shop": _shop})(test_items)) as http:
        report = (await http.get("/trials/shop")).json()
    assert report == {"outcome": "passed", "message": ""}


@pytest.mark.anyio
async def test_a_failing_line_is_named() -> None:
    """The report of a failed test quotes the line that failed."""

    async def test_items(http) -> None:
        response = await http.get("/items")
        if response.status_code != 404:
            raise AssertionError

    async with client(tried_on({"shop": _shop})(test_items)) as http:
        report = (await http.get("/trials/shop")).json()
    assert report == {
        "outcome": "failed",
        "message": "AssertionError at `raise AssertionError`",
    }


@pytest.mark.anyio
async def test_any_exception_fails_the_test() -> None:
    """A test that trips over the answer has failed, as under a test runner."""

    async def test_items(http) -> None:
        (await http.get("/items")).json()["name"]

    async with client(tried_on({"shop": _shop})(test_items)) as http:
        report = (await http.get("/trials/shop")).json()
    assert report["outcome"] == "failed"


@pytest.mark.anyio
async def test_an_app_that_is_not_there_is_404() -> None:
    """Only the apps that the exercise names can be asked for."""

    async def test_nothing(http) -> None: ...

    async with client(tried_on({"shop": _shop})(test_nothing)) as http:
        response = await http.get("/trials/stall")
    assert response.status_code == 404


def _not_async(http) -> None: ...


async def _two_arguments(http, app) -> None: ...


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (_not_async, "begin it with `async def`"),
        (_two_arguments, "takes one argument"),
        (FastAPI(), "Pass the test, a function"),
    ],
    ids=["not async", "two arguments", "an app"],
)
def test_what_is_no_test_is_told_apart(value: object, words: str) -> None:
    """What can't be run as a test is refused with what to do about it."""
    with pytest.raises(WrongKind, match=words):
        tried_on({"shop": _shop})(value)


def test_a_test_that_was_called_is_told_apart() -> None:
    """A coroutine in place of the function is closed and explained."""

    async def test_items(http) -> None: ...

    with pytest.raises(WrongKind, match="without parentheses"):
        tried_on({"shop": _shop})(test_items(None))


@pytest.mark.anyio
async def test_what_pytest_raises_is_heard() -> None:
    """`pytest.fail` and `pytest.raises` raise no `Exception`, and a skipped test shows nothing."""

    async def test_raises(http) -> None:
        with pytest.raises(ValueError, match="tea"):
            await http.get("/items")

    async def test_skips(http) -> None:
        pytest.skip("not today")

    async with client(tried_on({"shop": _shop})(test_raises)) as http:
        report = (await http.get("/trials/shop")).json()
    assert report["outcome"] == "failed"
    assert report["message"].startswith("Failed: DID NOT RAISE")
    async with client(tried_on({"shop": _shop})(test_skips)) as http:
        report = (await http.get("/trials/shop")).json()
    assert report == {
        "outcome": "skipped",
        "message": 'Skipped: not today at `pytest.skip("not today")`',
    }


def _closed() -> FastAPI:
    return FastAPI()


def _failing() -> FastAPI:
    app = FastAPI()

    @app.get("/items")
    async def list_items() -> list[str]:
        raise LookupError("tea")

    return app


def _with_lifespan() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.shelf.append("tea")
        yield
        app.state.shelf.clear()

    app = FastAPI(lifespan=lifespan)
    app.state.shelf = []

    @app.get("/items")
    def list_items() -> list[str]:
        return app.state.shelf

    return app


APPS = {"right": _shop, "closed": _closed, "failing": _failing, "started": _with_lifespan}


async def fared(suite: Any, app: str, **options: Any) -> dict[str, Any]:
    """The report of a suite on one of the apps."""
    async with client(suite_tried_on(APPS, **options)(suite)) as http:
        response = await http.get(f"/trials/{app}")
    assert response.status_code == 200, response.text
    return response.json()


def suite() -> list[Callable[..., Any]]:
    """Two tests: one is awaited, one is a plain function with a client that is not awaited."""

    async def test_status(http) -> None:
        assert (await http.get("/items")).status_code == 200

    def test_names(client) -> None:
        if client.get("/items").json() != ["tea"]:
            raise AssertionError

    return [test_status, test_names]


@pytest.mark.anyio
async def test_a_suite_reports_each_test() -> None:
    """All pass on the right app; on a broken one the failed line is quoted."""
    passed = {"outcome": "passed", "message": ""}
    assert await fared(suite(), "right") == {
        "outcome": "passed",
        "tests": {"test_status": passed, "test_names": passed},
    }
    report = await fared(suite(), "closed")
    assert report["outcome"] == "failed"
    assert report["tests"]["test_names"] == {
        "outcome": "failed",
        "message": "AssertionError at `raise AssertionError`",
    }


@pytest.mark.anyio
async def test_an_exception_of_the_app_is_a_500_for_both_kinds() -> None:
    """No test of a suite meets an exception of the app, only its answer."""

    async def test_awaited(client) -> None:
        assert (await client.get("/items")).status_code == 500

    def test_plain(http) -> None:
        assert http.get("/items").status_code == 500

    assert (await fared([test_awaited, test_plain], "failing"))["outcome"] == "passed"


@pytest.mark.anyio
async def test_each_test_has_an_app_of_its_own_and_its_lifespan() -> None:
    """What one test does to the app is not met by the next one."""

    async def test_start_up(app, http) -> None:
        assert app.state.shelf == ["tea"]
        app.state.shelf.append("pot")

    def test_again(http, app) -> None:
        assert http.get("/items").json() == ["tea"] == app.state.shelf

    def test_no_client_no_lifespan(app) -> None:
        assert app.state.shelf == []

    tests = [test_start_up, test_again, test_no_client_no_lifespan]
    assert (await fared(tests, "started"))["outcome"] == "passed"


@pytest.mark.anyio
async def test_an_exercise_can_give_more() -> None:
    """A test asks by name for what the exercise makes of the app."""

    async def test_shelf(shelf, http) -> None:
        assert (await http.get("/items")).json() == shelf

    fixtures = {"shelf": lambda app: app.state.shelf}
    assert (await fared(test_shelf, "started", fixtures=fixtures))["outcome"] == "passed"


@pytest.mark.anyio
async def test_a_skipped_test_has_not_passed() -> None:
    """A suite with a skipped test shows neither; a failed one outweighs it."""

    def test_skips() -> None:
        pytest.skip()

    assert (await fared([test_skips], "right"))["outcome"] == "skipped"
    assert (await fared([*suite(), test_skips], "right"))["outcome"] == "skipped"
    assert (await fared([*suite(), test_skips], "closed"))["outcome"] == "failed"


@pytest.mark.anyio
async def test_a_suite_on_an_app_that_is_not_there_is_404() -> None:
    """Only the apps that the exercise names can be asked for."""
    async with client(suite_tried_on(APPS)(suite())) as http:
        assert (await http.get("/trials/stall")).status_code == 404


@pytest.mark.anyio
async def test_an_endless_test_is_stopped(registry: dict[str, Exercise]) -> None:
    """The time limit ends a loop in an `async def` and in the thread of a plain test."""
    exercise = Exercise(
        "suite_of_the_tests",
        title="Suite",
        kind="make",
        section="16.2",
        hints=("a", "b", "c"),
        serve=suite_tried_on(APPS),
        time_limit=0.3,
    )

    @exercise.requirement("it passes on the right app")
    async def passes(client: Client) -> None:
        response = await client.get("/trials/right")
        expect(response, status=200, contains={"outcome": "passed"}, because="It is right.")

    async def test_awaited() -> None:
        while True:
            pass

    def test_plain() -> None:
        while True:
            pass

    assert (await examine(exercise, suite())).outcome is Outcome.PASSED
    for test in (test_awaited, test_plain):
        (finding,) = (await examine(exercise, [test])).findings
        assert finding.message.startswith("Your code did not answer within 0.3 s")

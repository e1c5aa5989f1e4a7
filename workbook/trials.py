"""Put tests that a learner wrote behind an HTTP interface: try them on right and broken apps.

A test is worth something when it passes on the right app and fails on each broken one; a suite,
when all of its tests pass on the right app and at least one of them fails on each broken one. So
the requirements of such an exercise ask how the tests fared on apps that they name.
"""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypedDict

from anyio import to_thread
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from workbook import raised
from workbook.adapters import WrongKind, kind
from workbook.asgi import ASGIApp
from workbook.client import BASE_URL, client
from workbook.suites import SuiteTest, collected

type Outcome = Literal["passed", "failed", "skipped"]

_CLIENTS = ("client", "http")
"""The names by which a test of a suite is given a client."""


class Report(TypedDict):
    """How a test fared on one app; `message` says where it failed and is empty if it passed.

    A test that calls `pytest.skip` is `skipped`, which is neither: it has shown nothing.
    """

    outcome: Outcome
    message: str


class SuiteReport(TypedDict):
    """How a suite fared on one app, and each of its tests by name.

    The suite has `failed` if one test has, `passed` if every test has, and else is `skipped`.
    """

    outcome: Outcome
    tests: dict[str, Report]


class Trials:
    """The adapter for a test: an `async def` function that takes the client of an app.

    What it serves answers `GET /trials/{name}` with a `Report` of the test on the app of that name,
    and 404 for a name that is not in `apps`.

    Attributes:
        apps: by name, a function that makes a new app for each trial; the first is the right app.
    """

    def __init__(self, apps: Mapping[str, Callable[[], ASGIApp]]) -> None:
        self.apps = apps

    def __call__(self, test: Any) -> ASGIApp:
        """Serve the trials of a test that runs in this process.

        Raises:
            WrongKind: it is no such test.
        """
        must_take_the_client(test)

        async def try_on(name: str) -> Report:
            async with client(self.apps[name](), log_app_exceptions=False) as http:
                return await report(test(http))

        return self.served(try_on)

    def served(self, try_on: Callable[[str], Awaitable[Report]]) -> ASGIApp:
        """Serve trials that are made by `try_on`, which takes the name of an app."""
        trials = FastAPI(openapi_url=None)

        @trials.get("/trials/{name}")
        async def trial(name: str) -> Report:
            if name not in self.apps:
                raise HTTPException(404, f"there is no app called {name}")
            return await try_on(name)

        return trials


def tried_on(apps: Mapping[str, Callable[[], ASGIApp]]) -> Trials:
    """Make the adapter for a test: an `async def` function that takes the client of an app.

    Args:
        apps: by name, a function that makes a new app for each trial. The first is the right app;
            each of the others is broken in its own way.
    """
    return Trials(apps)


def suite_tried_on(
    apps: Mapping[str, Callable[[], ASGIApp]],
    *,
    fixtures: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Callable[[Any], ASGIApp]:
    """Make an adapter for a suite of tests: a list of functions, a class, or a module of them.

    A test takes by name what it needs: `client` or `http` is a client of the app, opened with the
    app's lifespan; `app` is the app. An `async def` is given a `workbook.Client`, and a plain
    `def`, which runs in a thread, a `TestClient`. To both an exception of the app is a 500.

    Args:
        apps: by name, a function that makes a new app for each test.
        fixtures: what else a test can ask for, by name: a function that makes it of the app.

    Returns:
        An adapter. What it serves answers `GET /trials/{name}` with a `SuiteReport` of the suite
        on the app of that name, and 404 for a name that is not in `apps`. It raises
        `workbook.adapters.WrongKind` as `workbook.suites.collected` does.
    """
    makers: dict[str, Callable[[Any], Any]] = {"app": lambda app: app, **(fixtures or {})}

    def serve(suite: Any) -> ASGIApp:
        tests = collected(suite, {*makers, *_CLIENTS})
        trials = FastAPI(openapi_url=None)

        @trials.get("/trials/{name}")
        async def try_on(name: str) -> SuiteReport:
            if name not in apps:
                raise HTTPException(404, f"there is no app called {name}")
            reports = {test.name: await report(_run(test, apps[name](), makers)) for test in tests}
            outcomes = {one["outcome"] for one in reports.values()}
            order: tuple[Outcome, ...] = ("failed", "skipped", "passed")
            return SuiteReport(outcome=next(one for one in order if one in outcomes), tests=reports)

        return trials

    return serve


async def _run(test: SuiteTest, app: Any, makers: Mapping[str, Callable[[Any], Any]]) -> None:
    given = dict(test.given)
    given |= {name: makers[name](app) for name in test.fixtures if name in makers}
    clients = [name for name in test.fixtures if name not in makers]
    function = test.bind()

    def run_plain() -> None:
        if not clients:
            function(**given)
            return
        with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as http:
            function(**given, **dict.fromkeys(clients, http))

    if not test.is_async:
        await to_thread.run_sync(run_plain)
    elif not clients:
        await function(**given)
    else:
        async with client(app, log_app_exceptions=False) as http:
            await function(**given, **dict.fromkeys(clients, http))


async def report(run: Awaitable[None]) -> Report:
    """Await a test, and say how it fared."""
    try:
        await run
    except BaseException as error:
        outcome = _outcome(error)
        if outcome is None:
            raise
        return Report(outcome=outcome, message=failure(error))
    return Report(outcome="passed", message="")


def _outcome(error: BaseException) -> Outcome | None:
    """What a test runner makes of an exception; None for one that ends the runner itself."""
    if isinstance(error, Exception):
        return "failed"
    # What `pytest.fail` and `pytest.skip` raise is no `Exception`. Who can call them has imported it.
    if pytest := sys.modules.get("pytest"):
        if isinstance(error, pytest.skip.Exception):
            return "skipped"
        if isinstance(error, pytest.fail.Exception):
            return "failed"
    return None


def must_take_the_client(test: Any) -> None:
    """Refuse what is no test for `tried_on`.

    Raises:
        WrongKind: with what to pass instead.
    """
    must_be_a_test(test, "one argument, the client: `http`", 1)


def must_be_a_test(test: Any, takes: str, parameters: int) -> None:
    """Refuse what is no `async def` function with so many parameters.

    Args:
        test: what the learner passed.
        takes: what a test takes, in words, for the message.
        parameters: how many parameters that are.

    Raises:
        WrongKind: with what to pass instead.
    """
    if asyncio.iscoroutine(test):
        test.close()
        raise WrongKind("The test was called here. Pass the function itself, without parentheses.")
    if not inspect.isfunction(test):
        raise WrongKind(f"This is {kind(test)}. Pass the test, a function.")
    if not inspect.iscoroutinefunction(test):
        raise WrongKind(
            f"The test {test.__name__} has to await the client: begin it with `async def`."
        )
    if len(inspect.signature(test).parameters) != parameters:
        raise WrongKind(f"The test {test.__name__} takes {takes}.")


def failure(error: BaseException) -> str:
    """Why a test failed: the error and the learner's line, without its number: `AssertionError at assert …`."""
    _, _, line = raised.learners_line(error).partition(": ")
    return raised.message(error) + (f" at `{line}`" if line else "")

"""Tests that learners write, run in the sandbox on apps that stay with the grader."""

import json
from collections.abc import AsyncGenerator, Callable
from random import Random
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket

from tests.grading.hostile.case import Case
from tests.grading.hostile.run import submission
from workbook import proofs
from workbook.asgi import ASGIApp, Receive, Scope, Send
from workbook.client import Client, client
from workbook.exercise import Exercise, exercises, find
from workbook.grading.frames import BadFrame
from workbook.grading.limits import Limits
from workbook.grading.marking import mark
from workbook.grading.marks import Assignment, SubmissionMark
from workbook.grading.processes import Zygote
from workbook.grading.trial_host import _Host
from workbook.grading.trial_runner import trial_runner
from workbook.judging import examine, judge_all
from workbook.trials import Report, Trials, tried_on

pytestmark = pytest.mark.anyio

TRIED = [exercise for exercise in exercises() if isinstance(exercise.serve, Trials)]
ASSIGNMENT = Assignment((find("lost_member_test"),), seed=5)
IMPORTS = "import asyncio, gc, os, sys\nfrom fastapi import FastAPI\nfrom workbook import check\n"
CHECK = 'await check("lost_member_test", lost_member_test)'


def right() -> FastAPI:
    """It lists tea, echoes text and sends pieces."""
    app = FastAPI()

    @app.get("/items")
    async def items() -> list[str]:
        return ["tea"]

    @app.post("/items")
    async def add(item: dict[str, Any]) -> dict[str, Any]:
        return item

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret of the app")

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    return app


def empty() -> FastAPI:
    """It lists nothing."""
    app = FastAPI()

    @app.get("/items")
    async def items() -> list[str]:
        return []

    return app


TRIALS = tried_on({"right": right, "empty": empty})


async def _tried(runner: ASGIApp, name: str, seed: int = 0) -> Report:
    return await _Host(TRIALS, runner, Random(seed)).try_on(name)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", TRIED, ids=lambda exercise: exercise.id)
async def test_every_stored_answer_fares_as_in_the_notebook(exercise: Exercise) -> None:
    """Whether its apps are here or beside it, a test earns the same, for the same reasons."""
    proofs.load_answers()
    stored = [one for one in (*proofs._wrong, *proofs._right) if one.exercise == exercise.id]
    assert len(stored) > 3
    for one in stored:
        test = await one.answer.make()
        there = await examine(exercise, test, source=one.source, seed=1)
        assert isinstance(exercise.serve, Trials)
        host = _Host(exercise.serve, trial_runner(test), Random(3))
        async with client(exercise.serve.served(host.try_on)) as http:
            here = await judge_all(exercise, http, source=one.source, seed=1)
        assert [(one.outcome, one.message) for one in here] == [
            (one.outcome, one.message) for one in there.findings
        ]


async def test_a_test_reaches_all_of_its_app() -> None:
    """Bodies, headers, streams, sockets and exceptions pass, and nothing of the app's own code."""
    seen = {}

    async def test_all(http: Client) -> None:
        if (await http.get("/items")).json() == []:
            return
        sent = {"name": "tea" * 5000}
        assert (await http.post("/items", json=sent)).json() == sent
        assert (await http.get("/items", params={"q": "ä"})).headers["content-length"] == "7"
        assert (await http.get("/broken")).status_code == 500
        seen["error"] = str(http.transcript[-1].error)
        async with http.websocket("/echo") as socket:
            await socket.send_text("hello")
            assert await socket.receive_text() == "hello"
        seen["all"] = True

    assert await _tried(trial_runner(test_all), "right") == {"outcome": "passed", "message": ""}
    assert seen == {"error": "The app raised an exception.", "all": True}


async def test_a_failure_says_where() -> None:
    """The message is the learner's own error."""

    async def test_items(http: Client) -> None:
        assert (await http.get("/items")).json() == ["coffee"]

    report = await _tried(trial_runner(test_items), "right")
    assert report["outcome"] == "failed"
    assert report["message"].startswith("AssertionError")


def _liar(decide: Callable[[int], str]) -> ASGIApp:
    """A sandbox that reports without a request; `decide` takes how many trials there were."""
    count = 0

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        count += 1
        await send({"type": "websocket.accept"})
        report = {"outcome": decide(count - 1), "message": ""}
        await send({"type": "websocket.send", "bytes": json.dumps({"report": report}).encode()})

    return run


@pytest.mark.slow
async def test_guessing_in_the_order_of_the_requirements_earns_little() -> None:
    """Whatever order a liar bets on, it is caught nearly always, and then for good."""
    earned = []
    for bet in range(2**6):
        for seed in range(30):
            host = _Host(
                TRIALS, _liar(lambda n, bet=bet: ("failed", "passed")[bet >> n & 1]), Random(seed)
            )
            one = (await host.try_on("right"))["outcome"] == "passed"
            other = (await host.try_on("empty"))["outcome"] == "failed"
            earned.append(one and other)
    # One of 6 × 6 orders is the right one.
    assert sum(earned) / len(earned) < 1 / 20


async def test_a_test_that_goes_by_the_order_is_told_so() -> None:
    """A test that passes and fails by turns has shown nothing."""
    host = _Host(TRIALS, _liar(lambda n: ("passed", "failed")[n % 2]), Random(1))
    reports = [await host.try_on(name) for name in ("right", "empty", "right")]
    assert reports[-1]["outcome"] == "skipped"
    assert "by turns" in reports[-1]["message"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[]",
        b'{"report": {"outcome": "best", "message": ""}}',
        b'{"report": {"outcome": "passed"}}',
        b'{"do": "call", "call": 1, "scope": {"type": "lifespan"}}',
        b'{"do": "call", "call": 1, "scope": {"type": "http", "path": 7}}',
        b'{"do": "event", "call": 1, "event": {"type": "http.request", "body": "text"}}',
        b'{"do": "stop"}',
    ],
)
async def test_a_message_against_the_rules_ends_the_trial(message: bytes) -> None:
    """What the sandbox sends is looked at before it reaches an app."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": message})

    with pytest.raises(BadFrame):
        await _tried(run, "right")


async def test_a_sandbox_that_leaves_without_a_report_is_told() -> None:
    """Silence is no outcome."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    with pytest.raises(BadFrame, match="no report"):
        await _tried(run, "right")


@pytest.fixture(scope="module")
async def zygote(anyio_backend: str) -> AsyncGenerator[Zygote]:
    """A forking process for all tests of this module."""
    async with Zygote(ASSIGNMENT, Limits()) as running:
        yield running


async def _marked(zygote: Zygote, *cells: str) -> SubmissionMark:
    return await mark(
        submission(Case("Ada", (IMPORTS, *cells, CHECK), ""), "ada"), ASSIGNMENT, Limits(), zygote
    )


HONEST = """
async def lost_member_test(http):
    assert (await http.post("/members", params={"name": "Ada"})).status_code == 201
    assert (await http.get("/members")).json() == ["Ada"]
    assert (await http.post("/members", params={"name": "Ada"})).status_code == 409
    assert (await http.get("/members")).json() == ["Ada"]
"""


async def test_a_right_answer_passes_in_the_sandbox(zygote: Zygote) -> None:
    """The whole way: notebook, child, socket, grader."""
    done = await _marked(zygote, HONEST)
    assert [one.message for one in done.exercises[0].requirements if one.message] == []
    assert done.earned == done.points


FORGED = {
    "looks for the apps": """
async def lost_member_test(http):
    apps = [one for one in gc.get_objects() if isinstance(one, FastAPI) and one.routes]
    hidden = [name for name in sys.modules if name.startswith("workbook.exercises")]
    found = [one for one in apps if any(getattr(r, "path", "") == "/members" for r in one.routes)]
    assert not found and not hidden
""",
    "counts its calls": """
calls = []
async def lost_member_test(http):
    calls.append(1)
    assert len(calls) == 1
""",
    "reports in its own words": """
import workbook.grading.trial_runner as runner, workbook.trials as trials
calls = []
async def report(run):
    await run
    calls.append(1)
    return {"outcome": "passed" if len(calls) == 1 else "failed", "message": ""}
runner.report = trials.report = report
async def lost_member_test(http):
    await http.get("/members")
""",
    "does not speak": """
async def lost_member_test(http):
    os._exit(0)
""",
}


@pytest.mark.parametrize("attack", FORGED.values(), ids=FORGED)
async def test_a_forged_answer_earns_no_requirement_by_rote(zygote: Zygote, attack: str) -> None:
    """What can't tell the apps apart never earns all, and the apps are not there to be read."""
    done = await _marked(zygote, attack)
    assert done.earned < done.points
    if "gc." in attack:
        # It found nothing and so passed everywhere: only the right app's point is its own.
        assert [one.outcome for one in done.exercises[0].requirements] == [
            "passed",
            *["not yet"] * 4,
        ]

"""Run an exercise's requirements against an app, wherever that app runs."""

import ast
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import httpx

from workbook import raised
from workbook.adapters import WrongKind
from workbook.client import Client, client
from workbook.exercise import Exercise, Requirement
from workbook.expectations import Unmet
from workbook.findings import Finding, Outcome, Result, summarise
from workbook.lifespan import LifespanFailed
from workbook.limits import TimeLimitExceeded, within
from workbook.transcript import Exchange


async def examine(
    exercise: Exercise, value: Any, *, source: str | None = None, seed: int | None = None
) -> Result:
    """Check a learner's object in this process.

    Args:
        exercise: the exercise.
        value: what the learner made; `None` or `...` counts as not attempted.
        source: the code that made it, if known; requirements on the source need it.
        seed: draw the inputs from this seed; by default from a new one.

    Raises:
        workbook.adapters.WrongKind: the object is of a kind that the exercise can't use.
    """
    seed = random.randrange(2**32) if seed is None else seed
    if value is None or value is ... or value == "":
        return Result(exercise, Outcome.NOT_ATTEMPTED, seed=seed)
    try:
        app = exercise.serve(value)
    except WrongKind:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the learner's own lines raise
        return all_failed(exercise, error, seed)
    try:
        limit = exercise.time_limit
        async with client(app, log_app_exceptions=False, lifespan_timeout=limit) as http:
            findings = await judge_all(exercise, http, source=source, seed=seed)
    except Exception as error:  # noqa: BLE001 - whatever the app's lifespan raises
        # Start-up or shutdown failed: nothing that was asked in between counts.
        return all_failed(exercise, error, seed)
    return Result(exercise, summarise(findings), findings, seed=seed)


async def judge_all(
    exercise: Exercise, http: Client, *, source: str | None, seed: int
) -> tuple[Finding, ...]:
    """Run every requirement through a client that is already open, in the order they were written.

    The client may lead to an app in this process or to another one behind a socket.
    """
    tree = parse(source)
    return tuple(
        [
            await judge(one, http, tree=tree, seed=seed, exercise=exercise)
            for one in exercise.requirements
        ]
    )


async def judge(
    requirement: Requirement,
    http: Client,
    *,
    tree: ast.Module | None,
    seed: int,
    exercise: Exercise,
) -> Finding:
    """Run one requirement through a client that is open; it never raises what the answer did."""
    http.cookies.clear()
    began = perf_counter()
    work = _call(requirement, http, tree=tree, seed=f"{seed}/{exercise.id}/{requirement.name}")
    try:
        await within(exercise.time_limit, work())
    except Unmet as unmet:
        finding = Finding(
            requirement,
            Outcome.NOT_YET,
            message=str(unmet),
            sent=unmet.sent,
            came_back=unmet.came_back,
            expected=unmet.expected,
        )
    except TimeLimitExceeded:
        finding = _without_answer(requirement, http, too_slow(exercise))
    except httpx.HTTPError as error:
        finding = _without_answer(
            requirement, http, f"The answer broke off: {raised.message(error)}."
        )
    except Exception as error:  # noqa: BLE001 - a requirement that trips over an unforeseen answer
        finding = _without_answer(
            requirement,
            http,
            f"The answer did not have the shape that was expected ({raised.message(error)}).",
        )
    else:
        return Finding(requirement, Outcome.PASSED)
    await http.settle(1.0)
    mine = [exchange for exchange in http.transcript if exchange.started >= began]
    return _blame_exception(finding, mine, exercise)


def _call(
    requirement: Requirement, http: Client, *, tree: ast.Module | None, seed: str
) -> Callable[[], Any]:
    async def work() -> None:
        if requirement.reads_source:
            if tree is None:
                raise Unmet(
                    expected="to read the code of your answer",
                    got="no code",
                    because="Run the cell that makes it once more, then check again.",
                )
            requirement.function(tree)
            return
        arguments = {"rng": random.Random(seed)} if requirement.wants_rng else {}
        result: Awaitable[None] = requirement.function(http, **arguments)
        await result

    return work


def _without_answer(requirement: Requirement, http: Client, message: str) -> Finding:
    last = http.transcript[-1] if http.transcript else None
    return Finding(
        requirement,
        Outcome.NOT_YET,
        message=message,
        sent=last.sent if last else "",
        came_back=last.came_back if last else "",
    )


def _blame_exception(finding: Finding, exchanges: list[Exchange], exercise: Exercise) -> Finding:
    """If the app raised while this requirement ran, that is the thing to tell."""
    for exchange in exchanges:
        if (error := exchange.error) is None or exchange.error_expected:
            continue
        stopped = isinstance(error, TimeLimitExceeded)
        return replace(
            finding,
            outcome=Outcome.NOT_YET if stopped else Outcome.RAISED,
            message=too_slow(exercise) if stopped else raised.message(error),
            sent=exchange.sent,
            came_back="no answer" if stopped else exchange.came_back,
            where=raised.learners_line(error),
        )
    return finding


def too_slow(exercise: Exercise) -> str:
    """What is said of an answer that had to be stopped."""
    return (
        f"Your code did not answer within {exercise.time_limit:g} s and was stopped. "
        "Look for a loop that never ends, or for a call that waits for ever."
    )


def all_failed(exercise: Exercise, error: Exception, seed: int) -> Result:
    """Nothing could be asked, for one reason; say it once, at the first requirement."""
    if isinstance(error, LifespanFailed):
        outcome, text = Outcome.NOT_YET, str(error)
    else:
        outcome, text = Outcome.RAISED, raised.message(error)
    first = Finding(
        exercise.requirements[0], outcome, message=text, where=raised.learners_line(error)
    )
    rest = tuple(Finding(one, outcome, message="not run") for one in exercise.requirements[1:])
    return Result(exercise, outcome, (first, *rest), seed=seed)


def parse(source: str | None) -> ast.Module | None:
    """The syntax tree of an answer's code, or None if there is no code or it can't be read."""
    try:
        return None if source is None else ast.parse(source)
    except SyntaxError:
        return None

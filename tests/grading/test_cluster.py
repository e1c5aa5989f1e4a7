"""The same marks from a Dask cluster, also when one of its machines is lost."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict

import pytest

from tests.grading.hostile.case import EXERCISES
from tests.grading.hostile.run import NEIGHBOURS, score, submission
from workbook.exercise import find
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.processes import GraderFailed
from workbook.grading.worker import assignment_to_json, submission_to_json

pytestmark = pytest.mark.anyio

_MANY = 24


@pytest.mark.slow
async def test_a_lost_machine_loses_nothing() -> None:
    """One of two workers is killed while it marks: every submission gets its own mark, once."""
    cluster = pytest.importorskip("workbook.grading.cluster")
    cases = [NEIGHBOURS[number % len(NEIGHBOURS)] for number in range(_MANY)]
    expected = {f"{number}": case.score for number, case in enumerate(cases)}
    submissions = [submission(case, f"{number}") for number, case in enumerate(cases)]
    assignment = Assignment(tuple(map(find, EXERCISES)), seed=3)
    actual: dict[str, str] = {}
    async with _cluster() as (address, workers):
        # A busy machine takes long to start a worker, and to run a cell.
        limits = Limits(cell_seconds=20, answer_seconds=20)
        marks = cluster.grade(submissions, assignment, address=address, limits=limits, seconds=240)
        async for mark in marks:
            assert mark.key not in actual
            actual[mark.key] = score(mark)
            if len(actual) == 3:
                os.killpg(workers[0].pid, signal.SIGKILL)
    assert actual == expected


async def test_a_scheduler_that_is_not_there() -> None:
    """An address at which nothing listens is told at once."""
    cluster = pytest.importorskip("workbook.grading.cluster")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # held, so that nobody else listens there, and silent
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        marks = cluster.grade([], Assignment((find(EXERCISES[0]),)), address=address, seconds=1)
        with pytest.raises(GraderFailed, match="No Dask scheduler answers"):
            await anext(marks)


async def test_a_run_that_is_stopped_leaves_no_worker(monkeypatch, mark) -> None:
    """A task that is in work when its run ends keeps its worker, and its sandbox, from nobody."""
    cluster = pytest.importorskip("workbook.grading.cluster")
    started, go_on = asyncio.Event(), asyncio.Event()
    running: list[object] = []

    class FakeWorker:
        def __init__(self, *_: object) -> None:
            """It takes what a worker takes."""

        async def __aenter__(self) -> None:
            running.append(self)

        async def __aexit__(self, *_: object) -> None:
            running.remove(self)

        async def mark(self, _: object) -> SubmissionMark:
            started.set()
            await go_on.wait()
            return mark("ada", x="+")

    monkeypatch.setattr(cluster, "Worker", FakeWorker)
    order = json.dumps(
        {
            "run": "stopped",
            "assignment": assignment_to_json(Assignment((find(EXERCISES[0]),))),
            "limits": asdict(Limits()),
        }
    )
    stored = submission_to_json(Submission("ada", "Ada", "ada.ipynb", b"1"))
    task = asyncio.create_task(cluster._mark(order, stored))
    await started.wait()
    await cluster._end_workers("stopped")
    go_on.set()
    await task
    assert running == []
    await cluster._mark(order.replace("stopped", "goes on"), stored)
    assert len(running) == 1
    await cluster._end_workers("goes on")
    assert running == []


@asynccontextmanager
async def _cluster() -> AsyncGenerator[tuple[str, list[asyncio.subprocess.Process]]]:
    """A scheduler and two workers on loopback, each a process group of its own."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dask", *arguments),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    try:
        host = ("--host", "127.0.0.1", "--no-dashboard")
        scheduler = await start("scheduler", *host, "--port", "0")
        address = await _address(scheduler)
        workers = [
            await start("worker", address, *host, "--nthreads", "1", "--no-nanny") for _ in range(2)
        ]
        yield address, workers
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()


async def _address(scheduler: asyncio.subprocess.Process) -> str:
    assert scheduler.stderr is not None
    async with asyncio.timeout(240):
        while line := (await scheduler.stderr.readline()).decode():
            if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
                return found[1]
    raise AssertionError("the scheduler did not start")

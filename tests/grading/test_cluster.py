"""The same marks from a Dask cluster, also when one of its machines is lost."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.grading.hostile.case import EXERCISES
from tests.grading.hostile.run import NEIGHBOURS, score, submission
from workbook.exercise import find
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.processes import GraderFailed

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

"""Grade many submissions: workers side by side, marks in the order in which they end."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from types import TracebackType
from typing import Any, Protocol, Self

from workbook.grading.frames import HEADER
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.processes import GraderFailed, NoIsolation
from workbook.grading.sandbox.confinement import Level
from workbook.grading.worker import assignment_to_json, encode, submission_to_json

_START_SECONDS = 180.0
_GRACE_SECONDS = 60.0
_ATTEMPTS = 2


async def grade(
    submissions: Iterable[Submission],
    assignment: Assignment,
    *,
    limits: Limits | None = None,
    workers: int = 1,
    levels: tuple[Level, ...] = tuple(Level),
) -> AsyncGenerator[SubmissionMark]:
    """Mark submissions.

    Args:
        submissions: they are taken from here one at a time, as workers become free.
        assignment: the exercises that count, and the seed.
        limits: what each submission may use.
        workers: how many submissions are marked at once; each takes a processor.
        levels: the levels of isolation to try, the best first.

    Yields:
        A mark for each, in the order in which they end. One that could not be graded has a
        `problem`; whatever else happens, each submission gets a mark.

    Raises:
        NoIsolation: this machine can't keep submissions apart. Nothing was run.
        GraderFailed: no worker could be started.
    """
    lanes = [Worker(assignment, limits or Limits(), levels) for _ in range(max(workers, 1))]
    async with aclosing(side_by_side(submissions, lanes)) as marks:
        async for mark in marks:
            yield mark


class Lane(Protocol):
    """Marks one submission after the other, between its entry and its exit."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def mark(self, submission: Submission) -> SubmissionMark:
        """Mark a submission, whatever is in it."""
        ...


async def side_by_side(
    submissions: Iterable[Submission], lanes: Sequence[Lane]
) -> AsyncGenerator[SubmissionMark]:
    """Mark submissions in several lanes; each takes the next one when it is free.

    Yields:
        A mark for each, in the order in which they end.

    Raises:
        Exception: what a lane raised, after which the others are stopped.
    """
    waiting = iter(submissions)
    done: asyncio.Queue[SubmissionMark | Exception | None] = asyncio.Queue()

    async def work(lane: Lane) -> None:
        try:
            async with lane as entered:
                for submission in waiting:
                    await done.put(await entered.mark(submission))
        except Exception as error:  # noqa: BLE001 - it is raised again below
            await done.put(error)
        finally:
            await done.put(None)

    tasks = [asyncio.create_task(work(lane)) for lane in lanes]
    try:
        running = len(tasks)
        while running:
            match await done.get():
                case None:
                    running -= 1
                case Exception() as error:
                    raise error
                case mark:
                    yield mark
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Worker:
    """One worker process, as its owner sees it: started on entry, again when it ends too early.

    Args:
        assignment: what it marks.
        limits: what each submission may use.
        levels: the levels of isolation to try.

    Raises:
        NoIsolation: none of the levels can be reached.
        GraderFailed: it did not start.
    """

    def __init__(
        self, assignment: Assignment, limits: Limits, levels: tuple[Level, ...] = tuple(Level)
    ) -> None:
        self._assignment, self._limits, self._levels = assignment, limits, levels
        self._process: asyncio.subprocess.Process | None = None
        self.ready: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    async def mark(self, submission: Submission) -> SubmissionMark:
        """Mark one submission; a worker that ends over it is started again, and tries once more."""
        order = {"submission": submission_to_json(submission)}
        seconds = self._limits.submission_seconds + _GRACE_SECONDS
        why = ""
        for _ in range(_ATTEMPTS):
            if self._process is None:
                await self._start()
            try:
                answer = await self._ask(order, seconds)
            except (OSError, EOFError, TimeoutError) as error:
                why = "took too long" if isinstance(error, TimeoutError) else "ended"
                await self._end()
                continue
            if answer["failed"]:
                await self._end()
            mark = SubmissionMark.from_json(answer["mark"])
            if not (answer["failed"] and mark.problem):
                return mark
            why = f"failed: {answer['failed']}"
        return SubmissionMark(
            submission.key,
            submission.learner,
            submission.file,
            submission.digest,
            problem=f"The grader's own process {why}, {_ATTEMPTS} times. Look at the notebook.",
            notes=submission.notes,
            isolation=self.ready.get("ready", ""),
            seed=self._assignment.seed,
        )

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workbook.grading.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        order = {
            "assignment": assignment_to_json(self._assignment),
            "limits": asdict(self._limits),
            "levels": list(self._levels),
        }
        try:
            self.ready = await self._ask(order, _START_SECONDS)
        except (OSError, EOFError, TimeoutError) as error:
            await self._end()
            raise GraderFailed(f"A worker did not start: {error or type(error).__name__}") from None
        except asyncio.CancelledError:
            await self._end()
            raise
        if "ready" not in self.ready:
            await self._end()
            if why := self.ready.get("no isolation"):
                raise NoIsolation(why)
            raise GraderFailed(self.ready["failed"])

    async def _ask(self, order: dict[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(seconds):
            process.stdin.write(encode(order))
            await process.stdin.drain()
            header = await process.stdout.readexactly(HEADER.size)
            return json.loads(await process.stdout.readexactly(HEADER.unpack(header)[0]))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # it then ends by itself, and clears up
        try:
            async with asyncio.timeout(_GRACE_SECONDS / 6):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

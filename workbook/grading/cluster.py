"""The same work on the machines of a Dask cluster: one submission, one task, one mark.

Each process of the cluster starts the same workers as one machine does, and keeps them while tasks
come. A process that is lost loses nothing: Dask gives its tasks to another one. Dask's own messages
are pickles, so its machines have to trust each other; submissions are kept away from all of them.
"""

import json
import secrets
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from distributed import Client, KilledWorker

from workbook.grading.engine import Worker, side_by_side
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.processes import GraderFailed
from workbook.grading.worker import (
    assignment_from_json,
    assignment_to_json,
    submission_from_json,
    submission_to_json,
)

_AHEAD = 2
"""Tasks for each thread of the cluster, so that none waits for the next one."""


async def grade(
    submissions: Iterable[Submission],
    assignment: Assignment,
    *,
    address: str,
    limits: Limits | None = None,
    seconds: float = 20,
) -> AsyncGenerator[SubmissionMark]:
    """Mark submissions on a Dask cluster.

    Args:
        submissions: they are taken from here as the cluster becomes free.
        assignment: the exercises that count, and the seed. Its file has to be in the same place on
            every machine.
        address: where the scheduler listens, such as `tcp://host:8786`.
        limits: what each submission may use.
        seconds: how long the scheduler, and then its first worker, may take to answer.

    Yields:
        A mark for each, in the order in which they end.

    Raises:
        NoIsolation: a machine of the cluster can't keep submissions apart.
        GraderFailed: no scheduler answers, or it has no workers.
    """
    order = {
        "run": secrets.token_hex(8),
        "assignment": assignment_to_json(assignment),
        "limits": asdict(limits or Limits()),
    }
    try:
        client = await Client(address, asynchronous=True, timeout=seconds, set_as_default=False)
    except OSError as error:
        raise GraderFailed(f"No Dask scheduler answers at {address} ({error}).") from None
    async with client:
        try:
            await client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            raise GraderFailed(
                f"The scheduler at {address} has no workers. Start some: dask worker {address}"
            ) from None
        threads = sum((await client.nthreads()).values())
        lanes = [_Remote(client, json.dumps(order)) for _ in range(_AHEAD * threads)]
        try:
            async with aclosing(side_by_side(submissions, lanes)) as marks:
                async for mark in marks:
                    yield mark
        finally:
            await client.run(_end_workers, order["run"], on_error="ignore")


@dataclass
class _Remote:
    """A lane that hands each submission to the cluster."""

    client: Client
    order: str

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """A task that was not waited for is dropped with its future."""

    async def mark(self, submission: Submission) -> SubmissionMark:
        stored = submission_to_json(submission)
        future = self.client.submit(_mark, self.order, stored, pure=False)
        try:
            return SubmissionMark.from_json(await future)
        except KilledWorker:
            return SubmissionMark(
                submission.key,
                submission.learner,
                submission.file,
                submission.digest,
                problem="Several machines of the cluster were lost over it. Look at the notebook.",
                notes=submission.notes,
            )


_idle: dict[str, list[Worker]] = {}
"""In a process of the cluster: workers that wait for the next submission, by what they mark."""

_ended: set[str] = set()
"""In a process of the cluster: runs that are over, while a task of theirs may still be in work."""


async def _mark(order: str, stored: dict[str, Any]) -> dict[str, Any]:
    """In a process of the cluster: mark one submission."""
    told = json.loads(order)
    if waiting := _idle.get(order):
        worker = waiting.pop()
    else:
        worker = Worker(assignment_from_json(told["assignment"]), Limits(**told["limits"]))
        await worker.__aenter__()
    try:
        mark = await worker.mark(submission_from_json(stored))
    except BaseException:
        await worker.__aexit__(None, None, None)
        raise
    if told["run"] in _ended:
        # After Ctrl-C nobody waits for this mark, and nothing would end the worker.
        await worker.__aexit__(None, None, None)
    else:
        _idle.setdefault(order, []).append(worker)
    return mark.to_json()


async def _end_workers(run: str) -> None:
    """In a process of the cluster: end the workers that wait, and soon those that this run uses."""
    _ended.add(run)
    while _idle:
        _, workers = _idle.popitem()
        for worker in workers:
            await worker.__aexit__(None, None, None)

"""A process that marks one submission after the other: `python -m workbook.grading.worker`.

Each is a process of its own, so that an answer that hurts it, or holds it up, hurts no neighbour.
It is trusted: submissions come in and marks go out on its standard streams, as frames.
"""

import asyncio
import json
import os
import resource
import sys
from base64 import b64decode, b64encode
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from workbook.exercise import UnknownExercise, find
from workbook.grading.adapters import NoAdapter
from workbook.grading.assignments import NoAssignment, of_file
from workbook.grading.frames import HEADER
from workbook.grading.library import ExposedWorkbook
from workbook.grading.limits import Limits
from workbook.grading.marking import mark
from workbook.grading.marks import Assignment, Submission
from workbook.grading.processes import GraderFailed, NoIsolation, Zygote
from workbook.grading.sandbox.confinement import Level, address_space

_MEMORY = 4 << 30
"""Bytes that this process may take for its own work, whatever an answer makes it do."""


def encode(message: dict[str, Any]) -> bytes:
    """A frame between processes that trust each other: of any size."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def submission_to_json(submission: Submission) -> dict[str, Any]:
    """A submission as JSON's types."""
    return asdict(submission) | {"notebook": b64encode(submission.notebook).decode()}


def submission_from_json(stored: dict[str, Any]) -> Submission:
    """Read what `submission_to_json` gave."""
    notebook, notes = b64decode(stored["notebook"]), tuple(stored["notes"])
    return replace(Submission(**stored), notebook=notebook, notes=notes)


def assignment_to_json(assignment: Assignment) -> dict[str, Any]:
    """An assignment as JSON's types: what another process needs to make it again."""
    return {
        "exercises": [exercise.id for exercise in assignment.exercises],
        "seed": assignment.seed,
        "file": assignment.file,
        "starters": dict(assignment.starters),
        "names": dict(assignment.names),
    }


def assignment_from_json(stored: dict[str, Any]) -> Assignment:
    """Make again what `assignment_to_json` told of.

    Raises:
        NoAssignment: the instructor's own file is not here, or can't be run.
        UnknownExercise: an exercise is not known here.
    """
    if stored["file"]:
        of_file(Path(stored["file"]))  # makes the instructor's own exercises known
    chosen = tuple(map(find, stored["exercises"]))
    kept = {name: stored[name] for name in ("seed", "file", "starters", "names")}
    return Assignment(chosen, **kept)


async def work(orders: BinaryIO, answers: BinaryIO) -> None:
    """Mark what comes in until nothing more does."""
    order = await asyncio.to_thread(_read, orders)
    if order is None:
        return
    try:
        assignment, limits = assignment_from_json(order["assignment"]), Limits(**order["limits"])
        for exercise in assignment.exercises:
            exercise.time_limit = min(exercise.time_limit, limits.answer_seconds)
        async with Zygote(assignment, limits, tuple(map(Level, order["levels"]))) as zygote:
            _write(answers, {"ready": zygote.level, "refused": zygote.refused})
            while (order := await asyncio.to_thread(_read, orders)) is not None:
                submission = submission_from_json(order["submission"])
                done = await mark(submission, assignment, limits, zygote)
                _write(answers, {"mark": done.to_json(), "failed": zygote.failed})
    except NoIsolation as error:
        _write(answers, {"no isolation": str(error)})
    except (GraderFailed, NoAssignment, NoAdapter, ExposedWorkbook, UnknownExercise) as error:
        _write(answers, {"failed": str(error)})


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return json.loads(stream.read(HEADER.unpack(header)[0]))


def _write(stream: BinaryIO, message: dict[str, Any]) -> None:
    stream.write(encode(message))
    stream.flush()


def main() -> None:
    """Work on the standard streams; what anything prints goes to the errors."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + _MEMORY, hard))
    asyncio.run(work(orders, answers))


if __name__ == "__main__":
    main()

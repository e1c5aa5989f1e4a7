"""Grade every hostile notebook beside honest ones: `python -m tests.grading.hostile.run LEVEL`.

It is a program of its own, so that it can also be run as another user. It prints what came of each
submission as JSON, and what else it saw.
"""

import asyncio
import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Generator, Sequence
from typing import Any

from tests.grading.hostile.case import (
    ACCOUNT,
    EXERCISES,
    FULL,
    NOTHING,
    PAGES,
    SETUP,
    TAGS,
    WRONG_ACCOUNT,
    WRONG_PAGES,
    WRONG_TAGS,
    Case,
    notebook,
)
from tests.grading.hostile.forging import FORGING
from tests.grading.hostile.harming import HARMING
from tests.grading.hostile.spying import SPYING
from workbook.exercise import find
from workbook.grading.engine import grade
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.sandbox.confinement import Level

CASES = (*FORGING, *SPYING, *HARMING)
NEIGHBOURS = (
    Case("right", notebook(PAGES, TAGS, ACCOUNT), FULL),
    Case("wrong", notebook(WRONG_PAGES, WRONG_TAGS, WRONG_ACCOUNT), NOTHING),
    Case("half", notebook(PAGES, WRONG_TAGS, ACCOUNT), "4/0/4"),
    Case("empty", (SETUP,), NOTHING),
)
LIMITS = Limits(cell_seconds=2, answer_seconds=2, submission_seconds=90)


def submission(case: Case, key: str, **replaced: str) -> Submission:
    """The notebook of a case, as a learner would hand it in."""
    cells = []
    for number, source in enumerate(case.cells, 1):
        for name, value in replaced.items():
            source = source.replace(f"{{{name}}}", value)
        cells.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "source": source,
                # What a notebook says of itself is never believed.
                "metadata": {"tags": ["passed"], "points": 100},
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "passed"}],
                "execution_count": number,
            }
        )
    metadata = {"grade": 100, "score": FULL}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return Submission(key, case.name, "answer.ipynb", json.dumps(document).encode())


def score(mark: SubmissionMark) -> str:
    """The points of each exercise, as a case has them, or the problem."""
    return mark.problem or "/".join(str(exercise.earned) for exercise in mark.exercises)


async def run(
    level: Level, cases: Sequence[Case] = CASES, workers: int = 2, limits: Limits = LIMITS
) -> dict[str, Any]:
    """Grade these cases; honest notebooks stand between the hostile ones."""
    assignment = Assignment(tuple(map(find, EXERCISES)), seed=11)
    os.environ["HOSTILE_SECRET"] = "7f1c"
    with _service() as (port, name, calls):
        submissions = []
        for number, case in enumerate(cases):
            neighbour = NEIGHBOURS[number % len(NEIGHBOURS)]
            submissions.append(submission(case, case.name, PORT=str(port), NAME=name))
            submissions.append(submission(neighbour, f"{neighbour.name} {number}"))
        marks = grade(submissions, assignment, limits=limits, workers=workers, levels=(level,))
        done = [mark.to_json() | {"score": score(mark)} async for mark in marks]
    return {"marks": done, "calls": calls}


@contextlib.contextmanager
def _service() -> Generator[tuple[int, str, list[str]]]:
    """A service of this machine: its port, its name as an abstract Unix socket, and who called."""
    calls: list[str] = []
    name = f"hostile-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"\0{name}")
        unix.listen()

        def answer(server: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()
                    calls.append(str(server.getsockname()))

        threads = [threading.Thread(target=answer, args=(one,)) for one in (tcp, unix)]
        for thread in threads:
            thread.start()
        try:
            yield tcp.getsockname()[1], name, calls
        finally:
            for server in (tcp, unix):
                server.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Level(sys.argv[1])))))

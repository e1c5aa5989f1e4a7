"""What the tests of grading share: notebooks of a few lines, made where they are used."""

import asyncio
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from workbook.exercise import Exercise
from workbook.exercise import exercises as find_exercises
from workbook.grading import doctor
from workbook.grading.marks import Assignment, ExerciseMark, RequirementMark, SubmissionMark
from workbook.grading.reports.run import Run
from workbook.grading.sandbox.confinement import Level


@pytest.fixture(scope="session")
def best_level() -> Level:
    """The best level of isolation that this machine gives.

    With `WORKBOOK_REQUIRE_SANDBOX` set it must be namespaces.
    """
    with ThreadPoolExecutor(1) as apart:  # a loop may be running here
        records = apart.submit(lambda: asyncio.run(doctor.report())).result()
    found = records[-1].found
    level = Level(found.partition(" ")[0])
    if level is not Level.NAMESPACES and os.environ.get("WORKBOOK_REQUIRE_SANDBOX"):
        pytest.fail(f"this machine gives {found}")
    return level


@pytest.fixture
def notebook() -> Callable[..., bytes]:
    """Make a notebook of code cells: the bytes of its file."""

    def make(*sources: str, **fields: Any) -> bytes:
        cells = [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(sources, 1)
        ]
        document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        return json.dumps(document | fields).encode()

    return make


@pytest.fixture
def mark() -> Callable[..., SubmissionMark]:
    """Make a mark: `mark("ada", first="+-", second="+")`, a sign for each requirement."""
    return _mark


_OUTCOMES = {"+": "passed", "-": "not yet", "!": "your code raised", "0": "not attempted"}


def _mark(key: str, *, answer: str = "", message: str = "Too much.", **exercises: str) -> Any:
    learner = key.capitalize()
    if not exercises:
        return SubmissionMark(key, learner, f"{key}.ipynb", "", problem="The file is empty.")
    return SubmissionMark(
        key,
        learner,
        f"{key}.ipynb",
        "d" * 64,
        tuple(_exercise(name, signs, answer, message) for name, signs in exercises.items()),
        isolation="namespaces",
        seed=7,
        seconds=0.25,
    )


def _exercise(id: str, signs: str, answer: str, message: str) -> ExerciseMark:
    requirements = tuple(
        RequirementMark(f"r{n}", f"rule {n}", 1, _OUTCOMES[sign], message=message)
        if sign != "+"
        else RequirementMark(f"r{n}", f"rule {n}", 1, "passed")
        for n, sign in enumerate(signs, 1)
    )
    worst = next((one.outcome for one in requirements if one.outcome != "passed"), "passed")
    return ExerciseMark(id, worst, requirements, answer=answer)


@pytest.fixture
def class_run() -> Run:
    """The run of a class of 24 on chapter 2, with hostile text wherever text can be."""
    return _class_run()


HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "</style><style>*{display:none}</style>\x1b[31m\u202e`<b>`"
)


def _class_run() -> Run:
    rng = Random(7)
    exercises = tuple(one for one in find_exercises(2) if one.requirements)
    marks = [_learner(f"learner-{number:02}", rng, exercises) for number in range(1, 25)]
    marks[3] = replace(marks[3], learner=HOSTILE, file=HOSTILE, notes=(HOSTILE,))
    marks[5] = SubmissionMark(
        "gone", "Kim Gone", "work.docx", "", problem=f"No notebook. {HOSTILE}"
    )
    return Run(
        "FastAPI basics <week 2>",
        Assignment(exercises, seed=7),
        tuple(marks),
        versions={"fastapi-workbook": "0.1.0", "python": "3.12.1", "fastapi": "0.165.0"},
        limits={"cell_seconds": 3.0, "memory_mib": 1024},
        date="2026-11-24 17:00 UTC",
        remarks=("3 marks were made with fastapi 0.164.0 (it is 0.165.0 now).",),
    )


def _learner(key: str, rng: Random, exercises: tuple[Exercise, ...]) -> SubmissionMark:
    able = rng.random()
    answer = f"app = FastAPI()\n\n\n@app.get('/')\nasync def read(q: str = ''):\n    {HOSTILE!r}\n"
    answer += "    return {'a': [q, q, q], 'b': [q, q, q, q], 'c': [1, 2, 3, 4, 5, 6, 7]}\n" * 2
    made = []
    for exercise in exercises:
        rules = tuple(
            RequirementMark(one.name, one.text, one.points, "passed")
            if rng.random() < 0.3 + 0.7 * able
            else RequirementMark(
                one.name,
                one.text,
                one.points,
                rng.choice(["not yet", "not yet", "your code raised"]),
                message=f"Expected status 422, got {rng.choice([200, 500])}. It matters. {HOSTILE}",
                sent="GET /items?limit=101 " + "x" * 200,
                came_back=HOSTILE,
                expected="status 422",
                where="cell 4, line 7: total = 1 / 0",
            )
            for one in exercise.requirements
        )
        open_ = rng.random() < 0.1
        outcome = next((one.outcome for one in rules if one.outcome != "passed"), "passed")
        if open_:
            rules = tuple(replace(one, outcome="not attempted", message="") for one in rules)
        made.append(
            ExerciseMark(exercise.id, "not attempted" if open_ else outcome, rules, answer=answer)
        )
    name = key.replace("-", " ").title()
    return SubmissionMark(key, name, f"{key}.ipynb", "d" * 64, tuple(made), isolation="namespaces")

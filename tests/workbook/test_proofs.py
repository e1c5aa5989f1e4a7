"""The proofs find every kind of flaw that an exercise can have."""

from pathlib import Path

import nbformat
import pytest
from fastapi import FastAPI
from nbformat.v4 import new_code_cell, new_notebook

from workbook import chapters, proofs
from workbook.chapters import Chapter
from workbook.exercise import Exercise
from workbook.proofs import StoredAnswer, prove

pytestmark = pytest.mark.anyio

ROUTE = """
from typing import Annotated
from fastapi import FastAPI, Query

pages_app = FastAPI()


@pages_app.get("/items")
async def items(limit: Annotated[int, Query(le=100)] = 10) -> dict[str, int]:
    return {"limit": limit}
"""
STARTER = "from fastapi import FastAPI\n\npages_app = FastAPI()"
SAYS_404 = "Expected status 422, got status 404. The path is /items."
SAYS_NO_ECHO = 'Expected "limit": 45, got no field "limit". The page is as asked.'
LONG_ENOUGH = " ".join(["word"] * 20)


def no_route():
    return FastAPI()


def no_echo():
    app = FastAPI()

    @app.get("/items")
    async def items(limit: int = 10) -> dict[str, int]:
        return {} if limit <= 100 else {"limit": limit}

    return app


def with_a_lambda():
    namespace: dict = {}
    exec(ROUTE, namespace)  # noqa: S102 - the text above
    return namespace["pages_app"]


class World:
    """An exercise with its notebooks and stored answers, sound until a test spoils one part."""

    def __init__(self, exercise: Exercise, folder: Path) -> None:
        self.exercise = exercise
        self.folder = folder
        self.starter, self.solution = STARTER, ROUTE
        self.wrong = [
            StoredAnswer(exercise.id, no_route, "refuses_large_limit", SAYS_404),
            StoredAnswer(exercise.id, no_echo, "echoes_limit", SAYS_NO_ECHO),
        ]
        self.right = [StoredAnswer(exercise.id, with_a_lambda)]
        exercise.hints = (LONG_ENOUGH, LONG_ENOUGH, LONG_ENOUGH)

    async def flaws(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The flaws that the proofs find, without the exercise's id."""
        for name, tag, code in (
            ("chapters", "starter", self.starter),
            ("solutions", "solution", self.solution),
        ):
            cells = [
                new_code_cell(code, metadata={"tags": [self.exercise.id, tag]}),
                new_code_cell(f'await check("{self.exercise.id}", pages_app)'),
            ]
            path = self.folder / name / "02_pages.ipynb"
            path.parent.mkdir(exist_ok=True)
            nbformat.write(new_notebook(cells=cells), path)
            monkeypatch.setattr(chapters, name.upper(), path.parent)
        monkeypatch.setattr(chapters, "chapters", lambda: (Chapter(2, "02_pages"),))
        monkeypatch.setattr(proofs, "load_answers", lambda: None)
        monkeypatch.setattr(proofs, "_wrong", self.wrong)
        monkeypatch.setattr(proofs, "_right", self.right)
        monkeypatch.setattr(proofs, "_no_other_right", {})
        found = await prove([self.exercise], other_process=False)
        return [f"{flaw.proof}: {flaw.text}" for flaw in found.flaws]


@pytest.fixture
def world(pages: Exercise, tmp_path: Path) -> World:
    """A sound exercise."""
    return World(pages, tmp_path)


async def test_sound_exercise_has_no_flaw(world: World, monkeypatch) -> None:
    """All five proofs hold."""
    assert await world.flaws(monkeypatch) == []


async def test_starter_that_passes(world: World, monkeypatch) -> None:
    """Proof 1: the untouched starter must not pass, for any seed."""
    world.starter = ROUTE + "\nextra = 1"
    flaws = await world.flaws(monkeypatch)
    assert flaws == [f"1: the untouched starter passes (seed {seed})" for seed in (1, 2, 3)]


async def test_starter_that_does_not_run(world: World, monkeypatch) -> None:
    """Proof 1: the starter runs as it stands."""
    world.starter = "pages_app = undefined"
    assert await world.flaws(monkeypatch) == [
        "1: the starter does not run as it stands: NameError: name 'undefined' is not defined"
    ]


async def test_solution_that_fails(world: World, monkeypatch) -> None:
    """Proof 2: the solution passes every requirement."""
    world.solution = STARTER
    flaws = await world.flaws(monkeypatch)
    assert f"2: the solution fails refuses_large_limit (seed 1): {SAYS_404}" in flaws


async def test_requirement_that_nothing_fails(world: World, monkeypatch) -> None:
    """Proof 3: each requirement has a wrong answer."""
    del world.wrong[1]
    assert await world.flaws(monkeypatch) == ["3: no wrong answer is stored for echoes_limit"]


async def test_wrong_answer_that_passes(world: World, monkeypatch) -> None:
    """Proof 3: a wrong answer is rejected by the requirement it names."""
    world.wrong.append(StoredAnswer(world.exercise.id, no_echo, "refuses_large_limit", SAYS_404))
    assert "3: no_echo says" in "".join(await world.flaws(monkeypatch))
    world.wrong[-1] = StoredAnswer(world.exercise.id, with_a_lambda, "echoes_limit", "…")
    assert "3: with_a_lambda passes echoes_limit" in await world.flaws(monkeypatch)


async def test_message_that_changed(world: World, monkeypatch) -> None:
    """Proof 3: the message is the one that is stored."""
    world.wrong[0] = StoredAnswer(world.exercise.id, no_route, "refuses_large_limit", "old")
    assert await world.flaws(monkeypatch) == [f"3: no_route says {SAYS_404!r}, stored is 'old'"]


async def test_requirement_that_does_not_exist(world: World, monkeypatch) -> None:
    """Proof 3: a stored answer names a requirement of its exercise."""
    world.wrong.append(StoredAnswer(world.exercise.id, no_route, "gone", "…"))
    assert "3: no_route names gone, which is no requirement" in await world.flaws(monkeypatch)


async def test_stored_answer_to_nothing(world: World, monkeypatch) -> None:
    """A stored answer to an unknown exercise is told."""
    world.wrong.append(StoredAnswer("renamed", no_route, "gone", "…"))
    assert "3: no_route answers an exercise that does not exist" in await world.flaws(monkeypatch)


async def test_no_second_right_answer(world: World, monkeypatch) -> None:
    """Proof 4: there is one, or a reason why not."""
    world.right = []
    assert await world.flaws(monkeypatch) == [
        "4: no second right answer is stored, and no reason for that"
    ]


async def test_right_answer_that_fails(world: World, monkeypatch) -> None:
    """Proof 4: a right answer that is refused is told."""
    world.right = [StoredAnswer(world.exercise.id, no_route)]
    assert f"4: no_route fails refuses_large_limit (seed 1): {SAYS_404}" in await world.flaws(
        monkeypatch
    )


async def test_hints_that_say_too_little_or_too_much(world: World, monkeypatch) -> None:
    """Proof 5: length, and no line of the solution."""
    telling = (
        f"{LONG_ENOUGH} async def items(limit: Annotated[int, Query(le=100)]=10) -> dict[str, int]:"
    )
    world.exercise.hints = ("too short", telling, "word " * 81)
    flaws = await world.flaws(monkeypatch)
    assert flaws[0] == "5: hint 1 has 2 words, not 15 to 80"
    assert flaws[1].startswith("5: hint 2 holds a line of the solution: asyncdefitems(")
    assert flaws[2] == "5: hint 3 has 81 words, not 15 to 80"
    assert len(flaws) == 3


async def test_exercise_that_cannot_fail(world: World, monkeypatch) -> None:
    """An exercise without requirements is told."""
    world.exercise.requirements.clear()
    assert await world.flaws(monkeypatch) == ["3: it has no requirement, so nothing can fail"]


async def test_exercise_that_no_notebook_holds(world: World, monkeypatch) -> None:
    """An exercise whose cells are missing is told."""
    monkeypatch.setattr(proofs, "load_answers", lambda: None)
    found = await prove([world.exercise], other_process=False)
    assert [(flaw.proof, flaw.text) for flaw in found.flaws] == [
        (1, f"no code cell is tagged {world.exercise.id} and starter")
    ]

"""Which exercises count, and when a mark can be taken over."""

from dataclasses import replace
from pathlib import Path

import pytest

from workbook.exercise import Exercise, Requirement, find
from workbook.grading import assignments
from workbook.grading.assignments import NoAssignment
from workbook.grading.file_names import Owner
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.notebooks import read_notebook
from workbook.grading.submissions import Candidate, HandedIn

ADA = Owner("ada", "", "", "ada.ipynb")


def handed_in(*notebooks: bytes) -> HandedIn:
    """What one learner handed in."""
    return HandedIn(ADA, [Candidate("x.ipynb", 0, read_notebook(one)) for one in notebooks])


def test_a_chapter_is_what_its_notebook_checks() -> None:
    """All exercises that the shipped chapter checks count, in the book's order."""
    found = assignments.of_chapters([2])
    assert found[0].id == "frozen_shop"
    assert {one.chapter for one in found} == {2}
    with pytest.raises(NoAssignment, match="There is no chapter 99"):
        assignments.of_chapters([99])


def test_exercises_by_id() -> None:
    """Each is taken once; a misspelt one gets the names that are alike."""
    assert [one.id for one in assignments.of_ids(["tag_search", "tag_search"])] == ["tag_search"]
    with pytest.raises(NoAssignment, match="Did you mean 'tag_search'"):
        assignments.of_ids(["tag_serch"])


def test_the_likely_chapter(notebook) -> None:
    """The chapter of most notebooks is graded; where two are alike the instructor is asked."""
    two = notebook('await check("tag_search", a)', 'await check("bounded_pages", b)')
    three = notebook(f'await check("{assignments.of_chapters([3])[0].id}", a)')
    assert assignments.likely_chapter([handed_in(two), handed_in(two), handed_in(three)]) == 2
    with pytest.raises(NoAssignment, match="chapters 2 and 3 alike"):
        assignments.likely_chapter([handed_in(two), handed_in(three)])
    with pytest.raises(NoAssignment, match="no chapter"):
        assignments.likely_chapter([handed_in(notebook("1")), handed_in()])


OWN = '''\
"""Exercises of week 9."""

from workbook import client
from workbook.exercise import Exercise
from workbook.expectations import expect

{name} = Exercise(
    "{name}", title="Own", kind="make", section="2.4", hints=("a", "b", "c"),
)


@{name}.requirement("GET /ping answers 200")
async def answers(client):
    expect(await client.get("/ping"), status=200, because="It is asked for.")
'''


@pytest.fixture
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exercises that a test makes are gone after it."""
    from workbook import exercise

    exercise.exercises()
    monkeypatch.setattr(exercise, "_registry", dict(exercise._registry))


@pytest.mark.usefixtures("_registry")
def test_exercises_of_ones_own(tmp_path: Path) -> None:
    """A file makes its exercises known, and they alone are the assignment."""
    path = tmp_path / "week9.py"
    path.write_text(OWN.format(name="own_ping"), encoding="utf-8")
    found = assignments.of_file(path)
    assert [one.id for one in found] == ["own_ping"]
    assert find("own_ping").requirements[0].text == "GET /ping answers 200"


@pytest.mark.usefixtures("_registry")
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("week.txt", "", "no Python file"),
        ("week.py", "1 / 0", r"ZeroDivisionError: division by zero \(line 1"),
        ("week.py", "def f(:", "SyntaxError"),
        ("week.py", "x = 1", "makes no new exercise"),
        ("week.py", OWN.format(name="tag_search"), "an exercise called 'tag_search' exists"),
        ("week.py", OWN.format(name="bare").partition("@")[0], "bare in .* has no requirement"),
    ],
)
def test_a_file_that_makes_none(tmp_path: Path, name: str, code: str, said: str) -> None:
    """What is wrong with the file is said, with the line."""
    path = tmp_path / name
    path.write_text(code, encoding="utf-8")
    with pytest.raises(NoAssignment, match=said):
        assignments.of_file(path)
    with pytest.raises(NoAssignment):
        assignments.of_file(tmp_path / "missing.py")


def test_given_code() -> None:
    """The starter and the solution of a shipped exercise are nobody's own."""
    starter, solution = assignments.given_code(Assignment((find("tag_search"),)))["tag_search"]
    assert "tag: list[str]" in starter
    assert starter != solution


def test_what_decides_a_mark() -> None:
    """Seed, limits, requirements and their points are part of the basis; nothing else is."""
    exercise = find("tag_search")
    one = Assignment((exercise,), seed=1)
    basis = assignments.basis(one, Limits())
    assert basis == assignments.basis(Assignment((exercise,), seed=1), Limits())
    others = [
        assignments.basis(replace(one, seed=2), Limits()),
        assignments.basis(one, Limits(cell_seconds=9)),
        assignments.basis(replace(one, starters={exercise.id: "tags = 1"}), Limits()),
        assignments.basis(replace(one, names={exercise.id: "my_app"}), Limits()),
        assignments.basis(Assignment((find("bounded_pages"),), seed=1), Limits()),
        assignments.basis(Assignment((_worth_more(exercise),), seed=1), Limits()),
    ]
    assert len({basis, *others}) == 7


def test_an_exercise_whose_answer_is_a_test_has_a_basis() -> None:
    """Its adapter is an object and no function."""
    one = Assignment((find("lost_member_test"),))
    assert assignments.basis(one, Limits()) == assignments.basis(one, Limits())


def _worth_more(exercise: Exercise) -> Exercise:
    twin = object.__new__(Exercise)
    twin.__dict__ |= exercise.__dict__
    first = exercise.requirements[0]
    changed = Requirement(first.name, first.text, first.points + 1, first.function)
    twin.requirements = [changed, *exercise.requirements[1:]]
    return twin


def test_versions() -> None:
    """The versions that a report names are those that are installed."""
    found = assignments.versions()
    assert {"python", "fastapi-workbook", "fastapi", "pydantic"} <= set(found)

"""A run over a class: what is known is taken over, and what was graded is kept whatever happens."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workbook.grading.class_run import STOPPED, Grader, grade_class
from workbook.grading.marks import Submission, SubmissionMark
from workbook.grading.store import Store
from workbook.grading.submissions import OTHER_CHAPTER

CLASS = [
    Submission("ada", "Ada", "ada.ipynb", b"1", notes=("Two notebooks were handed in.",)),
    Submission("eve", "Eve", "eve.docx", problem="No notebook."),
    Submission("kim", "Kim", "kim.ipynb", b"2"),
    Submission("lee", "Lee", "lee.ipynb", b"3"),
]


@pytest.fixture
def grader(mark) -> Callable[..., tuple[Grader, list[str]]]:
    """Make a grader that gives everyone a point and notes whom it graded; it may fail on someone."""

    def make(fails: str = "", error: BaseException | None = None) -> tuple[Grader, list[str]]:
        seen: list[str] = []

        async def grade(left: list[Submission]) -> AsyncIterator[SubmissionMark]:
            for one in left:
                if one.key == fails and error is not None:
                    raise error
                seen.append(one.key)
                yield replace(mark(one.key, x="+"), digest=one.digest, notes=("Cell 7 raised.",))

        return grade, seen

    return make


def run(folder: Path, grader: Grader, fresh: bool = False):
    """Grade the class in a folder."""
    with Store.open(folder, "basis", {}) as store:
        return grade_class(CLASS, store, grader, lambda _: None, fresh=fresh)


def test_everyone_has_a_mark(tmp_path: Path, grader) -> None:
    """Marks come in the order of the class; what intake noted stands before what grading noted."""
    grade, seen = grader()
    done = run(tmp_path, grade)
    marks = done.in_order(CLASS)
    assert [(one.key, one.earned, one.problem) for one in marks] == [
        ("ada", 1, ""),
        ("eve", 0, "No notebook."),
        ("kim", 1, ""),
        ("lee", 1, ""),
    ]
    assert seen == ["ada", "kim", "lee"]
    assert marks[0].notes == ("Two notebooks were handed in.", "Cell 7 raised.")


@pytest.mark.parametrize(("signs", "notes"), [("++", ()), ("+-", (OTHER_CHAPTER,))])
def test_full_marks_are_no_other_chapter(tmp_path: Path, mark, signs: str, notes: tuple) -> None:
    """A notebook whose checks are gone, and whose answers all pass, is the right one."""
    one = Submission("ada", "Ada", "ada.ipynb", b"1", notes=(OTHER_CHAPTER,))

    async def grade(left: list[Submission]) -> AsyncIterator[SubmissionMark]:
        for submission in left:
            yield replace(mark("ada", x=signs), digest=submission.digest)

    with Store.open(tmp_path, "basis", {}) as store:
        done = grade_class([one], store, grade, lambda _: None)
    assert done.marks["ada"].notes == notes


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no isolation")])
def test_what_was_graded_is_kept(tmp_path: Path, grader, error: BaseException) -> None:
    """After Ctrl-C or a failure the marks so far are there, and the next run does the rest."""
    grade, _ = grader("kim", error)
    done = run(tmp_path, grade)
    assert (done.interrupted, done.failure) == (
        isinstance(error, KeyboardInterrupt),
        error if isinstance(error, Exception) else None,
    )
    assert [one.problem for one in done.in_order(CLASS)] == ["", "No notebook.", STOPPED, STOPPED]
    grade, seen = grader()
    done = run(tmp_path, grade)
    assert seen == ["kim", "lee"]
    assert [one.key for one in done.taken_over] == ["ada"]
    assert [one.problem for one in done.in_order(CLASS)] == ["", "No notebook.", "", ""]


def test_fresh_grades_all(tmp_path: Path, grader) -> None:
    """With `--fresh` nothing is taken over."""
    run(tmp_path, grader()[0])
    grade, seen = grader()
    run(tmp_path, grade, fresh=True)
    assert seen == ["ada", "kim", "lee"]


def test_since_copies_what_it_takes_over(tmp_path: Path, grader) -> None:
    """Marks of another folder's run stand in this one's journal, too, under their own versions."""
    with Store.open(tmp_path / "monday", "basis", {"fastapi": "1"}) as store:
        grade_class(CLASS, store, grader()[0], lambda _: None)
    grade, seen = grader()
    with Store.open(
        tmp_path / "friday", "basis", {"fastapi": "2"}, since=tmp_path / "monday"
    ) as store:
        done = grade_class(CLASS, store, grade, lambda _: None)
        assert store.other_versions(done.taken_over) == [
            "Made with fastapi 1 (it is 2 now): 3 of them."
        ]
    assert seen == []
    with Store.open(tmp_path / "friday", "basis", {}) as store:
        assert {kept.versions["fastapi"] for kept in store.earlier.values()} == {"1"}
        assert set(store.earlier) == {"ada", "kim", "lee"}

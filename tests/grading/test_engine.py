"""Submissions in, marks out: through workers, sandboxed children and the requirements."""

from pathlib import Path

import pytest

from tests.grading.hostile.case import EXERCISES, FULL
from tests.grading.hostile.run import NEIGHBOURS, score, submission
from workbook import chapters
from workbook.exercise import exercises, find
from workbook.grading.engine import Worker, grade
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.sandbox.confinement import Level

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def _marks(*handed_in: Submission, assignment: Assignment) -> dict[str, SubmissionMark]:
    marks = grade(handed_in, assignment, limits=Limits(cell_seconds=10), workers=1)
    return {mark.key: mark async for mark in marks}


@pytest.mark.parametrize("number", sorted({exercise.chapter for exercise in exercises()}))
async def test_every_solution_earns_all_points(number: int, best_level: Level) -> None:
    """The solution notebook of a chapter passes every requirement of all its exercises."""
    chosen = tuple(exercises(number))
    path = chapters.chapter(number).solution_path
    handed_in = Submission("ada", "Ada", path.name, path.read_bytes())
    mark = (await _marks(handed_in, assignment=Assignment(chosen, 1)))["ada"]
    # On a busy machine a requirement that watches the clock may have been looked at twice.
    notes = [note for note in mark.notes if "the machine was busy" not in note]
    assert (mark.problem, notes, mark.isolation) == ("", [], best_level)
    assert {one.exercise: "passed" for one in mark.exercises} == {
        one.exercise: one.outcome for one in mark.exercises
    }
    assert sum(exercise.points for exercise in chosen) == mark.earned


async def test_an_untouched_chapter_is_not_attempted() -> None:
    """A notebook that is handed in as it was given earns nothing, and says why."""
    path = chapters.chapter(2).path
    handed_in = Submission("bob", "Bob", path.name, path.read_bytes())
    chosen = tuple(exercises(2))
    mark = (await _marks(handed_in, assignment=Assignment(chosen)))["bob"]
    assert (mark.problem, mark.earned) == ("", 0)
    assert {"not attempted"} == {one.outcome for one in mark.exercises}


async def test_a_worker_that_is_lost_is_started_again() -> None:
    """A worker that is killed between or during submissions costs no learner a mark."""
    assignment = Assignment(tuple(map(find, EXERCISES)), 1)
    async with Worker(assignment, Limits(cell_seconds=10)) as worker:
        for _ in range(2):
            assert worker._process is not None
            worker._process.kill()
            mark = await worker.mark(submission(NEIGHBOURS[0], "ada"))
            assert (mark.problem, score(mark)) == ("", FULL)


async def test_a_worker_that_is_lost_each_time_gives_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two lost workers are enough: the mark says that a person has to look, and is no zero."""
    started = Worker._start

    async def start_and_lose(self: Worker) -> None:
        await started(self)
        assert self._process is not None
        self._process.kill()

    monkeypatch.setattr(Worker, "_start", start_and_lose)
    async with Worker(Assignment((find(EXERCISES[0]),)), Limits()) as worker:
        mark = await worker.mark(submission(NEIGHBOURS[0], "ada"))
    assert mark.problem == "The grader's own process ended, 2 times. Look at the notebook."
    assert mark.exercises == ()


async def test_stopping_early_ends_every_process() -> None:
    """Whoever stops taking marks leaves no worker behind."""
    before = _children()  # a browser or a service of other tests may run
    submissions = [submission(NEIGHBOURS[0], str(number)) for number in range(8)]
    assignment = Assignment(tuple(map(find, EXERCISES)), 1)
    marks = grade(submissions, assignment, limits=Limits(cell_seconds=10), workers=2)
    assert score(await anext(marks)) == FULL
    await marks.aclose()
    assert _children() - before == set()


def _children() -> set[str]:
    """The processes that this one has started, as the kernel lists them."""
    lists = Path("/proc/self/task").glob("*/children")
    return set(" ".join(one.read_text(encoding="ascii") for one in lists).split())

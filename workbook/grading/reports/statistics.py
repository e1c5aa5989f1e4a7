"""What a class's marks say about the exercises: difficulty, discrimination, common mistakes.

Difficulty and discrimination are those of classical test theory (Crocker and Algina,
*Introduction to Classical and Modern Test Theory*, chapter 14).
"""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbook.findings import Outcome
from workbook.grading.marks import SubmissionMark

FEWEST = 20
"""Below this many learners a correlation says nothing: by chance alone it lies within ± 0.44."""


@dataclass(frozen=True)
class Item:
    """One exercise or one requirement.

    Attributes:
        name: the exercise's id, or `exercise.requirement`.
        learners: how many were graded.
        difficulty: p, the mean share of its points that was earned, 0 to 1; higher is easier.
        discrimination: the correlation of its points with all others (corrected point-biserial),
            -1 to 1; None where everyone earned the same, or fewer than two were graded.
        outcomes: how many learners had each outcome.
    """

    name: str
    learners: int
    difficulty: float
    discrimination: float | None
    outcomes: Counter[str]

    @property
    def remark(self) -> str:
        """What the figures mean, or that they mean nothing."""
        if self.discrimination is None:
            return "All earned the same, so it tells nobody apart."
        if self.learners < FEWEST:
            return f"With {self.learners} learners the correlation means nothing."
        if self.discrimination < 0:
            return "Those who do well elsewhere do worse here: read it once more."
        if self.discrimination < 0.2:
            return "It hardly tells strong from weak."
        return "It tells strong from weak."


@dataclass(frozen=True)
class Mistake:
    """One message that several learners got.

    Attributes:
        exercise: the exercise's id.
        requirement: what was required, as the learner reads it.
        message: one of the messages; they differ in the values that were drawn.
        learners: the keys of those who got it.
    """

    exercise: str
    requirement: str
    message: str
    learners: tuple[str, ...]


def exercise_items(marks: Sequence[SubmissionMark]) -> list[Item]:
    """The figures of every exercise, in order."""
    rows: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for mark in marks:
        for one in mark.exercises:
            rows[one.exercise].append(
                (one.earned / (one.points or 1), mark.earned - one.earned, one.outcome)
            )
    return [_item(name, row) for name, row in rows.items()]


def requirement_items(marks: Sequence[SubmissionMark]) -> list[Item]:
    """The figures of every requirement, in order; each is named `exercise.requirement`."""
    rows: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for mark in marks:
        for exercise in mark.exercises:
            for one in exercise.requirements:
                rows[f"{exercise.exercise}.{one.name}"].append(
                    (one.earned / (one.points or 1), mark.earned - one.earned, one.outcome)
                )
    return [_item(name, row) for name, row in rows.items()]


def _item(name: str, rows: list[tuple[float, float, str]]) -> Item:
    shares, rests, outcomes = zip(*rows, strict=True)
    return Item(
        name,
        len(rows),
        statistics.fmean(shares),
        _correlation(shares, rests),
        Counter(outcomes),
    )


def _correlation(shares: Sequence[float], rests: Sequence[float]) -> float | None:
    if len(set(shares)) < 2 or len(set(rests)) < 2:
        return None
    return statistics.correlation(shares, rests)


def common_mistakes(marks: Iterable[SubmissionMark], fewest: int = 2) -> list[Mistake]:
    """The messages that at least so many learners got, the most common first."""
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for mark in marks:
        for exercise in mark.exercises:
            for one in exercise.requirements:
                # "not run" follows from another requirement's message, which is counted.
                if one.outcome in (Outcome.NOT_YET, Outcome.RAISED) and one.message != "not run":
                    kind = (exercise.exercise, one.text, _without_values(one.message))
                    groups[kind].append((mark.key, one.message))
    found = [
        Mistake(exercise, text, them[0][1], tuple(dict.fromkeys(key for key, _ in them)))
        for (exercise, text, _), them in groups.items()
    ]
    enough = [one for one in found if len(one.learners) >= fewest]
    return sorted(enough, key=lambda one: -len(one.learners))


def _without_values(message: str) -> str:
    """A message without what was drawn or computed: quoted text, numbers."""
    return re.sub(r"\d+(\.\d+)?", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", message))


@dataclass(frozen=True)
class Summary:
    """The points of a class, each as a number of points."""

    learners: int
    mean: float
    median: float
    lowest: int
    highest: int


def summary(marks: Sequence[SubmissionMark]) -> Summary | None:
    """The points of those who were graded; None if nobody was."""
    points = [mark.earned for mark in marks]
    if not points:
        return None
    mean, median = statistics.fmean(points), statistics.median(points)
    return Summary(len(points), mean, median, min(points), max(points))

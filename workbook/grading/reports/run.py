"""One run of the grader, as every report sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbook.grading.marks import Assignment, SubmissionMark


@dataclass(frozen=True)
class Run:
    """What was graded, and what came of it.

    Attributes:
        title: what the reports are headed with.
        assignment: the exercises and the seed.
        marks: one for each learner, in the order of the reports.
        given: the code that all were given, by exercise: starters and solutions.
        versions: the versions under which it ran.
        limits: the limits of each submission.
        date: when it was finished, as ISO 8601.
        remarks: what a reader has to know about the run as a whole.
    """

    title: str
    assignment: Assignment
    marks: tuple[SubmissionMark, ...]
    given: Mapping[str, list[str]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    date: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def graded(self) -> tuple[SubmissionMark, ...]:
        """The marks of those who could be graded."""
        return tuple(mark for mark in self.marks if not mark.problem)

    @property
    def points(self) -> int:
        """The points that could be earned."""
        return sum(exercise.points for exercise in self.assignment.exercises)

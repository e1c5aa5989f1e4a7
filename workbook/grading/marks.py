"""What goes into grading and what comes out of it: plain data, the same as JSON and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Self

from pydantic import TypeAdapter

from workbook.exercise import Exercise


@dataclass(frozen=True)
class Submission:
    """One learner's notebook, as it was handed in.

    Attributes:
        key: names the learner in this run; no two submissions share one.
        learner: the learner's name, as the report shows it. Never trusted as a path or markup.
        file: the name of the file as it was handed in, for the report.
        notebook: the file's bytes; empty when there is none.
        problem: why there is nothing to grade; empty when there is.
        notes: what was done to make it readable, such as which of two notebooks was taken.
    """

    key: str
    learner: str
    file: str
    notebook: bytes = b""
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of the notebook, as hexadecimal digits."""
        return sha256(self.notebook).hexdigest()


@dataclass(frozen=True)
class Assignment:
    """What is graded.

    Attributes:
        exercises: the exercises that count, in the order of the report.
        seed: the inputs of every requirement are drawn from it, the same for each learner.
        file: the instructor's own file that makes the exercises; empty for those of the book.
        starters: by exercise, the code that was handed out, where it is not that of the chapter.
        names: by exercise, what the notebook that was handed out checks, where it is not the chapter.
    """

    exercises: tuple[Exercise, ...]
    seed: int = 0
    file: str = ""
    starters: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RequirementMark:
    """What came of one requirement: the fields of `workbook.findings.Finding`, as text."""

    name: str
    text: str
    points: int
    outcome: str
    message: str = ""
    sent: str = ""
    came_back: str = ""
    expected: str = ""
    where: str = ""

    @property
    def earned(self) -> int:
        """The points that it earned."""
        return self.points if self.outcome == "passed" else 0


@dataclass(frozen=True)
class ExerciseMark:
    """What came of one exercise.

    Attributes:
        exercise: its id.
        outcome: a `workbook.findings.Outcome`.
        requirements: one for each, in order; also where nothing could be run.
        message: why, where no requirement says it.
        answer: the code of the answer, as far as it could be told from the notebook.
    """

    exercise: str
    outcome: str
    requirements: tuple[RequirementMark, ...]
    message: str = ""
    answer: str = ""

    @property
    def earned(self) -> int:
        """The points earned."""
        return sum(one.earned for one in self.requirements)

    @property
    def points(self) -> int:
        """The points that could be earned."""
        return sum(one.points for one in self.requirements)


@dataclass(frozen=True)
class SubmissionMark:
    """What came of one submission.

    Attributes:
        key: as in `Submission`; `learner`, `file` and `digest` too.
        exercises: one for each exercise of the assignment, in order; empty when there is a problem.
        problem: why it could not be graded. That is never a zero: a person has to look.
        notes: what happened to it, such as "cell 7 was left out: it passed its limit of 3 s".
        isolation: the level at which it ran: `namespaces` or `landlock`.
        seed: the seed of the assignment.
        seconds: how long it took.
    """

    key: str
    learner: str
    file: str
    digest: str
    exercises: tuple[ExerciseMark, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    isolation: str = ""
    seed: int = 0
    seconds: float = 0.0

    @property
    def earned(self) -> int:
        """The points earned."""
        return sum(one.earned for one in self.exercises)

    @property
    def points(self) -> int:
        """The points that could be earned."""
        return sum(one.points for one in self.exercises)

    def to_json(self) -> dict[str, Any]:
        """The mark as JSON's types; `from_json` takes it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """Read what `to_json` gave.

        Raises:
            pydantic.ValidationError: it has another shape.
        """
        return TypeAdapter(cls).validate_python(stored)

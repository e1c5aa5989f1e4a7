"""What a check found: an outcome for each requirement, and one for the whole exercise."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workbook.exercise import Exercise, Requirement


class Outcome(StrEnum):
    """The four things that a check can say."""

    PASSED = "passed"
    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    RAISED = "your code raised"


@dataclass(frozen=True)
class Finding:
    """What came of one requirement.

    Attributes:
        requirement: the requirement.
        outcome: `PASSED`, `NOT_YET` or `RAISED`.
        message: what is wrong and why it matters, in one or two sentences; empty when passed.
        sent: the request in one line; empty where none was sent.
        came_back: the answer in one line; empty where there is none.
        expected: what should have come back, in a few words; empty where that does not apply.
        where: the learner's own line that raised, as `cell 4, line 7: total = 1 / 0`, or empty.
    """

    requirement: Requirement
    outcome: Outcome
    message: str = ""
    sent: str = ""
    came_back: str = ""
    expected: str = ""
    where: str = ""

    @property
    def points(self) -> int:
        """The points that this requirement earned."""
        return self.requirement.points if self.outcome is Outcome.PASSED else 0


@dataclass(frozen=True)
class Result:
    """What a check of one exercise found.

    Attributes:
        exercise: the exercise.
        outcome: the worst of the findings, or `NOT_ATTEMPTED`.
        findings: one for each requirement, in order; empty when nothing was run.
        message: what to do next, for an outcome that no finding explains.
        seed: the seed from which the inputs were drawn; give it to `check` to see them again.
        next_step: the sentence that ends the card.
    """

    exercise: Exercise
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    message: str = ""
    seed: int = 0
    next_step: str = field(default="", compare=False)

    @property
    def points(self) -> int:
        """The points earned, of `exercise.points`."""
        return sum(finding.points for finding in self.findings)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Imported here: the card draws results, so the import at the top would be a circle.
        from workbook.cards import result_card

        return result_card(self).bundle()

    def __str__(self) -> str:
        from workbook.cards import result_card

        return result_card(self).text

    __repr__ = __str__


def summarise(findings: tuple[Finding, ...]) -> Outcome:
    """The outcome of the whole exercise: the first failure decides what kind it is."""
    for finding in findings:
        if finding.outcome is not Outcome.PASSED:
            return finding.outcome
    return Outcome.PASSED

"""What a mark says, as text that may have come from a learner's code."""

import unicodedata

from workbook.exercise import Exercise
from workbook.findings import Finding, Outcome
from workbook.grading.marks import ExerciseMark, RequirementMark
from workbook.judging import all_failed

_LONGEST_TEXT, _LONGEST_LINE, _LONGEST_ANSWER = 2000, 500, 65536
_CONTROLS = ("Cc", "Cf", "Cs", "Co", "Cn")


def plain(text: str, limit: int = _LONGEST_TEXT) -> str:
    """Text from a submission that a terminal and a file can take: no control characters."""
    kept = "".join(
        sign
        if sign in "\n\t" or unicodedata.category(sign) not in _CONTROLS
        else "\N{REPLACEMENT CHARACTER}"
        for sign in text[:limit]
    )
    return kept if len(text) <= limit else f"{kept}…"


def answer_text(code: str | None) -> str:
    """The code of an answer, as a mark keeps it."""
    return plain(code or "", _LONGEST_ANSWER)


def requirement_mark(finding: Finding) -> RequirementMark:
    """What came of one requirement, as text."""
    requirement = finding.requirement
    return RequirementMark(
        requirement.name,
        requirement.text,
        requirement.points,
        finding.outcome,
        message=plain(finding.message),
        sent=plain(finding.sent, _LONGEST_LINE),
        came_back=plain(finding.came_back, _LONGEST_LINE),
        expected=plain(finding.expected, _LONGEST_LINE),
        where=plain(finding.where, _LONGEST_LINE),
    )


def unjudged(exercise: Exercise, outcome: Outcome, message: str, code: str | None) -> ExerciseMark:
    """No requirement could be run; `message` says why."""
    findings = [Finding(one, outcome, message="not run") for one in exercise.requirements]
    return ExerciseMark(
        exercise.id,
        outcome,
        tuple(map(requirement_mark, findings)),
        message=plain(message),
        answer=answer_text(code),
    )


def raised_mark(exercise: Exercise, error: Exception, code: str | None) -> ExerciseMark:
    """Nothing could be asked, for one reason; it is said at the first requirement."""
    result = all_failed(exercise, error, seed=0)
    return ExerciseMark(
        exercise.id,
        result.outcome,
        tuple(map(requirement_mark, result.findings)),
        answer=answer_text(code),
    )

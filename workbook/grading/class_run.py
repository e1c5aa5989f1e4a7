"""One run over a class: take over what is known, grade the rest, lose nothing on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from workbook.grading.marks import Submission, SubmissionMark
from workbook.grading.store import Store
from workbook.grading.submissions import OTHER_CHAPTER

type Grader = Callable[[list[Submission]], AsyncIterator[SubmissionMark]]
"""Takes submissions and yields a mark for each, in the order in which they end."""

STOPPED = "Not graded yet: the run was stopped. The same command goes on from here."


@dataclass
class ClassRun:
    """What became of a run.

    Attributes:
        marks: by the submission's key.
        taken_over: the marks that an earlier run had made.
        interrupted: someone pressed Ctrl-C.
        failure: the error that ended the grader, or None.
    """

    marks: dict[str, SubmissionMark] = field(default_factory=dict)
    taken_over: list[SubmissionMark] = field(default_factory=list)
    interrupted: bool = False
    failure: Exception | None = None

    def in_order(self, submissions: Sequence[Submission]) -> tuple[SubmissionMark, ...]:
        """A mark for each submission; the one that was not reached has that as its problem."""
        return tuple(self.marks.get(one.key) or _ungraded(one, STOPPED) for one in submissions)


def grade_class(
    submissions: Sequence[Submission],
    store: Store,
    grader: Grader,
    advance: Callable[[SubmissionMark], None],
    *,
    fresh: bool = False,
) -> ClassRun:
    """Grade what is not known yet.

    Args:
        submissions: everyone's.
        store: where marks are kept, and known ones come from.
        grader: grades those that are left.
        advance: called with each mark when it is there.
        fresh: grade all, also what is known.

    Returns:
        The marks that were made before the end, before Ctrl-C or before the grader failed.
    """
    done = ClassRun()
    left = []
    for one in submissions:
        known = None if fresh else store.known(one)
        if one.problem:
            done.marks[one.key] = _ungraded(one, one.problem)
        elif known is not None:
            done.marks[one.key] = known
            done.taken_over.append(known)
            if (kept := store.earlier[one.key]).elsewhere:
                # This folder holds all of its run, also what came from another.
                store.add(known, kept.versions)
        else:
            left.append(one)
            continue
        advance(done.marks[one.key])
    try:
        asyncio.run(_grade(left, store, grader, advance, done))
    except KeyboardInterrupt:
        done.interrupted = True
    except Exception as error:  # noqa: BLE001 - whatever ends the grader, what was graded is kept
        done.failure = error
    return done


async def _grade(
    left: list[Submission],
    store: Store,
    grader: Grader,
    advance: Callable[[SubmissionMark], None],
    done: ClassRun,
) -> None:
    if not left:
        return
    by_key = {one.key: one for one in left}
    # Closed by name: after Ctrl-C nothing else would wait for the sandboxes to be gone.
    async with aclosing(grader(left)) as marks:  # ty: ignore[invalid-argument-type]  # an async generator is what yields them
        async for mark in marks:
            noted = dict.fromkeys((*by_key[mark.key].notes, *mark.notes))
            if mark.points and mark.earned == mark.points:
                noted.pop(OTHER_CHAPTER, None)  # all its answers are here
            done.marks[mark.key] = complete = replace(mark, notes=tuple(noted))
            store.add(complete)
            advance(complete)


def _ungraded(submission: Submission, why: str) -> SubmissionMark:
    return SubmissionMark(
        submission.key,
        submission.learner,
        submission.file,
        submission.digest,
        problem=why,
        notes=submission.notes,
    )

"""Mark one submission: run its cells, and run the requirements where its checks stand."""

import ast
from dataclasses import replace
from time import perf_counter
from typing import Any, NoReturn

from workbook.cells import NotANotebook, parse_cells
from workbook.client import Client, client
from workbook.exercise import Exercise, Requirement
from workbook.findings import Finding, Outcome, summarise
from workbook.grading.bridge import BridgedApp
from workbook.grading.channel import Channel, ChildDied
from workbook.grading.limits import Limits
from workbook.grading.marks import (
    Assignment,
    ExerciseMark,
    Submission,
    SubmissionMark,
)
from workbook.grading.plan import (
    Checkpoint,
    answer_code,
    blames,
    checkpoints,
    is_starter,
)
from workbook.grading.pressure import Pressure
from workbook.grading.processes import GraderFailed, Zygote
from workbook.grading.session import OutOfTime, Session
from workbook.grading.trial_host import seen_from_here
from workbook.grading.wording import answer_text, plain, raised_mark, requirement_mark, unjudged
from workbook.judging import judge, parse, too_slow
from workbook.lifespan import LifespanFailed
from workbook.raised import RaisedElsewhere


async def mark(
    submission: Submission, assignment: Assignment, limits: Limits, zygote: Zygote
) -> SubmissionMark:
    """Mark a submission; what is no fault of its code becomes the mark's `problem`."""
    began = perf_counter()
    session = Session(zygote, limits)
    exercises: tuple[ExerciseMark, ...] = ()
    problem = submission.problem
    try:
        if not problem:
            cells = parse_cells(submission.notebook.decode("utf-8"), "the file")
            await session.prepare(cells)
            exercises = await _Marking(session, assignment).exercises()
    except (NotANotebook, UnicodeDecodeError, RecursionError) as error:
        problem = f"It is no notebook that can be read: {plain(str(error), 300)}"
    except GraderFailed as error:
        problem, exercises = f"The grader failed: {plain(str(error), 300)}", ()
    finally:
        await session.discard()
    return SubmissionMark(
        submission.key,
        submission.learner,
        submission.file,
        submission.digest,
        exercises=exercises,
        problem=problem,
        notes=(*submission.notes, *(plain(note, 300) for note in session.notes)),
        isolation=zygote.level,
        seed=assignment.seed,
        seconds=round(perf_counter() - began, 4),
    )


class _Marking:
    """The exercises of one submission, in the order in which the notebook checks them."""

    def __init__(self, session: Session, assignment: Assignment) -> None:
        self._session, self._assignment = session, assignment

    async def exercises(self) -> tuple[ExerciseMark, ...]:
        """A mark for each exercise of the assignment, in its order."""
        chosen = self._assignment.exercises
        places = checkpoints(self._session.cells, chosen, self._assignment.names)
        marks: dict[str, ExerciseMark] = {}
        for exercise in sorted(chosen, key=lambda one: places[one.id].after):
            place = places[exercise.id]
            code = answer_code(self._session.cells[: place.after], place.expression)
            if place.note:
                self._session.notes.append(f"{exercise.id}: {place.note}")
            if is_starter(exercise, code, self._assignment.starters.get(exercise.id)):
                text = "The answer is as it was given."
                marks[exercise.id] = unjudged(exercise, Outcome.NOT_ATTEMPTED, text, code)
                continue
            try:
                marks[exercise.id] = await self._exercise(exercise, place, code)
            except OutOfTime as out:
                text = f"It was not run: {out}."
                marks[exercise.id] = unjudged(exercise, Outcome.NOT_YET, text, code)
        return tuple(marks[exercise.id] for exercise in chosen)

    async def _exercise(
        self, exercise: Exercise, place: Checkpoint, code: str | None
    ) -> ExerciseMark:
        """Mark one exercise, twice if it failed while the machine was busy.

        A requirement may watch what happens while something else waits; on a machine on which
        everything waits a right answer can miss that.
        """
        pressure = Pressure()
        first = await self._once(exercise, place, code)
        attempted = first.outcome != Outcome.NOT_ATTEMPTED
        if first.earned == first.points or not attempted or not pressure.was_high():
            return first
        await self._session.discard()
        second = await self._once(exercise, place, code)
        best = tuple(
            later if later.earned > earlier.earned else earlier
            for earlier, later in zip(first.requirements, second.requirements, strict=True)
        )
        if best == first.requirements:
            return first
        self._session.notes.append(
            f"{exercise.id}: it was run twice, as the machine was busy. What passed once counts."
        )
        outcomes = [one.outcome for one in best if one.outcome != Outcome.PASSED]
        outcome = outcomes[0] if outcomes else Outcome.PASSED
        return replace(first, requirements=best, outcome=outcome, message="")

    async def _once(self, exercise: Exercise, place: Checkpoint, code: str | None) -> ExerciseMark:
        findings: list[Finding] = []
        while len(findings) < len(exercise.requirements):
            try:
                child = await self._session.advance(place.after)
                served = await self._serve(child, exercise, place)
                if "app" not in served:
                    return self._not_served(exercise, place, code, served)
                await self._judge(child, served["app"], exercise, code, findings)
            except OutOfTime as out:
                text = f"It was not run: {out}."
                rest = exercise.requirements[len(findings) :]
                findings += [Finding(one, Outcome.NOT_YET, message=text) for one in rest]
            except _Again:
                await self._session.discard()
            except _Failed as failed:
                return raised_mark(exercise, failed.error, code)
        return ExerciseMark(
            exercise.id,
            summarise(tuple(findings)),
            tuple(map(requirement_mark, findings)),
            answer=answer_text(code),
        )

    async def _serve(self, child: Channel, exercise: Exercise, place: Checkpoint) -> dict[str, Any]:
        question = {"do": "serve", "exercise": exercise.id, "expression": place.expression}
        what = (place.after, f"serve {exercise.id}")
        try:
            return await child.ask(question, self._session.seconds(exercise.time_limit))
        except TimeoutError:
            text = f"Making the answer servable took longer than {exercise.time_limit:g} s."
        except ChildDied:
            text = f"The process ended when the answer was looked at ({self._session.died})."
        if self._session.may_retry(what):
            raise _Again
        await self._session.discard()
        return {"state": "wrong kind", "message": text}

    def _not_served(
        self, exercise: Exercise, place: Checkpoint, code: str | None, served: dict[str, Any]
    ) -> ExerciseMark:
        message, where = str(served.get("message", "")), str(served.get("where", ""))
        match served.get("state"):
            case "empty":
                return unjudged(exercise, Outcome.NOT_ATTEMPTED, "The answer is still empty.", code)
            case "undefined":
                return self._undefined(exercise, place)
            case "raised":
                return raised_mark(exercise, RaisedElsewhere(message, where), code)
        return unjudged(exercise, Outcome.NOT_YET, message, code)

    def _undefined(self, exercise: Exercise, place: Checkpoint) -> ExerciseMark:
        """No cell made the answer; say which one was to, and what became of it."""
        name = place.expression
        for index in reversed(range(place.after)):
            cell = self._session.cells[index]
            if not blames(cell, name):
                continue
            if cell.error:
                error = RaisedElsewhere(cell.error, f"cell {cell.number}")
                return raised_mark(exercise, error, cell.source)
            if index in self._session.errors:
                error = RaisedElsewhere(*self._session.errors[index])
                return raised_mark(exercise, error, cell.source)
        after = answer_code(self._session.cells[place.after :], name)
        if after is not None:
            text = (
                f"`{name}` is checked before the cell that makes it. Put the check below that cell."
            )
            return unjudged(exercise, Outcome.NOT_YET, text, after)
        return unjudged(exercise, Outcome.NOT_ATTEMPTED, f"No cell makes `{name}`.", None)

    async def _judge(
        self,
        child: Channel,
        number: int,
        exercise: Exercise,
        code: str | None,
        findings: list[Finding],
    ) -> None:
        """Judge the requirements that have no finding yet, until the child is of no more use.

        Raises:
            _Again: something went wrong for the first time.
            _Failed: the lifespan failed, so nothing that was asked counts.
        """
        tree = parse(code)
        stopped: Exception | None = None
        try:
            app = seen_from_here(exercise, BridgedApp(child, number))
            limit = exercise.time_limit
            async with client(app, log_app_exceptions=False, lifespan_timeout=limit) as http:
                for requirement in exercise.requirements[len(findings) :]:
                    try:
                        finding = await self._judge_one(requirement, http, tree, exercise)
                        findings.append(finding)
                    except (_Again, OutOfTime) as reason:
                        stopped = reason
                    if stopped is not None or child.dead is not None:
                        # Or the client would wait for what no longer answers.
                        stopped = stopped or _Again()
                        await self._session.discard()
                        break
        except Exception as error:  # noqa: BLE001 - whatever the app's lifespan raises
            if stopped is None:
                findings.clear()
                self._blame_lifespan(error, exercise)
        if stopped is not None:
            raise stopped

    async def _judge_one(
        self, requirement: Requirement, http: Client, tree: ast.Module | None, exercise: Exercise
    ) -> Finding:
        self._session.seconds(0)
        seed = self._assignment.seed
        finding = await judge(requirement, http, tree=tree, seed=seed, exercise=exercise)
        died, slow = self._session.died, finding.message == too_slow(exercise)
        if finding.outcome is Outcome.PASSED or not (died or slow):
            return finding
        what = (exercise.requirements.index(requirement), exercise.id)
        if self._session.may_retry(what):
            raise _Again
        await self._session.discard()
        text = f"The process that runs your code ended while it answered: {died}."
        return replace(finding, message=text, outcome=Outcome.NOT_YET) if died else finding

    def _blame_lifespan(self, error: Exception, exercise: Exercise) -> NoReturn:
        died = self._session.died
        may_be_chance = bool(died) or isinstance(error, LifespanFailed)
        if may_be_chance and self._session.may_retry((-1, exercise.id)):
            raise _Again from None
        if died:
            error = RaisedElsewhere(f"The process ended in the app's lifespan ({died}).")
        raise _Failed(error) from None


class _Again(Exception):
    """Go on in a new process."""


class _Failed(Exception):
    """The app's lifespan failed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error

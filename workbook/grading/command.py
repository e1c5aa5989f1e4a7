"""`workbook grade`: from a folder of notebooks to a gradebook.

It ends with 0 when every submission was graded, 1 when some could not be and a person has to look,
2 when something named on the command line is wrong, 3 when the grader itself failed, and 130 after
Ctrl-C. After 1, 3 and 130 the reports hold all that was graded, and the same command goes on.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from workbook import chapters
from workbook.exercise import Exercise
from workbook.grading import assignments
from workbook.grading.assignments import NoAssignment
from workbook.grading.class_run import ClassRun, Grader, grade_class
from workbook.grading.handed_in import MIB, Bounds, NoSubmissions
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment, Submission, SubmissionMark
from workbook.grading.reports import terminal
from workbook.grading.reports.gradebooks import Filled, NoGradebook, fill_canvas, fill_moodle
from workbook.grading.reports.plain_text import counted
from workbook.grading.reports.run import Run
from workbook.grading.reports.writing import write_gradebook, write_reports
from workbook.grading.store import JOURNAL, FolderInUse, Store
from workbook.grading.submissions import HandedIn, choose, gather

ALL_GRADED, LOOK, WRONG, FAILED, INTERRUPTED = 0, 1, 2, 3, 130

console = Console(highlight=False)

_LIMITS = ", ".join(f"{field.name}={field.default:g}" for field in fields(Limits))


def grade(
    submissions: Annotated[
        Path | None,
        typer.Argument(help="A folder or zip of notebooks, as from Moodle or Canvas."),
    ] = None,
    chapter: Annotated[
        list[int] | None,
        typer.Option("--chapter", "-c", help="Grade this chapter's exercises."),
    ] = None,
    exercise: Annotated[
        list[str] | None, typer.Option("--exercise", "-e", help="Grade this exercise only.")
    ] = None,
    exercises: Annotated[
        Path | None, typer.Option(help="A Python file with exercises of your own.")
    ] = None,
    handout: Annotated[
        Path | None, typer.Option(help="The notebook you handed out, if it is your own.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where reports go: grades/… by default.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="The folder of an earlier run: grade only what changed.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Grade all again.")] = False,
    moodle: Annotated[
        Path | None, typer.Option(help="Fill this grading worksheet of Moodle.")
    ] = None,
    moodle_column: Annotated[str | None, typer.Option(help="The column to fill.")] = None,
    canvas: Annotated[
        Path | None, typer.Option(help="Fill this gradebook export of Canvas.")
    ] = None,
    canvas_column: Annotated[str | None, typer.Option(help="The column to fill.")] = None,
    title: Annotated[str | None, typer.Option(help="The heading of the reports.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Draw the inputs from this number; else a new one, kept.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="How many are graded at once.")] = (
        os.cpu_count() or 1
    ),
    dask: Annotated[
        str | None, typer.Option(help="Grade on this Dask cluster, such as tcp://host:8786.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help=f"What a submission may use: NAME=VALUE. Now: {_LIMITS}."),
    ] = None,
    file_mib: Annotated[int, typer.Option(min=1, help="The largest notebook, in MiB.")] = 16,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="Say how well submissions are kept apart here.")
    ] = False,
) -> None:
    """Grade a folder or zip of notebooks, each in a sandbox, and write the reports."""
    if doctor:
        raise typer.Exit(_tell_isolation())
    if submissions is None:
        _stop("Name the folder or zip of the submissions: workbook grade SUBMISSIONS.")
    if sys.platform != "linux":
        _stop(
            "The sandbox needs Linux. Run the same command in a Linux container or virtual "
            "machine; the guide for instructors says how."
        )
    if since is not None and not (since / JOURNAL).exists():
        _stop(f"{since} holds no marks. Name the folder that an earlier run wrote its reports to.")
    books_named = (("moodle", moodle, moodle_column), ("canvas", canvas, canvas_column))
    for book, file, column in books_named:
        if column is not None and file is None:
            _stop(f"--{book}-column names a column of a file. Name the file, too: --{book} FILE.")
    if output is not None and output.resolve() == submissions.resolve():
        _stop(f"Reports would go among the submissions in {submissions}. Name another --output.")
    reports = output or Path("grades")
    try:
        limits = read_limits(limit or [])
        bounds = Bounds(file=file_mib * MIB)
        stems = {place.stem for place in chapters.chapters()} | (
            {handout.stem} if handout else set()
        )
        handed_in = gather(submissions, stems, bounds, reports)
        chosen = _choose(handed_in, chapter, exercise, exercises, handout)
        starters, names = (
            assignments.handed_out(chosen, handout) if handout is not None else ({}, {})
        )
        books = _Gradebooks(moodle, moodle_column, canvas, canvas_column)
        books.fill([], 1)
    except OSError as wrong:
        _stop(f"{wrong.filename or submissions} can't be read: {wrong.strerror or wrong}.")
    except (NoSubmissions, NoAssignment, NoGradebook, ValueError) as wrong:
        _stop(str(wrong))
    name = _name(chosen, exercises, handout)
    folder = output or Path("grades") / name
    # New for each class, and the same whenever its run goes on, so that results can be compared.
    drawn = Store.last_seed(folder, since) if seed is None else seed
    drawn = secrets.randbelow(2**32) if drawn is None else drawn
    own = str(exercises.resolve()) if exercises is not None else ""
    assignment = Assignment(tuple(chosen), drawn, own, starters, names)
    done: ClassRun | None = None
    everyone = choose(handed_in, {one.id for one in chosen})
    basis = assignments.basis(assignment, limits)
    try:
        with Store.open(folder, basis, assignments.versions(), since=since) as kept:
            grader = _grader(assignment, limits, workers, dask)
            console.print(_plan(everyone, chosen, assignment.seed), markup=False)
            with terminal.progress_bar(console) as bar:
                task = bar.add_task("", total=len(everyone))
                done = grade_class(everyone, kept, grader, lambda _: bar.advance(task), fresh=fresh)
            run = Run(
                title or _title(name),
                assignment,
                done.in_order(everyone),
                assignments.given_code(assignment, handout),
                kept.versions,
                asdict(limits),
                datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
                tuple(_remarks(kept, done)),
            )
            written = write_reports(run, folder)
            filled = books.fill(run.marks, run.points)
            written += [write_gradebook(folder, book, one) for book, one in filled.items()]
    except FolderInUse as wrong:
        _stop(str(wrong))
    except OSError as wrong:
        why = f"{folder} can't be written: {wrong.strerror or wrong}."
        if done is None:
            _stop(f"{why} Name another folder with --output.")
        console.print(f"{why} When that is mended, the same command goes on.", markup=False)
        raise typer.Exit(FAILED) from None
    terminal.show(run, console)
    terminal.show_problems(run.marks, console)
    for remark in run.remarks:
        console.print(remark, markup=False)
    for book, one in filled.items():
        terminal.show_gradebook(book, one, console)
    console.print(f"In {folder}: {', '.join(written)}.", markup=False)
    raise typer.Exit(_exit_code(run, done))


def read_limits(given: list[str]) -> Limits:
    """The limits of each submission, from `NAME=VALUE`.

    Raises:
        ValueError: there is no such limit, or the value is no number above zero.
    """
    known = [field.name for field in fields(Limits)]
    values = dict(one.partition("=")[::2] for one in given)
    if unknown := [name for name in values if name not in known]:
        raise ValueError(f"There is no limit {unknown[0]!r}. There are: {', '.join(known)}.")
    try:
        return TypeAdapter(Limits).validate_python(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = wrong["loc"][0] if wrong["loc"] else "--limit"
        why = str(wrong["msg"]).removeprefix("Value error, ")
        raise ValueError(f"{name}: {why}. Write it as in cell_seconds=5.") from None


def _choose(
    handed_in: list[HandedIn],
    numbers: list[int] | None,
    ids: list[str] | None,
    file: Path | None,
    handout: Path | None,
) -> list[Exercise]:
    """The exercises that count: those named one by one, or all that the other options name."""
    own = assignments.of_file(file) if file is not None else []
    if ids:
        return assignments.of_ids(ids)
    found = own + assignments.of_chapters(numbers or [])
    if handout is not None and not numbers:
        checked = assignments.checked_in(handout)
        found = [one for one in found if one.id in checked] or assignments.of_ids(sorted(checked))
    return found or assignments.of_chapters([assignments.likely_chapter(handed_in)])


def _name(chosen: list[Exercise], file: Path | None, handout: Path | None) -> str:
    """What the run is called, and its folder."""
    if handout is not None or file is not None:
        return (handout or file or Path()).stem
    numbers = sorted({one.chapter for one in chosen})
    if len(numbers) == 1:
        return chapters.chapter(numbers[0]).stem
    return "chapters-" + "-".join(f"{number:02}" for number in numbers)


def _title(name: str) -> str:
    """What the reports are headed with: a chapter's own title, or the name of the run."""
    place = next((one for one in chapters.chapters() if one.stem == name), None)
    return f"{place.number}. {place.title}" if place is not None else name


def _plan(everyone: list[Submission], chosen: list[Exercise], seed: int) -> str:
    points = counted(sum(one.points for one in chosen), "point")
    submissions, exercises = len(everyone), len(chosen)
    what = f"{counted(submissions, 'submission')}, {counted(exercises, 'exercise')}, {points}"
    return f"{what}, seed {seed}."


def _remarks(kept: Store, done: ClassRun) -> list[str]:
    remarks = []
    if done.taken_over:
        taken_over = counted(len(done.taken_over), "mark")
        remarks.append(f"{taken_over} taken over from before: nothing that decides them changed.")
        remarks += kept.other_versions(done.taken_over)
    if kept.unreadable:
        remarks.append(f"{counted(kept.unreadable, 'line')} of earlier marks could not be read.")
    remarks += [
        f"{mark.learner} ({mark.key}) had {before} points before and has {mark.earned} now."
        for mark, before in kept.changed(list(done.marks.values()))
    ]
    if done.interrupted:
        remarks.append("The run was stopped. The same command goes on where it was.")
    if done.failure is not None:
        why = str(done.failure).rstrip(".") or type(done.failure).__name__
        remarks.append(f"The grader stopped: {why}. The same command goes on where it was.")
    levels = {mark.isolation for mark in done.marks.values() if mark.isolation}
    if "landlock" in levels:
        remarks.append(
            "Submissions ran without namespaces, with Landlock and seccomp only. "
            "`workbook grade --doctor` says why."
        )
    return remarks


def _exit_code(run: Run, done: ClassRun) -> int:
    if done.interrupted:
        return INTERRUPTED
    if done.failure is not None:
        return FAILED
    return LOOK if any(mark.problem for mark in run.marks) else ALL_GRADED


class _Gradebooks:
    """The exported gradebooks that were named, read once and filled with the marks."""

    def __init__(
        self, moodle: Path | None, in_moodle: str | None, canvas: Path | None, in_canvas: str | None
    ) -> None:
        self._books: dict[str, tuple[Callable[..., Filled], bytes, str | None]] = {}
        if moodle is not None:
            self._books["moodle"] = (fill_moodle, moodle.read_bytes(), in_moodle)
        if canvas is not None:
            self._books["canvas"] = (fill_canvas, canvas.read_bytes(), in_canvas)

    def fill(
        self, marks: list[SubmissionMark] | tuple[SubmissionMark, ...], points: int
    ) -> dict[str, Filled]:
        """Each with the marks in it; it fails before anything is graded or not at all."""
        return {
            name: function(data, marks, points, column)
            for name, (function, data, column) in self._books.items()
        }


def _grader(assignment: Assignment, limits: Limits, workers: int, dask: str | None) -> Grader:
    # Imported here: nothing but a run needs the sandbox, and nothing but --dask the cluster.
    if dask is None:
        from workbook.grading import engine

        return lambda left: engine.grade(left, assignment, limits=limits, workers=workers)
    try:
        from workbook.grading import cluster
    except ImportError:
        _stop("--dask needs one more package: .venv/bin/uv pip install 'distributed>=2026.8'.")
    return lambda left: cluster.grade(left, assignment, limits=limits, address=dask)


def _tell_isolation() -> int:
    from workbook.grading import doctor

    records = asyncio.run(doctor.report())
    for one in records:
        console.print(str(one), markup=False)
    return ALL_GRADED if all(one.good for one in records) else LOOK


def _stop(why: str) -> NoReturn:
    console.print(why, markup=False)
    raise typer.Exit(WRONG)

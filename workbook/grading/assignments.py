"""Which exercises count, and what decides their marks."""

import ast
import sys
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getsourcefile, isroutine
from pathlib import Path
from typing import Any

from workbook import chapters, raised
from workbook.cells import NotANotebook, read_cells
from workbook.exercise import Exercise, UnknownExercise, exercises, find
from workbook.grading.marks import Assignment
from workbook.grading.plan import CodeCell, answer_code, checkpoints, code_cells
from workbook.grading.submissions import HandedIn

_PACKAGE = Path(__file__).parents[1]
_SAID_NOT_DECIDED = ("fastapi", "starlette", "pydantic", "httpx", "sqlalchemy")


class NoAssignment(Exception):
    """It can't be told what to grade; the message says what to name."""


def of_chapters(numbers: Iterable[int]) -> list[Exercise]:
    """The exercises that the shipped notebooks of these chapters check.

    Raises:
        NoAssignment: there is no such chapter, or it has no exercise.
    """
    found: list[Exercise] = []
    for number in numbers:
        try:
            place = chapters.chapter(number)
        except LookupError as error:
            raise NoAssignment(str(error)) from None
        checked = checked_in(place.path)
        mine = [one for one in exercises(number) if one.id in checked]
        if not mine:
            raise NoAssignment(f"Chapter {number} has no exercise that is checked.")
        found += mine
    return found


def of_ids(ids: Iterable[str]) -> list[Exercise]:
    """The exercises with these ids, in this order, each once.

    Raises:
        NoAssignment: there is no such exercise.
    """
    try:
        return [find(one) for one in dict.fromkeys(ids)]
    except UnknownExercise as unknown:
        raise NoAssignment(str(unknown)) from None


def of_file(path: Path) -> list[Exercise]:
    """The exercises that an instructor's own file makes, in its order.

    Raises:
        NoAssignment: the file can't be run, or makes none.
    """
    known = {one.id for one in exercises()}
    name = f"exercises_{path.stem}"
    spec = spec_from_file_location(name, path) if path.suffix == ".py" else None
    if spec is None or spec.loader is None:
        raise NoAssignment(f"{path} is no Python file. Exercises stand in a file that ends in .py.")
    module = module_from_spec(spec)
    # Where other code looks for the module of a function that it holds.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever the instructor's own lines raise
        where = f" ({line})" if (line := raised.learners_line(error)) else ""
        raise NoAssignment(f"{path} can't be run: {raised.message(error)}{where}.") from None
    found = [one for one in exercises() if one.id not in known]
    if not found:
        raise NoAssignment(f"{path} makes no new exercise. See the guide for instructors.")
    if empty := [one.id for one in found if not one.requirements]:
        raise NoAssignment(f"{', '.join(empty)} in {path} has no requirement, so nothing can fail.")
    return found


def likely_chapter(handed_in: Iterable[HandedIn]) -> int:
    """The chapter whose checks stand in the most notebooks.

    Raises:
        NoAssignment: no chapter does, or two do alike.
    """
    votes: Counter[int] = Counter()
    numbers = {one.id: one.chapter for one in exercises()}
    for one in handed_in:
        checked = Counter(
            numbers[id_]
            for candidate in one.candidates
            for id_ in candidate.notebook.checks & set(numbers)
        )
        votes.update(number for number, _ in checked.most_common(1))
    best = votes.most_common(2)
    if not best or (len(best) == 2 and best[0][1] == best[1][1]):
        found = "no chapter" if not best else f"chapters {best[0][0]} and {best[1][0]} alike"
        raise NoAssignment(
            f"The notebooks check the exercises of {found}. Name what to grade: --chapter 2, or "
            "--exercise bounded_pages, or --exercises FILE.py for your own."
        )
    return best[0][0]


@cache
def checked_in(path: Path) -> frozenset[str]:
    """The ids of the exercises that a notebook checks.

    Raises:
        NoAssignment: it can't be read.
    """
    try:
        cells = read_cells(path)
    except (OSError, NotANotebook) as error:
        raise NoAssignment(f"{path} can't be read: {error}") from None
    return frozenset(
        id_ for cell in cells if cell.kind == "code" for id_ in chapters.checks_in(cell.source)
    )


def given_code(assignment: Assignment, handout: Path | None = None) -> dict[str, list[str]]:
    """The code that nobody has copied from a neighbour: starters and solutions, by exercise.

    Args:
        assignment: the exercises.
        handout: the notebook that was handed out, where it is not the shipped chapter.
    """
    given: dict[str, list[str]] = {one.id: [] for one in assignment.exercises}
    for exercise in assignment.exercises:
        for code in (chapters.starter_code, chapters.solution_code):
            try:
                given[exercise.id].append(code(exercise.id, exercise.chapter))
            except (LookupError, OSError, NotANotebook):
                continue  # an exercise of the instructor's own stands in no chapter
        if handout is not None:
            cells = [cell for cell in read_cells(handout) if exercise.id in cell.tags]
            given[exercise.id] += [cell.source for cell in cells if cell.kind == "code"]
    return given


def handed_out(
    chosen: Collection[Exercise], handout: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """What a notebook that is handed out has for each exercise: its starter, and what it checks."""
    cells = [CodeCell(n, cell.source, cell.tags) for cell, n in code_cells(read_cells(handout))]
    places = checkpoints(cells, list(chosen))
    names = {id_: place.expression for id_, place in places.items()}
    found = {id_: answer_code(cells[: places[id_].after], name) for id_, name in names.items()}
    return {id_: code for id_, code in found.items() if code is not None}, names


def basis(assignment: Assignment, limits: Any) -> str:
    """A digest of all that decides a mark but the notebook: exercises, seed, limits, this package.

    Two marks of one notebook that have the same basis are the same mark.
    """
    digest = sha256(repr((assignment.seed, sorted(asdict(limits).items()))).encode())
    for exercise in assignment.exercises:
        starter, name = (
            given.get(exercise.id, "") for given in (assignment.starters, assignment.names)
        )
        digest.update(f"{exercise.id}\0{starter}\0{name}".encode())
        for requirement in exercise.requirements:
            digest.update(f"{requirement.name}\0{requirement.text}\0{requirement.points}".encode())
    files = {file for one in assignment.exercises for file in _files(one)} | set(_judges())
    for path in sorted(files):
        # The code and not the file: a comment changes no mark.
        digest.update(ast.dump(ast.parse(path.read_bytes())).encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The versions under which marks are made. They are said, and decide nothing."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("fastapi-workbook", *_SAID_NOT_DECIDED):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _files(exercise: Exercise) -> Collection[Path]:
    serve = exercise.serve if isroutine(exercise.serve) else type(exercise.serve)
    makers = [*(one.function for one in exercise.requirements), serve]
    return {Path(file) for one in makers if (file := getsourcefile(one))}


def _judges() -> Iterable[Path]:
    yield from _PACKAGE.glob("*.py")
    for path in (_PACKAGE / "grading").rglob("*.py"):
        if "reports" not in path.parts:
            yield path

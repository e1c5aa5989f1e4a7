"""What is to be done with a notebook: its cells, and where which answer is checked."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbook import chapters
from workbook.answers import code_of, same_code
from workbook.cells import Cell
from workbook.exercise import Exercise


@dataclass(frozen=True)
class CodeCell:
    """A cell that is to run.

    Attributes:
        number: the number that Jupyter shows beside it after "Run All": code cells that are not
            empty, from 1.
        source: its code, without magic commands.
        tags: its tags.
        error: why it can't run, or empty.
    """

    number: int
    source: str
    tags: frozenset[str]
    error: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A place in the notebook at which an answer is checked.

    Attributes:
        after: how many cells have run by then.
        expression: what is checked: mostly a name.
        note: what a person should know about the place, or empty.
    """

    after: int
    expression: str
    note: str = ""


def code_cells(cells: Sequence[Cell]) -> list[tuple[Cell, int]]:
    """The code cells that hold code, with their numbers."""
    with_code = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    return [(cell, number) for number, cell in enumerate(with_code, 1)]


def without_checks(source: str) -> str:
    """The cell's code, or nothing if it is made of checks alone, which the grader does itself."""
    statements = _statements(source)
    return "" if all(_check_in(one) is not None for one in statements) else source


def checkpoints(
    cells: Sequence[CodeCell], exercises: Sequence[Exercise], names: Mapping[str, str] | None = None
) -> dict[str, Checkpoint]:
    """Where each exercise is checked, by its id.

    The last check of an exercise counts. One whose check is gone is checked where its cells end, or
    else at the end, by the name that `names` has for it, or else the chapter.
    """
    found: dict[str, Checkpoint] = {}
    for place, cell in enumerate(cells, 1):
        for statement in _statements(cell.source):
            if (check := _check_in(statement)) is not None:
                exercise, expression = check
                note = (
                    "It is checked more than once; the last time counts."
                    if exercise in found
                    else ""
                )
                found[exercise] = Checkpoint(place, expression, note)
    return {
        exercise.id: found.get(exercise.id) or _missing(exercise, cells, names or {})
        for exercise in exercises
    }


def answer_code(cells: Sequence[CodeCell], expression: str) -> str | None:
    """The code of an answer: the cell that binds it last, and what was added to it after that."""
    tree = _parse(expression)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree else set()
    return code_of(names, [cell.source for cell in cells])


def is_starter(exercise: Exercise, code: str | None, handed_out: str | None = None) -> bool:
    """Whether the answer is still the code that was handed out, or that the chapter gives."""
    if handed_out is None:
        try:
            handed_out = chapters.starter_code(exercise.id, exercise.chapter)
        except (LookupError, FileNotFoundError):
            return False
    return code is not None and same_code(code, handed_out)


def blames(cell: CodeCell, expression: str) -> bool:
    """Whether that cell was to bind the name that is checked."""
    return expression.isidentifier() and bool(
        re.search(rf"\b{re.escape(expression)}\b", cell.source)
    )


def _missing(exercise: Exercise, cells: Sequence[CodeCell], names: Mapping[str, str]) -> Checkpoint:
    places = [place for place, cell in enumerate(cells, 1) if exercise.id in cell.tags]
    after = max(places, default=len(cells))
    name = names.get(exercise.id) or _name_in_chapter(exercise)
    return Checkpoint(after, name, f"The check of it is gone; `{name}` was checked all the same.")


def _name_in_chapter(exercise: Exercise) -> str:
    try:
        return chapters.checked_name(chapters.chapter(exercise.chapter).path, exercise.id)
    except (LookupError, FileNotFoundError):
        return exercise.id  # one of the instructor's own stands in no chapter


def _statements(source: str) -> list[ast.stmt]:
    tree = _parse(source)
    return tree.body if tree else []


def _check_in(statement: ast.stmt) -> tuple[str, str] | None:
    """The id and the expression of `await check("id", expression)`."""
    match statement:
        case ast.Expr(value=ast.Await(value=ast.Call(func=ast.Name(id="check")) as call)):
            pass
        case ast.Expr(value=ast.Call(func=ast.Name(id="check")) as call):
            pass
        case ast.Assign(value=ast.Await(value=ast.Call(func=ast.Name(id="check")) as call)):
            pass
        case _:
            return None
    match call.args, {one.arg: one.value for one in call.keywords}:
        case [ast.Constant(value=str(id)), value, *_], _:
            return id, ast.unparse(value)
        case [ast.Constant(value=str(id))], {"value": value}:
            return id, ast.unparse(value)
    return None


def _parse(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None

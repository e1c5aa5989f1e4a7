"""The chapters and solutions as they are shipped, and what their cells hold.

A cell's tags say what it is for: an exercise's id, with `starter` in a chapter and `solution`
in a solution notebook; `docs:<page>` for a page of FastAPI's documentation that it covers.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from workbook.cells import Cell, read_cells

ROOT = Path(__file__).parent.parent
CHAPTERS = ROOT / "chapters"
SOLUTIONS = ROOT / "solutions"


class MissingCell(LookupError):
    """A notebook has no cell with the tags that were looked for."""


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        number: 1 to 20.
        stem: the name it has in every room, `02_fastapi_basics`.
    """

    number: int
    stem: str

    @property
    def path(self) -> Path:
        """The chapter's notebook, as shipped."""
        return CHAPTERS / f"{self.stem}.ipynb"

    @property
    def solution_path(self) -> Path:
        """The solution notebook, as shipped."""
        return SOLUTIONS / f"{self.stem}.ipynb"

    @property
    def title(self) -> str:
        """The notebook's first heading."""
        for cell in read_cells(self.path):
            if found := re.search(r"^# (.+)$", cell.source, re.MULTILINE):
                return found[1]
        return self.stem


@lru_cache(maxsize=1)
def chapters() -> tuple[Chapter, ...]:
    """Every chapter, in order.

    Raises:
        FileNotFoundError: the notebooks are not beside the package.
    """
    found = tuple(
        Chapter(int(path.stem[:2]), path.stem)
        for path in sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))
    )
    if not found:
        raise FileNotFoundError(
            f"No chapters in {CHAPTERS}: the workbook is used from its own folder, not installed alone."
        )
    return found


def chapter(number: int) -> Chapter:
    """The chapter with that number.

    Raises:
        LookupError: there is none.
    """
    for one in chapters():
        if one.number == number:
            return one
    raise LookupError(f"There is no chapter {number}; they go from 1 to {len(chapters())}.")


def tagged_code(cells: Iterable[Cell], *wanted: str) -> str:
    """The code cells that have all these tags, joined in their order.

    Raises:
        MissingCell: there is none.
    """
    found = [cell.source for cell in cells if cell.kind == "code" and set(wanted) <= cell.tags]
    if not found:
        raise MissingCell(f"no code cell is tagged {' and '.join(wanted)}")
    return "\n".join(found)


def starter_code(exercise_id: str, number: int) -> str:
    """The code that a learner of this exercise begins with."""
    return tagged_code(read_cells(chapter(number).path), exercise_id, "starter")


def solution_code(exercise_id: str, number: int) -> str:
    """The solution's code, without the words around it."""
    return tagged_code(read_cells(chapter(number).solution_path), exercise_id, "solution")


def prelude(path: Path) -> str:
    """The set-up cells of a notebook (tag `setup`), which its other cells build on."""
    try:
        return tagged_code(read_cells(path), "setup")
    except MissingCell:
        return ""


def checked_name(path: Path, exercise_id: str) -> str:
    """The name that a notebook passes to `check` for an exercise, read from its source.

    Raises:
        MissingCell: no cell says `check("<id>", <name>)`.
    """
    for cell in read_cells(path):
        if cell.kind == "code" and (name := checks_in(cell.source).get(exercise_id)):
            return name
    raise MissingCell(f'no cell of {path.name} says check("{exercise_id}", …)')


def checks_in(code: str) -> dict[str, str]:
    """The calls `check("id", name)` in a cell: the name by the exercise's id."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # No Python, half a character, or a sum of thousands of terms: the parser gives up over it.
        return {}
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="check"), args=[ast.Constant(value=str(id_)), ast.Name(id=name)]
            ):
                found[id_] = name
    return found

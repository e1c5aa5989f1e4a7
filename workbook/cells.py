"""The cells of a notebook, read without `nbformat`.

Importing `nbformat` takes longer than everything else that a lesson imports, together: it brings
a validator for whole schemas. A check needs a cell's code and its tags.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


class NotANotebook(ValueError):
    """The file is no notebook that can be read; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        id: its id, or `"cell-7"` by its place in a notebook from before ids.
        kind: `"code"`, `"markdown"` or `"raw"`.
        source: its text.
        tags: its tags.
    """

    id: str
    kind: str
    source: str
    tags: frozenset[str]


def read_cells(path: Path) -> tuple[Cell, ...]:
    """The cells of a notebook, read once for as long as its file does not change.

    Raises:
        OSError: the file can't be read.
        NotANotebook: it is no notebook of format 4 (which is of 2015) or of one that converts to it.
    """
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> tuple[Cell, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NotANotebook(f"{path.name} is no notebook: {error}") from None
    return parse_cells(text, path.name)


def parse_cells(text: str, name: str) -> tuple[Cell, ...]:
    """The cells of a notebook's text; `name` is what an error calls it.

    Raises:
        NotANotebook: it is no notebook of format 4 (which is of 2015) or of one that converts to it.
    """
    try:
        notebook = json.loads(text)
        if notebook["nbformat"] < 4:
            from nbformat import reads  # only here: see above

            notebook = reads(text, as_version=4)
        return tuple(
            Cell(
                id=cell.get("id", f"cell-{number}"),
                kind=cell["cell_type"],
                # A long text is stored as a list of lines, so that a diff shows which changed.
                source="".join(cell["source"]),
                tags=frozenset(cell["metadata"].get("tags", ())),
            )
            for number, cell in enumerate(notebook["cells"], 1)
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotANotebook(f"{name} is no notebook: {type(error).__name__}: {error}") from None

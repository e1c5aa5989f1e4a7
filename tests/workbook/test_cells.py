"""Reading a notebook's cells without nbformat."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbook import chapters
from workbook.cells import Cell, NotANotebook, read_cells


@pytest.mark.parametrize("place", chapters.chapters(), ids=lambda place: place.stem)
def test_same_cells_as_nbformat(place: chapters.Chapter) -> None:
    """Every shipped notebook reads as nbformat reads it."""
    assert read_cells(place.path) == tuple(
        Cell(cell.id, cell.cell_type, cell.source, frozenset(cell.metadata.get("tags", [])))
        for cell in nbformat.read(place.path, as_version=4).cells
    )


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    """What was read is kept only as long as the file stays as it is."""
    path = tmp_path / "01_x.ipynb"
    for text in ("first", "second edition"):
        nbformat.write(new_notebook(cells=[new_markdown_cell(text, id="one")]), path)
        assert [cell.source for cell in read_cells(path)] == [text]


def test_old_notebooks_are_converted(tmp_path: Path) -> None:
    """Formats from before 4, and cells without an id, are read all the same."""
    old = nbformat.convert(new_notebook(cells=[new_code_cell("a = 1")]), 3)
    path = tmp_path / "old.ipynb"
    nbformat.write(old, path, version=3)
    assert [cell.source for cell in read_cells(path)] == ["a = 1"]
    path.write_text(
        '{"nbformat": 4, "cells": [{"cell_type": "raw", "source": "x", "metadata": {}}]}',
        encoding="utf-8",
    )
    assert read_cells(path) == (Cell("cell-1", "raw", "x", frozenset()),)


@pytest.mark.parametrize(
    "text", ["", "{half", "[]", '{"nbformat": 4}', '{"nbformat": 4, "cells": [1]}']
)
def test_what_is_no_notebook_is_named(text: str, tmp_path: Path) -> None:
    """A broken file gets a sentence with its name."""
    path = tmp_path / "broken.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotANotebook, match="is no notebook"):
        read_cells(path)


def test_a_lesson_imports_no_validator() -> None:
    """`import workbook` brings neither nbformat nor SQLAlchemy: each would cost a second or so."""
    code = "import sys, workbook; print({'nbformat', 'sqlalchemy'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"

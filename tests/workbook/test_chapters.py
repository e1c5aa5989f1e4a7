"""What the shipped notebooks hold, and the form in which they are committed."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from workbook import chapters
from workbook.cells import Cell
from workbook.chapters import MissingCell, checked_name, checks_in, tagged_code
from workbook.tidy import tidied, tidy

NOTEBOOKS = sorted([*chapters.CHAPTERS.glob("*.ipynb"), *chapters.SOLUTIONS.glob("*.ipynb")])


def test_there_are_twenty_of_each() -> None:
    """Chapters and solutions have the same stems, numbered 1 to 20."""
    places = chapters.chapters()
    assert [place.number for place in places] == list(range(1, 21))
    assert [path.name for path in sorted(chapters.SOLUTIONS.glob("*.ipynb"))] == [
        place.path.name for place in places
    ]
    with pytest.raises(LookupError, match="There is no chapter 21"):
        chapters.chapter(21)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_committed_form(path: Path) -> None:
    """No outputs, no counts, stable ids, kernel metadata, and nothing else that churns a diff."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert text == nbformat.writes(tidied(notebook)) + "\n", "run `workbook tidy`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_code_fits_the_page(path: Path) -> None:
    """A line of code has at most 76 columns: longer ones scroll sideways in the book."""
    long = [
        line
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        for line in cell.source.splitlines()
        if len(line) > 76
    ]
    assert long == []


def test_tagged_cells_are_joined() -> None:
    """Cells with all the tags count, in their order; none is an error."""
    cells = [
        Cell("one", "code", "a = 1", frozenset({"pages", "starter"})),
        Cell("two", "code", "b = 2", frozenset({"pages"})),
        Cell("three", "markdown", "words", frozenset({"pages", "starter"})),
        Cell("four", "code", "c = 3", frozenset({"pages", "starter"})),
    ]
    assert tagged_code(cells, "pages", "starter") == "a = 1\nc = 3"
    with pytest.raises(MissingCell, match="no code cell is tagged other"):
        tagged_code(cells, "other")


def test_checked_name_is_read_from_the_source(tmp_path: Path) -> None:
    """The name in `await check("id", name)`, wherever it stands."""
    cells = [new_code_cell("%time 1"), new_code_cell('result = await check("pages", my_app)')]
    path = tmp_path / "01_x.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert checked_name(path, "pages") == "my_app"
    with pytest.raises(MissingCell, match="no cell of 01_x"):
        checked_name(path, "other")


def test_calls_that_are_no_checkpoint_are_left_out() -> None:
    """A call with something other than an id and a name is not one."""
    assert checks_in('check("a", app); check("b", make()); check(c, app); other("d", app)') == {
        "a": "app"
    }
    assert checks_in("not python") == {}


@pytest.mark.parametrize(
    "code",
    ["x = " + "+".join(["a"] * 20_000), "x = " + "-" * 50_000 + "1", "x = '\ud800'", "x = 'a\0b'"],
    ids=["sum", "signs", "half a character", "null"],
)
def test_code_that_the_parser_gives_up_over_has_no_checks(code: str) -> None:
    """It is no more Python than a cell with a mistake in it, and raises as little."""
    assert checks_in(code) == {}


def test_tidying_removes_what_a_run_leaves(tmp_path: Path) -> None:
    """Outputs, counts and an editor's metadata go; ids, tags and code stay."""
    cell = new_code_cell("1", metadata={"tags": ["setup"], "scrolled": True}, execution_count=3)
    cell.outputs = [nbformat.v4.new_output("stream", text="1")]
    path = tmp_path / "01_x.ipynb"
    nbformat.write(new_notebook(cells=[cell], metadata={"widgets": {}}), path)
    assert tidy(path)
    (after,) = nbformat.read(path, as_version=4).cells
    assert (after.source, after.id, after.metadata) == ("1", cell.id, {"tags": ["setup"]})
    assert (after.outputs, after.execution_count) == ([], None)
    assert not tidy(path)

"""A newer book is merged into what a learner wrote."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbook import update
from workbook.chapters import Chapter
from workbook.records import FOLDER
from workbook.update import update_work


def cells(**sources: str) -> list:
    """Cells by id; those whose id begins with `text` are markdown."""
    return [
        (new_markdown_cell if name.startswith("text") else new_code_cell)(source, id=name)
        for name, source in sources.items()
    ]


FIRST = {"text1": "# Pages", "setup": "import httpx", "starter": "app = None", "text2": "Bye."}


class Shelf:
    """A shipped chapter and a learner's folder."""

    def __init__(self, folder: Path) -> None:
        self.shipped = folder / "chapters" / "02_x.ipynb"
        self.work = folder / "work"
        self.mine = self.work / "02_x.ipynb"
        for path in (self.shipped, self.mine):
            path.parent.mkdir()
        self.ship(FIRST)

    def ship(self, sources: dict[str, str]) -> None:
        nbformat.write(new_notebook(cells=cells(**sources)), self.shipped)

    def write(self, sources: dict[str, str]) -> None:
        nbformat.write(new_notebook(cells=cells(**sources)), self.mine)

    def read(self) -> dict[str, str]:
        return {cell.id: cell.source for cell in nbformat.read(self.mine, as_version=4).cells}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A folder in which the first edition has been copied to `work`."""
    shelf = Shelf(tmp_path)
    monkeypatch.setattr("workbook.chapters.CHAPTERS", shelf.shipped.parent)
    monkeypatch.setattr(update, "chapters", lambda: (Chapter(2, "02_x"),))
    assert [done.what for done in update_work(shelf.work)] == ["new"]
    return shelf


def test_nothing_new_changes_nothing(shelf: Shelf) -> None:
    """With the same edition the learner's file is not touched."""
    shelf.write({**FIRST, "starter": "app = FastAPI()"})
    assert update_work(shelf.work) == []
    assert shelf.read()["starter"] == "app = FastAPI()"


def test_untouched_notebook_is_replaced(shelf: Shelf) -> None:
    """Who wrote nothing gets the new edition as it is."""
    shelf.ship({**FIRST, "text1": "# Pages, second edition"})
    assert [done.what for done in update_work(shelf.work)] == ["replaced"]
    assert shelf.read()["text1"] == "# Pages, second edition"


def test_both_sides_are_kept(shelf: Shelf) -> None:
    """The learner's answer and own cell stay; new text, code and cells arrive."""
    shelf.write({**FIRST, "starter": "app = FastAPI()", "own": "my_notes = 1"})
    shelf.ship(
        {
            "text1": "# Pages, second edition",
            "extra": "new = 1",
            **{key: FIRST[key] for key in ("setup", "starter", "text2")},
        }
    )
    (done,) = update_work(shelf.work)
    assert done.what == "merged"
    assert shelf.read() == {
        "text1": "# Pages, second edition",
        "extra": "new = 1",
        "setup": "import httpx",
        "starter": "app = FastAPI()",
        "text2": "Bye.",
        "own": "my_notes = 1",
    }
    before = list((shelf.work / FOLDER / "before-update").iterdir())
    assert [nbformat.read(path, as_version=4).cells[0].source for path in before] == ["# Pages"]


def test_same_cell_changed_on_both_sides_stays_the_learners(shelf: Shelf) -> None:
    """Where both changed a cell, what the learner wrote wins."""
    shelf.write({**FIRST, "starter": "app = FastAPI()  # mine"})
    shelf.ship({**FIRST, "starter": "app = ...  # the new starter"})
    update_work(shelf.work)
    assert shelf.read()["starter"] == "app = FastAPI()  # mine"
    assert update_work(shelf.work) == []


def test_broken_notebook_is_kept_and_named(shelf: Shelf) -> None:
    """A file that is no notebook is left alone, with the reason."""
    shelf.mine.write_text("{half", encoding="utf-8")
    shelf.ship({**FIRST, "text1": "# Second"})
    (done,) = update_work(shelf.work)
    assert (done.what, shelf.mine.read_text(encoding="utf-8")) == ("kept", "{half")
    assert "can't be read as a notebook" in done.note


def test_unknown_beginning_is_kept_and_explained(shelf: Shelf) -> None:
    """Without the base nothing can be merged; the learner is told what to do."""
    (shelf.work / FOLDER / "base" / "02_x.ipynb").unlink()
    shelf.ship({**FIRST, "text1": "# Second"})
    (done,) = update_work(shelf.work)
    assert done.what == "kept"
    assert "rename it" in done.note

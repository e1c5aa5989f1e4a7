"""What the chapters cover: the sections of the guide and the pages of FastAPI's documentation.

A section is covered by a label `(guide-2-1)=` before its heading; a page of the documentation
by a tag `docs:<page>` on the cell that shows it, which must be a code cell where the page is
to be run.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from workbook.cells import read_cells
from workbook.chapters import ROOT, Chapter, chapters

DATA = ROOT / "book" / "coverage"
_LABEL = re.compile(r"^\(guide-([0-9a-z-]+)\)=\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One section to cover, and whether its chapter does."""

    key: str
    chapter: int
    topic: str
    covered: bool


@dataclass(frozen=True)
class Page:
    """One page of FastAPI's documentation, and whether its chapter covers it.

    Attributes:
        page: its path below the documentation's root, `tutorial/path-params`.
        chapter: the number of the chapter that is to cover it.
        mode: `run` when a cell must show it, `explained` when words are enough.
        covered: whether that is so.
    """

    page: str
    chapter: int
    mode: str
    covered: bool


@dataclass(frozen=True)
class Coverage:
    """Every section and every page."""

    sections: tuple[Section, ...]
    pages: tuple[Page, ...]

    @property
    def missing(self) -> list[str]:
        """What is not covered yet, one line each."""
        return [
            f"chapter {one.chapter}: section {one.key}, {one.topic}"
            for one in self.sections
            if not one.covered
        ] + [
            f"chapter {one.chapter}: page {one.page} ({one.mode})"
            for one in self.pages
            if not one.covered
        ]

    def __str__(self) -> str:
        sections = sum(one.covered for one in self.sections)
        pages = sum(one.covered for one in self.pages)
        return (
            f"{sections} of {len(self.sections)} sections, "
            f"{pages} of {len(self.pages)} documentation pages"
        )


def report() -> Coverage:
    """Compare what is to be covered with what the chapters hold."""
    labels = {place.number: _labels(place) for place in chapters()}
    shown = {place.number: _pages(place) for place in chapters()}
    sections = tuple(
        Section(key, int(number), topic, key.replace(".", "-") in labels.get(int(number), set()))
        for key, number, topic in _rows(DATA / "sections.tsv")
    )
    pages = tuple(
        Page(page, int(number), mode, page in shown.get(int(number), {}).get(mode, set()))
        for page, number, mode in _rows(DATA / "fastapi_docs_pages.tsv")
    )
    return Coverage(sections, pages)


def _labels(place: Chapter) -> set[str]:
    return {
        label
        for cell in read_cells(place.path)
        if cell.kind == "markdown"
        for label in _LABEL.findall(cell.source)
    }


def _pages(place: Chapter) -> dict[str, set[str]]:
    """The tagged pages: `run` those on code cells, `explained` those on any cell."""
    found: dict[str, set[str]] = {"run": set(), "explained": set()}
    for cell in read_cells(place.path):
        pages = {tag.removeprefix("docs:") for tag in cell.tags if tag.startswith("docs:")}
        found["explained"] |= pages
        if cell.kind == "code":
            found["run"] |= pages
    return found


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]

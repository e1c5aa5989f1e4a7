"""Counting what the chapters cover."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbook import chapters, coverage
from workbook.chapters import Chapter


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sections and four pages to cover, in one chapter."""
    (tmp_path / "sections.tsv").write_text(
        "key\tchapter\ttopic\n2.1\t2\tASGI\n2.3b\t2\tmethods\n3.1\t3\tmodels\n", encoding="utf-8"
    )
    (tmp_path / "fastapi_docs_pages.tsv").write_text(
        "page\tchapter\tmode\n"
        "async\t2\trun\nfeatures\t2\texplained\ntutorial/body\t2\trun\nlearn/index\t3\texplained\n",
        encoding="utf-8",
    )
    cells = [
        new_markdown_cell(
            "(guide-2-3b)=\n## Methods\n\nSee (guide-2-1)= in the text.",
            metadata={"tags": ["docs:features", "docs:tutorial/body"]},
        ),
        new_code_cell("1", metadata={"tags": ["docs:async"]}),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "02_basics.ipynb")
    monkeypatch.setattr(coverage, "DATA", tmp_path)
    monkeypatch.setattr(chapters, "CHAPTERS", tmp_path)
    monkeypatch.setattr(coverage, "chapters", lambda: (Chapter(2, "02_basics"),))


def test_labels_and_tags_count(book: None) -> None:
    """A label at the start of a line covers a section; a page to be run needs a code cell."""
    report = coverage.report()
    assert str(report) == "1 of 3 sections, 2 of 4 documentation pages"
    assert report.missing == [
        "chapter 2: section 2.1, ASGI",
        "chapter 3: section 3.1, models",
        "chapter 2: page tutorial/body (run)",
        "chapter 3: page learn/index (explained)",
    ]


def test_the_lists_are_whole() -> None:
    """92 sections and 115 pages are to be covered."""
    report = coverage.report()
    assert (len(report.sections), len(report.pages)) == (92, 115)


def test_chapter_2_is_complete() -> None:
    """The finished chapter covers all of its sections and pages."""
    assert [line for line in coverage.report().missing if line.startswith("chapter 2:")] == []

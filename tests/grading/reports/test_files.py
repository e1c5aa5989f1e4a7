"""What other programs read: safe in a spreadsheet, valid as XML, complete as JSON."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from workbook.exercise import find
from workbook.grading.marks import Assignment, SubmissionMark
from workbook.grading.reports.files import grades_csv, junit_xml, marks_json
from workbook.grading.reports.plain_text import cell, one_line, plain
from workbook.grading.reports.run import Run

ASSIGNMENT = Assignment((find("bounded_pages"),), seed=7)


@pytest.fixture
def run(mark) -> Run:
    """A class of three: two points of three, a hostile name, nothing to grade."""
    eve = mark("eve", bounded_pages="+!0", message="\x1b]0;owned\x07 <b>&\x00")
    marks = (
        mark("ada", bounded_pages="++-"),
        replace(eve, learner='=HYPERLINK("http://x")', notes=("\x1b[2Jcell 7 was left out.",)),
        mark("kim"),
    )
    return Run("Week 2", ASSIGNMENT, marks, versions={"fastapi": "0.165.0"})


def test_grades_csv(run: Run) -> None:
    """A row for each learner; no points where nothing could be graded; no formula, no control."""
    rows = list(csv.DictReader(io.StringIO(grades_csv(run))))
    assert [(row["points"], row["percent"], row["bounded_pages"]) for row in rows] == [
        ("2", "66.7", "2"),
        ("1", "33.3", "1"),
        ("", "", ""),
    ]
    assert rows[1]["learner"] == '\'=HYPERLINK("http://x")'
    assert rows[1]["notes"] == "\ufffd[2Jcell 7 was left out."
    assert rows[2]["problem"] == "The file is empty."


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "  =1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever a spreadsheet takes for a formula is text."""
    assert cell(text).startswith("'")


def test_plain_cells() -> None:
    """Numbers and ordinary text stay as they are."""
    assert [cell(one) for one in (3, 66.7, "Ada", "a=b", "")] == ["3", "66.7", "Ada", "a=b", ""]


def test_plain_text() -> None:
    """Escapes, marks of direction and half characters go; line ends, tabs and accents stay."""
    assert plain("\x1b[31mŁ\x9b\u202e\ud800\uffff\n\t") == "\ufffd[31mŁ\ufffd\ufffd\ufffd\ufffd\n\t"
    assert one_line("a\n  b\t" + "c" * 200, 10) == "a b ccccc…"


def test_junit_xml(run: Run) -> None:
    """Counts agree, control characters are gone, a problem is an error, an open one is skipped."""
    root = ET.fromstring(junit_xml(run))
    assert [
        [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] for suite in root
    ] == [["3", "1", "0", "0"], ["3", "0", "1", "1"], ["1", "0", "1", "0"]]
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == [
        "7",
        "1",
        "2",
        "1",
    ]
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "\ufffd]0;owned\ufffd <b>&\ufffd"


def test_marks_json(run: Run) -> None:
    """Every mark can be read back, with the seed and the versions beside it."""
    document = json.loads(marks_json(run))
    assert (document["seed"], document["versions"]) == (7, {"fastapi": "0.165.0"})
    assert document["exercises"][0]["id"] == "bounded_pages"
    totals = [(one.pop("earned"), one.pop("points")) for one in document["marks"]]
    assert totals == [(2, 3), (1, 3), (0, 0)]
    assert tuple(map(SubmissionMark.from_json, document["marks"])) == run.marks

"""Write the reports of a run into its folder."""

import os
import shutil
import tempfile
from pathlib import Path

from workbook.grading.reports.files import grades_csv, junit_xml, marks_json
from workbook.grading.reports.gradebooks import Filled
from workbook.grading.reports.pages import feedback, report
from workbook.grading.reports.run import Run

PAGES = "feedback"


def write_reports(run: Run, folder: Path) -> list[str]:
    """Write them all; a report of an earlier run stays until the new one is there whole.

    Returns:
        Their names.

    Raises:
        OSError: the folder can't be written.
    """
    files = {
        # The mark at the beginning tells a spreadsheet that it is UTF-8.
        "grades.csv": grades_csv(run).encode("utf-8-sig"),
        "report.html": report(run).encode(),
        "junit.xml": junit_xml(run).encode(),
        "marks.json": marks_json(run).encode(),
    }
    for name, data in files.items():
        _write(folder / name, data)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        pages = Path(scratch) / PAGES
        pages.mkdir()
        for mark in run.marks:
            (pages / f"{mark.key}.html").write_text(feedback(run, mark), encoding="utf-8")
        # A learner who is no longer among them loses their page with the old folder.
        shutil.rmtree(folder / PAGES, ignore_errors=True)
        pages.rename(folder / PAGES)
    return [*files, f"{PAGES}/"]


def write_gradebook(folder: Path, name: str, filled: Filled) -> str:
    """Write a filled gradebook beside the reports, and say what it is called."""
    _write(folder / f"{name}.csv", filled.data)
    return f"{name}.csv"


def _write(path: Path, data: bytes) -> None:
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_bytes(data)
    os.replace(scratch, path)

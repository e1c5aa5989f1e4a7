"""The command line: what it prints and how it exits."""

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbook import cli, doctor, lab
from workbook.cli import app
from workbook.doctor import Diagnosis
from workbook.running import Checked, Run

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that go to `work/` go to the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")


def test_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A needed thing that is missing is marked, with its remedy, and fails the command."""
    found = [
        Diagnosis("Python", "3.12.1"),
        Diagnosis("greenlet", "missing", "Install it."),
        Diagnosis("Chromium", "not found", "apt-get install chromium", needed=False),
    ]
    monkeypatch.setattr(doctor, "examine_machine", lambda: iter(found))
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "✓ Python: 3.12.1",
        "✗ greenlet: missing",
        "    Install it.",
        "! Chromium: not found",
        "    apt-get install chromium",
        "Mend what is marked ✗, then run again.",
    ]


def test_doctor_is_content_with_what_only_authors_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing browser is told and does not fail."""
    only = Diagnosis("Chromium", "not found", "apt-get install chromium", needed=False)
    monkeypatch.setattr(doctor, "examine_machine", lambda: iter([only]))
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "Everything a learner needs is here." in result.output


def test_doctor_examines_this_machine() -> None:
    """The tests run in an environment in which every needed thing is there."""
    assert [one for one in doctor.examine_machine() if one.remedy and one.needed] == []


def test_doctor_compares_with_the_lock_file(tmp_path: Path, monkeypatch) -> None:
    """A package of another version, and one that is missing, are named."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "fastapi==0.1 \\\n    --hash=sha256:0\nnever-made==1.0 \\\n    --hash=sha256:0\n"
        "winonly==1 ; sys_platform == 'never' \\\n    --hash=sha256:0\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    packages = next(one for one in doctor.examine_machine() if one.what == "packages")
    assert packages.found == "0 of 2 as tested"
    assert "never-made is missing" in packages.remedy
    assert "tested with 0.1" in packages.remedy
    assert packages.needed


def test_lab_copies_and_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chapters are there before JupyterLab replaces the process."""
    started = []
    monkeypatch.setattr(os, "execve", lambda path, command, env: started.append(command))
    monkeypatch.setattr(lab, "has_display", lambda: False)
    result = runner.invoke(app, ["lab", "--port", "9001"])
    assert result.exit_code == 0
    assert "20 chapters copied to" in result.output
    assert "Open the address below" in result.output
    assert "--ServerApp.port=9001" in started[0]
    again = runner.invoke(app, ["lab"])
    assert "Your work is in" in again.output


def test_lab_in_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason and the remedy are printed; nothing is started."""

    def read_only(*_: object) -> None:
        raise OSError(30, os.strerror(30), "work")

    monkeypatch.setattr(lab, "copy_chapters", read_only)
    result = runner.invoke(app, ["lab"])
    assert result.exit_code == 1
    assert "Read-only file system" in result.output
    assert "clone it elsewhere" in result.output


def test_update_says_what_changed() -> None:
    """A first run brings the chapters, a second one has nothing to do."""
    assert "new      02_fastapi_basics.ipynb" in runner.invoke(app, ["update"]).output
    assert "up to date" in runner.invoke(app, ["update"]).output


def checked(outcome: str, exercise: str = "bounded_pages") -> Checked:
    return Checked(exercise, "Title", outcome, f"card of {exercise}: {outcome}")


@pytest.mark.parametrize(
    ("arguments", "run", "code", "expected"),
    [
        ([], Run(Path("02.ipynb"), [checked("passed")]), 0, "1 of 1 exercises passed."),
        (["2"], Run(Path("02.ipynb"), [checked("not yet")]), 1, "card of bounded_pages: not yet"),
        (
            ["bounded_pages"],
            Run(Path("02.ipynb"), [checked("not yet", "other"), checked("passed")]),
            0,
            "card of bounded_pages: passed",
        ),
        (
            ["02_fastapi_basics"],
            Run(Path("02.ipynb"), [checked("passed")], error="cell 4 (x): NameError"),
            1,
            "02.ipynb stops at cell 4 (x): NameError",
        ),
        (["2"], Run(Path("02.ipynb")), 1, "No check was run"),
        (["bounded_page"], Run(Path("02.ipynb")), 2, "Did you mean 'bounded_pages'"),
    ],
)
def test_check_reports_what_the_notebook_said(
    arguments: list[str], run: Run, code: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures show their card; the exit code says whether all is well."""
    monkeypatch.setattr(cli, "run_notebooks", lambda paths: iter([run]))
    result = runner.invoke(app, ["check", *arguments])
    assert (result.exit_code, expected in result.output) == (code, True), result.output


def test_progress_and_next_read_the_work_folder() -> None:
    """They are about `work/`, from wherever they are called."""
    lab.copy_chapters(lab.WORK)
    assert str(lab.WORK) in runner.invoke(app, ["progress"]).output
    assert "bounded_pages" in runner.invoke(app, ["progress", "2"]).output
    assert runner.invoke(app, ["next"]).output.startswith("Next: ")


def test_prove_of_one_exercise() -> None:
    """The proofs of one exercise are run and counted."""
    result = runner.invoke(app, ["prove", "bounded_pages", "--no-other-process"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("1 exercises, ")
    assert runner.invoke(app, ["prove", "bounded_page"]).exit_code == 2


def test_coverage_counts_and_lists() -> None:
    """The totals stand last; --missing lists what is left."""
    result = runner.invoke(app, ["coverage", "--missing"])
    assert "of 92 sections" in result.output
    assert "chapter 20: section 20" in result.output


def test_work_folder_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor sees a folder in which nothing can be saved."""
    if os.geteuid() == 0:
        monkeypatch.setattr("os.access", lambda *_: False)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    work = next(one for one in doctor.examine_machine() if one.what == "work folder")
    tmp_path.chmod(stat.S_IRWXU)
    assert (work.found, work.needed) == ("read-only", True)

"""Progress is merged and never lost."""

import json
import multiprocessing
from pathlib import Path

import pytest

from workbook import records


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with a notebook's working directory two levels below."""
    folder = tmp_path / records.FOLDER
    folder.mkdir()
    below = tmp_path / "chapters" / "data"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    return folder


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_in_memory", records.Progress())


def test_best_outcome_is_kept(home: Path) -> None:
    """A later failure does not take a pass away; attempts are counted."""
    records.update("pages", records.note_check("not yet", 1))
    records.update("pages", records.note_check("passed", 3))
    records.update("pages", records.note_check("not yet", 0))
    record = records.load().of("pages")
    assert (record.outcome, record.attempts, record.points, record.passed) == ("passed", 3, 3, True)


def test_hints_are_remembered(home: Path) -> None:
    """The furthest hint counts."""
    records.update("pages", records.note_hint(2))
    records.update("pages", records.note_hint(1))
    assert records.load().of("pages").hints == 2


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside a learner's folder progress lives in memory only."""
    monkeypatch.chdir(tmp_path)
    records.update("pages", records.note_check("passed", 1))
    assert records.load().of("pages").passed
    assert list(tmp_path.iterdir()) == []


def test_unreadable_file_is_kept_aside(home: Path) -> None:
    """A damaged file is renamed and reported, not overwritten."""
    (home / "progress.json").write_text("{half", encoding="utf-8")
    progress = records.update("pages", records.note_check("passed", 1))
    aside = list(home.glob("progress.unreadable-*.json"))
    assert [one.read_text(encoding="utf-8") for one in aside] == ["{half"]
    assert aside[0].name in progress.trouble
    assert records.load().of("pages").passed


def test_unwritable_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the folder can't be made, the check goes on and says so."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "file" / "below"))
    progress = records.update("pages", records.note_check("passed", 1))
    assert progress.of("pages").passed
    assert progress.trouble.startswith("Progress could not be saved")


def test_newer_fields_do_not_break_an_older_reader(home: Path) -> None:
    """A file that a newer edition wrote is read as far as it is understood."""
    stored = {"version": 9, "exercises": {"pages": {"attempts": 4, "stars": 5}}}
    (home / "progress.json").write_text(json.dumps(stored), encoding="utf-8")
    assert records.load().of("pages").attempts == 4


def test_forgetting_keeps_the_file_before(home: Path) -> None:
    """A reset can be undone by hand."""
    records.update("pages", records.note_check("passed", 1))
    records.forget("pages")
    assert records.load().records == {}
    before = json.loads((home / "progress.before-reset.json").read_text(encoding="utf-8"))
    assert before["exercises"]["pages"]["outcome"] == "passed"


def _check_often(folder: Path, name: str) -> None:
    import os

    os.chdir(folder)
    for _ in range(25):
        records.update("shared", records.note_check("not yet", 0))
        records.update(name, records.note_check("passed", 1))


def test_two_notebooks_at_once_lose_nothing(home: Path) -> None:
    """Every check of four processes that write at the same time is counted."""
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_check_often, args=(Path.cwd(), f"exercise_{number}"))
        for number in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    progress = records.load()
    assert progress.of("shared").attempts == 100
    assert [progress.of(f"exercise_{number}").attempts for number in range(4)] == [25] * 4
    assert list(home.glob(".progress-*")) == []

"""The learner's copy of the chapters, and the command that opens it."""

from pathlib import Path

import pytest

from workbook import lab
from workbook.chapters import chapters
from workbook.records import FOLDER


def test_chapters_are_copied_once(tmp_path: Path) -> None:
    """What a learner wrote is never overwritten; a lost notebook comes back."""
    work = tmp_path / "work"
    assert len(lab.copy_chapters(work)) == 20
    mine = work / "02_fastapi_basics.ipynb"
    mine.write_text("my work", encoding="utf-8")
    (work / "03_pydantic.ipynb").unlink()
    assert [path.name for path in lab.copy_chapters(work)] == ["03_pydantic.ipynb"]
    assert mine.read_text(encoding="utf-8") == "my work"
    base = work / FOLDER / "base"
    assert (base / mine.name).read_bytes() == chapters()[1].path.read_bytes()


def test_command_suits_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root and without a display: allowed, no browser, our settings first."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    command, environment = lab.lab_command(tmp_path, 9000, browser=True)
    assert {"--allow-root", "--no-browser", "--ServerApp.port=9000"} <= set(command)
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert environment["JUPYTER_CONFIG_PATH"].endswith(":mine")


def test_command_opens_a_browser_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a display and as an ordinary user nothing is held back."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    command, _ = lab.lab_command(tmp_path, None, browser=True)
    assert not {"--allow-root", "--no-browser"} & set(command)
    assert "--no-browser" in lab.lab_command(tmp_path, None, browser=False)[0]


def test_first_chapter_has_something_to_run() -> None:
    """JupyterLab opens on a chapter with code, not on a stub."""
    assert lab.first_chapter().number <= 2

"""The learner's own copy of the chapters, and JupyterLab on it."""

import os
import shutil
import sys
from pathlib import Path

from workbook.cells import read_cells
from workbook.chapters import ROOT, Chapter, chapters
from workbook.records import FOLDER

WORK = ROOT / "work"
_CONFIG = Path(__file__).parent / "lab_config"


def copy_chapters(work: Path) -> list[Path]:
    """Copy the chapters that are not in `work` yet; what is there is never touched.

    A second copy of each goes to `work/.workbook/base`: what the learner began with, so that a
    newer edition can be merged into what they wrote.

    Returns:
        The notebooks that were copied now.

    Raises:
        OSError: the folder can't be written.
    """
    base = work / FOLDER / "base"
    base.mkdir(parents=True, exist_ok=True)
    copied = []
    for place in chapters():
        mine = work / place.path.name
        if not mine.exists():
            shutil.copyfile(place.path, mine)
            shutil.copyfile(place.path, base / place.path.name)
            copied.append(mine)
    return copied


def first_chapter() -> Chapter:
    """The first chapter that has something to run."""
    for place in chapters():
        if any(cell.kind == "code" for cell in read_cells(place.path)):
            return place
    return chapters()[0]


def lab_command(work: Path, port: int | None, browser: bool) -> tuple[list[str], dict[str, str]]:
    """The command and the environment that open JupyterLab on the first chapter.

    Args:
        work: the folder to work in.
        port: the port, or None for the first free one from 8888 on.
        browser: open a browser; only done where there is a display to open it on.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={work}"]
    command.append(f"--LabApp.default_url=/lab/tree/{first_chapter().path.name}")
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not (browser and has_display()):
        command.append("--no-browser")
    environment = dict(os.environ)
    # Our own settings first (no news pop-up), the environment's kernel before a personal one.
    known = environment.get("JUPYTER_CONFIG_PATH")
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(_CONFIG), known]))
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    return command, environment


def has_display() -> bool:
    """Whether a browser can be opened here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))

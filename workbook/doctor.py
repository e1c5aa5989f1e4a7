"""Look at the machine and say what is missing and how to get it."""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbook.chapters import CHAPTERS, ROOT

_MINIMUM = (3, 12)


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at.

    Attributes:
        what: its name.
        found: what is there.
        remedy: how to get it; empty when nothing is wrong.
        needed: without it a learner can't work; otherwise it serves authors only.
    """

    what: str
    found: str
    remedy: str = ""
    needed: bool = True


def examine_machine() -> Iterator[Diagnosis]:
    """Look at everything that the workbook needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info[:2] < _MINIMUM
    yield Diagnosis("Python", version, "Install Python 3.12 or newer." if old else "")
    yield from _packages()
    count = len(list(CHAPTERS.glob("[0-9][0-9]_*.ipynb")))
    yield Diagnosis(
        "chapters",
        f"{count} notebooks",
        "" if count else "Run from a clone of the workbook: its notebooks are not beside the code.",
    )
    work = ROOT / "work"
    folder = work if work.exists() else ROOT
    writable = os.access(folder, os.W_OK)
    remedy = "" if writable else f"Make {folder} writable, or clone the workbook elsewhere."
    yield Diagnosis("work folder", "can be written" if writable else "read-only", remedy)
    browser = find_browser()
    yield Diagnosis(
        "Chromium (tests of pages)",
        browser or "not found",
        "" if browser else "Debian: `apt-get install chromium`; `make test` does it as root.",
        needed=False,
    )


def _packages() -> Iterator[Diagnosis]:
    """Every package of the lock file: there, and in the version that was tested."""
    lock = ROOT / "requirements.lock"
    wrong, pinned = [], 0
    for name, version in _pins(lock):
        pinned += 1
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
        else:
            if found != version:
                wrong.append(f"{name} is {found}, tested with {version}")
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    yield Diagnosis(
        "packages",
        f"{pinned - len(wrong)} of {pinned} as tested",
        f"{'; '.join(wrong[:3])}{more}. `make setup` installs what was tested." if wrong else "",
        needed=any("missing" in one for one in wrong),
    )
    for module, package in (("greenlet", "sqlalchemy[asyncio]"), ("multipart", "python-multipart")):
        if importlib.util.find_spec(module) is None:
            yield Diagnosis(module, "missing", f"Install {package}: it is imported at run time.")


def _pins(lock: Path) -> Iterator[tuple[str, str]]:
    """The packages of a lock file that this machine is to have."""
    from packaging.markers import Marker

    if not lock.exists():
        return
    for line in lock.read_text(encoding="utf-8").splitlines():
        requirement, _, marker = line.rstrip(" \\").partition(" ; ")
        if "==" in requirement and not requirement.startswith((" ", "#")):
            if marker and not Marker(marker).evaluate():
                continue
            name, _, version = requirement.partition("==")
            yield name, version


def find_browser() -> str | None:
    """The path of a Chromium, or None."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )

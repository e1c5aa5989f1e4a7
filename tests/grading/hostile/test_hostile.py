"""No hostile notebook earns, reads, harms or holds up what is not its own.

Every notebook is run as root and as an ordinary user, at both levels of isolation, with honest
notebooks between the hostile ones.
"""

import asyncio
import json
import os
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.grading.hostile.case import EXERCISES, PAGES, SETUP, Case
from tests.grading.hostile.forging import FORGING
from tests.grading.hostile.run import CASES, NEIGHBOURS, run, submission
from tests.grading.hostile.spying import SPYING
from workbook.chapters import ROOT
from workbook.grading.assignments import likely_chapter
from workbook.grading.limits import Limits
from workbook.grading.sandbox.confinement import Level
from workbook.grading.submissions import choose, gather

_NOBODY = 65534
_SECONDS = 1800

# Python may lie in a folder of root's own. In a mount namespace that ends with the run, that folder
# is covered by an empty one that holds Python alone.
_AS_NOBODY = f"""
set -e
if ! setpriv --reuid {_NOBODY} --clear-groups test -x "$1"/bin; then
    aside=$(mktemp -d)
    mount --bind "$1" "$aside"
    mount -t tmpfs -o mode=755 none "/$(echo "$1" | cut -d/ -f2)"
    mkdir -p "$1"
    mount --bind "$aside" "$1"
fi
exec setpriv --reuid {_NOBODY} --regid {_NOBODY} --clear-groups --no-new-privs \\
    env -i PATH=/usr/bin:/bin HOME=/nonexistent PYTHONDONTWRITEBYTECODE=1 \\
    "$2" -m tests.grading.hostile.run "$3"
"""

SETTINGS = [
    pytest.param((level, user), id=f"{level} {user}")
    for level in Level
    for user in ("root", "nobody")
]


@cache
def _result(level: Level, user: str) -> dict[str, Any]:
    if user == "root" or os.geteuid() != 0:
        return asyncio.run(run(level))
    program = ["unshare", "--mount", "sh", "-c", _AS_NOBODY, "sh", sys.base_prefix, sys.executable]
    done = subprocess.run(
        [*program, level], cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=SETTINGS)
def result(request: pytest.FixtureRequest, best_level: Level) -> dict[str, Any]:
    """What came of all notebooks in one setting; each setting is run once."""
    level, user = request.param
    if level is Level.NAMESPACES and best_level is not level:
        pytest.skip(f"this machine gives {best_level}")
    if (user == "root") != (os.geteuid() == 0) and user == "root":
        pytest.skip("only root can run it as root")
    return _result(level, user)


def _notes(mark: dict[str, Any]) -> list[str]:
    """The notes, without the one that a busy machine brings about."""
    return [note for note in mark["notes"] if "the machine was busy" not in note]


def _said(mark: dict[str, Any]) -> str:
    parts = [*mark["notes"]]
    for exercise in mark["exercises"]:
        parts += [exercise["message"], *(one["message"] for one in exercise["requirements"])]
    return " ".join(parts)


@pytest.mark.slow
@pytest.mark.anyio
async def test_nothing_is_forged_or_read(best_level: Level) -> None:
    """The notebooks that forge and spy, which take little time, at the level of this machine."""
    cases = (*FORGING, *SPYING)
    # None of them runs into a limit, unless the machine has much else to do.
    result = await run(best_level, cases, limits=Limits(cell_seconds=20, answer_seconds=20))
    scores = {one["key"]: one["score"] for one in result["marks"]}
    assert {case.name: scores[case.name] for case in cases} == {
        case.name: case.score for case in cases
    }
    assert result["calls"] == []


def test_each_is_read_as_a_file(tmp_path: Path) -> None:
    """Before anything is sandboxed the notebooks are read; none stops that, or has no row."""
    for number, case in enumerate(CASES):
        (tmp_path / f"{number}.ipynb").write_bytes(submission(case, case.name).notebook)
    handed_in = gather(tmp_path, [])
    assert likely_chapter(handed_in) == 2
    chosen = choose(handed_in, EXERCISES)
    assert {one.file: one.problem for one in chosen} == {
        f"{number}.ipynb": "" for number in range(len(CASES))
    }


_READING = ("requirements from the disk", "/proc", "environment", "sockets", "links")


@pytest.mark.parametrize("case", SPYING, ids=lambda case: case.name)
def test_what_spies_would_find_something_here(case: Case, tmp_path: Path) -> None:
    """Outside the sandbox an attack that only reads works: its refusal inside means something."""
    if not any(word in case.name for word in _READING):
        pytest.skip("it is not for a machine that somebody uses")
    attack = SETUP + case.cells[1].removesuffix(PAGES)
    done = subprocess.run(
        [sys.executable, "-c", attack], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_gets_what_its_answers_deserve(result: dict[str, Any], case: Case) -> None:
    """A hostile notebook has exactly the points of its answers, and the mark says what happened."""
    mark = next(one for one in result["marks"] if one["key"] == case.name)
    assert case.score == mark["score"]
    assert case.says in _said(mark)


@pytest.mark.slow
def test_neighbours_are_not_touched(result: dict[str, Any]) -> None:
    """Honest notebooks between the hostile ones have their points, and no note."""
    expected = {
        f"{neighbour.name} {number}": (neighbour.score, [])
        for number in range(len(CASES))
        for neighbour in [NEIGHBOURS[number % len(NEIGHBOURS)]]
    }
    actual = {one["key"]: (one["score"], _notes(one)) for one in result["marks"]}
    for case in CASES:
        del actual[case.name]
    notes_of_empty = {key for key in expected if key.startswith("empty")}
    for key in notes_of_empty:  # its checks are gone, which is noted
        actual[key] = (actual[key][0], [])
    assert expected == actual


@pytest.mark.slow
def test_nobody_called_a_service(result: dict[str, Any]) -> None:
    """No notebook reached a TCP port or an abstract Unix socket of this machine."""
    assert result["calls"] == []


@pytest.mark.slow
def test_nothing_is_left_behind(result: dict[str, Any]) -> None:
    """The attempts to write outside left no file, and the grader clears up after itself."""
    places = ["/", "/etc", "/dev", "/home", "/usr/lib", "/tmp", "/var/tmp", str(ROOT)]
    owned = [place for place in places if Path(place, "owned-by-hostile").exists()]
    assert owned == []


@pytest.mark.slow
def test_no_control_character_gets_into_a_mark(result: dict[str, Any]) -> None:
    """Terminal escapes, bidirectional overrides and halves of characters are replaced."""
    texts = [json.dumps(mark, ensure_ascii=False) for mark in result["marks"]]
    found = {
        sign for text in texts for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs")
    }
    assert set() == found

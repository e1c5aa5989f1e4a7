"""The parts of the sandbox that can be looked at from outside."""

import re
from pathlib import Path

import pytest

from workbook.chapters import ROOT
from workbook.grading import library
from workbook.grading.limits import Limits
from workbook.grading.sandbox.seccomp import FORBIDDEN, SAME_USER, SIGNALS
from workbook.grading.sandbox.syscalls import NEWEST, NUMBERS

_HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", _HEADERS)
def test_the_numbers_are_those_of_the_kernel(machine: str) -> None:
    """Every system call that the kernel's headers know has the number that they give."""
    header = _HEADERS[machine]
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    text = header.read_text(encoding="ascii")
    real = {name: int(n) for name, n in re.findall(r"#define __NR3?\w*?_(\w+)\s+(\d+)\b", text)}
    real |= {name: int(n) for name, n in re.findall(r"#define __NR_(\w+)\s+(\d+)\b", text)}
    known = {name: number for name, number in NUMBERS[machine].items() if name in real}
    assert {name: real[name] for name in known} == known
    assert len(known) > 0.8 * len(NUMBERS[machine])


@pytest.mark.parametrize("machine", NUMBERS)
def test_all_that_is_forbidden_has_a_number(machine: str) -> None:
    """A name that is spelt wrong would be allowed: each is a call of some architecture."""
    everywhere = set(NUMBERS["x86_64"]) | set(NUMBERS["aarch64"])
    assert set() == {*FORBIDDEN, *SIGNALS, *SAME_USER} - everywhere
    assert max(NUMBERS[machine].values()) <= NEWEST


def test_the_copy_of_the_workbook_holds_no_secret(tmp_path: Path) -> None:
    """A submission gets no exercises, no answers of quizzes, and of the grader what runs in it."""
    library.copy_workbook(tmp_path)
    held = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.py")}
    assert not {("workbook", "exercises"), ("workbook", "questions")} & held
    grading = {path.name for path in (tmp_path / "workbook/grading").glob("*.py")}
    assert {
        "__init__.py",
        "bridge.py",
        "calls.py",
        "channel.py",
        "child.py",
        "frames.py",
        "kernel.py",
        "limits.py",
        "trial_runner.py",
        "zygote.py",
    } == grading
    assert (tmp_path / "lesson_app/main.py").exists()


def test_nothing_of_the_repository_is_readable(tmp_path: Path) -> None:
    """Of the workbook's own folder only the packages installed in it are in sight."""
    paths = library.readable_paths(tmp_path)
    inside = [path for path in paths if Path(path).is_relative_to(ROOT)]
    assert inside == [path for path in inside if path.endswith("site-packages")]
    assert [path for path in paths if ROOT.is_relative_to(path)] == []


def test_an_exposed_workbook_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A workbook that lies among the libraries is not graded from: its solutions could be read."""
    monkeypatch.setattr(library.chapters, "ROOT", Path("/usr/lib/python3/workbook"))
    with pytest.raises(library.ExposedWorkbook, match="Grade from a copy"):
        library.readable_paths(tmp_path)


def test_a_limit_is_above_zero() -> None:
    """A limit of nothing is refused by its name."""
    with pytest.raises(ValueError, match="memory_mib must be above zero"):
        Limits(memory_mib=0)

"""What this machine offers to keep submissions apart: `workbook grade --doctor`."""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbook.exercise import exercises
from workbook.grading.engine import Worker
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.processes import GraderFailed, NoIsolation
from workbook.grading.sandbox import landlock, namespaces, seccomp
from workbook.grading.sandbox.confinement import Level
from workbook.grading.sandbox.syscalls import NUMBERS

_USEFUL_LANDLOCK = 6
"""The version that bounds signals and abstract Unix sockets."""


@dataclass(frozen=True)
class Record:
    """One thing that was looked at.

    Attributes:
        what: what it is.
        found: what there is.
        good: whether it is as it should be.
        advice: what to do if it is not, or empty.
    """

    what: str
    found: str
    good: bool
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'✓' if self.good else '✗'} {self.what}: {self.found}"
        return f"{line}\n    {self.advice}" if self.advice and not self.good else line


async def report() -> list[Record]:
    """Look at the parts, then start a real worker and see which level it reaches."""
    if sys.platform != "linux":
        advice = "Run it in a virtual machine or a container with Linux."
        return [Record("System", sys.platform, False, advice)]
    return [_machine(), _namespaces(), _landlock(), _seccomp(), _memory(), await _level()]


def _machine() -> Record:
    machine, user = platform.machine(), "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    found = f"Linux {platform.release()}, {machine}, {user}"
    return Record("System", found, machine in NUMBERS, f"Known are {' and '.join(NUMBERS)}.")


def _namespaces() -> Record:
    if not (why := _refusal(_unshare)):
        return Record("Namespaces", "allowed", True)
    return Record("Namespaces", f"refused: {why}", False, _advice_on_namespaces())


def _landlock() -> Record:
    version = landlock.version()
    advice = "It came with Linux 5.13; a kernel may need `lsm=landlock,…` on its command line."
    if version >= _USEFUL_LANDLOCK:
        return Record("Landlock", f"version {version}", True)
    if version:
        advice = "It does not bound signals or abstract sockets; system calls are refused for that."
        return Record("Landlock", f"version {version}", True, advice)
    return Record("Landlock", "not there", False, advice)


def _seccomp() -> Record:
    why = _refusal(seccomp.forbid)
    advice = "The kernel was built without CONFIG_SECCOMP_FILTER, or something outside forbids it."
    return Record("seccomp", f"refused: {why}" if why else "allowed", not why, advice)


def _memory() -> Record:
    """Whether a control group bounds the grader as a whole; each child is bounded without one."""
    found = "no control group bounds this process"
    advice = "`systemd-run --user --scope -p MemoryMax=8G workbook grade …` bounds it as a whole."
    for name in ("/sys/fs/cgroup/memory.max", _own_group("memory.max")):
        try:
            bound = Path(name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if bound != "max":
            return Record("Memory", f"bounded to {int(bound) >> 20} MiB as a whole", True)
    return Record("Memory", f"each child is bounded; {found}", True, advice)


async def _level() -> Record:
    assignment = Assignment(tuple(exercises()[:1]))
    try:
        async with Worker(assignment, Limits()) as worker:
            ready = worker.ready
    except (NoIsolation, GraderFailed) as error:
        return Record("Level", "none: nothing will be run", False, str(error))
    level = ready["ready"]
    why = "; ".join(f"not {better}: {reason}" for better, reason in ready["refused"].items())
    advice = (
        "Submissions share the machine's process ids, and have no network at all, not even their "
        "own. For a class of strangers take a machine that allows namespaces."
    )
    return Record("Level", f"{level} ({why})" if why else level, level == Level.NAMESPACES, advice)


def _unshare() -> None:
    if os.geteuid() != 0:
        namespaces.become_user_namespace_root()
    os.unshare(os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWNET)


def _refusal(attempt: Callable[[], None]) -> str:
    """Why something fails, tried in a process of its own; empty if it works."""
    reading, writing = os.pipe()
    if (tried := os.fork()) == 0:
        try:
            attempt()
        except Exception as error:  # noqa: BLE001 - it is told, and this process ends here
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as told:
        why = told.read()
    os.waitpid(tried, 0)
    return why


def _advice_on_namespaces() -> str:
    settings = {
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": ("1", "0"),
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "1"),
        "/proc/sys/user/max_user_namespaces": ("0", "10000"),
    }
    for path, (bad, good) in settings.items():
        try:
            found = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if found == bad:
            name = path.removeprefix("/proc/sys/").replace("/", ".")
            return f"`sudo sysctl -w {name}={good}` allows them."
    return (
        "A container needs `--security-opt seccomp=unconfined --security-opt "
        "systempaths=unconfined`, or take a virtual machine."
    )


def _own_group(name: str) -> str:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    group = next((line[3:] for line in lines if line.startswith("0::")), "")
    return f"/sys/fs/cgroup{group}/{name}"

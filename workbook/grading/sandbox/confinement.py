"""Confine a process: once for the one that forks, then for each child."""

import ctypes
import os
import resource
import struct
from dataclasses import dataclass
from enum import StrEnum

from workbook.grading.limits import Limits
from workbook.grading.sandbox import landlock, namespaces, seccomp
from workbook.grading.sandbox.syscalls import call, prctl

FIRST_USER = 60600
"""Children of root get user ids from here on; systemd keeps 60578 to 61183 unused."""

_USERS = 500
_MIB = 1 << 20
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAP_AMBIENT, _CLEAR_ALL = 1, 4, 47, 4
_SIGKILL = 9
_CAPABILITIES_VERSION = 0x20080522


class Level(StrEnum):
    """How far a submission is kept away from the machine."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"


@dataclass(frozen=True)
class Confinement:
    """How the children of one forking process are confined.

    Attributes:
        level: how far.
        readable: files and folders that they may read.
        scratch: at the level `landlock`, the folder for their folders.
        drops_user: each child gets a user id of its own.
        limits: what each may use.
        address_space: bytes that the forking process takes, which each child takes over.
        process_ids: an open file of the forking process's own process ids, to return to.
    """

    level: Level
    readable: tuple[str, ...]
    scratch: str
    drops_user: bool
    limits: Limits
    address_space: int
    process_ids: int = -1

    def home(self, job: int) -> str:
        """The one folder in which that child can write."""
        return "/tmp" if self.level is Level.NAMESPACES else f"{self.scratch}/{job}"

    def before_fork(self) -> None:
        """Arrange that the next child is the first process of its own process ids."""
        if self.level is Level.NAMESPACES:
            # Namespaces nest in the one that was made last, so return to our own first.
            os.setns(self.process_ids, os.CLONE_NEWPID)
            os.unshare(os.CLONE_NEWPID)

    def confine_child(self, job: int) -> None:
        """Give up everything that the child does not need. There is no way back.

        Args:
            job: its number, by which children differ.
        """
        os.setsid()
        user, group = os.geteuid(), os.getegid()
        if self.drops_user:
            user = group = FIRST_USER + job % _USERS
        home = self.home(job)
        separate_network = self.level is Level.NAMESPACES
        if separate_network:
            namespaces.separate(self.limits.disk_mib, user, group)
        else:
            os.mkdir(home, 0o700)
            os.chown(home, user, group)
        self._limit_resources()
        if self.drops_user:
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        prctl(_PR_SET_PDEATHSIG, _SIGKILL)
        prctl(_PR_SET_DUMPABLE, 0)
        _give_up_capabilities()
        devices = namespaces.DEVICES
        readable = (*self.readable, *namespaces.FILES)
        if separate_network:
            readable += ("/etc",)
        landlock.restrict(readable, [home], devices, network=separate_network)
        forbidden: list[str] = []
        if not separate_network:
            forbidden += [] if landlock.version() >= 6 else seccomp.SIGNALS
            forbidden += [] if self.drops_user else seccomp.SAME_USER
        seccomp.forbid(forbidden, sockets=separate_network)

    def _limit_resources(self) -> None:
        limits = self.limits
        space = self.address_space + limits.memory_mib * _MIB
        _limit(resource.RLIMIT_AS, space)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, limits.disk_mib * _MIB)
        _limit(resource.RLIMIT_NOFILE, limits.open_files)
        _limit(resource.RLIMIT_CPU, int(limits.submission_seconds) + 1)
        # Elsewhere the number counts what the user runs on the whole machine.
        if self.drops_user or self.level is Level.NAMESPACES:
            _limit(resource.RLIMIT_NPROC, limits.threads)


def address_space() -> int:
    """Bytes of address space that this process takes now."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[0]) * resource.getpagesize()


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _give_up_capabilities() -> None:
    prctl(_PR_CAP_AMBIENT, _CLEAR_ALL)
    header = struct.pack("Ii", _CAPABILITIES_VERSION, 0)
    nothing = bytes(24)
    call("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))

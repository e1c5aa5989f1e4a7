"""Landlock: the files that this process can still reach, for ever.

Source: Linux, `Documentation/userspace-api/landlock.rst`; `landlock(7)`.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from workbook.grading.sandbox.syscalls import call, prctl

_PR_SET_NO_NEW_PRIVS = 38
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_DEVICES = 1 << 6 | 1 << 11
_REFER, _TRUNCATE, _DEVICE_IOCTL = 1 << 13, 1 << 14, 1 << 15
_FIRST_VERSION = (1 << 13) - 1
_READ = _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_IOCTL
_TCP = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3


def version() -> int:
    """The Landlock version of this kernel, 0 if it has none."""
    try:
        return call("landlock_create_ruleset", None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(
    readable: Iterable[str], writable: Iterable[str], devices: Iterable[str], *, network: bool
) -> None:
    """Leave only these files; what is already open stays open.

    Args:
        readable: files, and folders with all in them. One that does not exist is passed over.
        writable: folders in which files can be made, changed and deleted.
        devices: device files that can be read and written.
        network: leave TCP. Without it, and where the kernel can, it is refused, as are abstract
            Unix sockets and signals to other processes.

    Raises:
        OSError: the kernel has no Landlock.
    """
    known = version()
    handled = _FIRST_VERSION
    handled |= (known >= 2) * _REFER | (known >= 3) * _TRUNCATE | (known >= 5) * _DEVICE_IOCTL
    fields = [handled]
    if known >= 4:
        fields.append(0 if network else _TCP)
    if known >= 6:
        fields.append(0 if network else _ABSTRACT_SOCKETS_AND_SIGNALS)
    described = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = call(
        "landlock_create_ruleset", ctypes.create_string_buffer(described), len(described), 0
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ)
        for path in writable:
            _allow(ruleset, path, handled & ~_EXECUTE & ~_MAKE_DEVICES & ~_DEVICE_IOCTL)
        for path in devices:
            _allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        prctl(_PR_SET_NO_NEW_PRIVS, 1)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not Path(path).is_dir():
            access &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", access, place))
        call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(place)

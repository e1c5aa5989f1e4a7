"""A seccomp filter: the system calls that no lesson needs fail, for this process and for ever.

Source: Linux, `Documentation/userspace-api/seccomp_filter.rst`; `seccomp(2)`, `bpf(4)`.
"""

import ctypes
import errno
import platform
import socket
import struct
from collections.abc import Iterable, Mapping

from workbook.grading.sandbox.syscalls import AUDIT_ARCH, NEWEST, NUMBERS, call, prctl

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_PDEATHSIG = 1
_SET_MODE_FILTER, _SYNC_THREADS = 1, 1
_CLONE_THREAD = 0x10000

_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

# Processes of its own; other processes; the kernel's settings; new ways to get at any of these.
_PROCESSES = "fork vfork execve execveat"
_OTHERS = (
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open "
    "pidfd_getfd pidfd_send_signal setpriority sched_setparam sched_setscheduler "
    "sched_setaffinity sched_setattr ioprio_set migrate_pages move_pages"
)
_MOUNTS = (
    "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick "
    "mount_setattr unshare setns mknod mknodat name_to_handle_at open_by_handle_at fanotify_init"
)
_KERNEL = (
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register io_setup "
    "add_key request_key keyctl init_module finit_module delete_module kexec_load kexec_file_load "
    "reboot swapon swapoff acct quotactl quotactl_fd syslog personality modify_ldt iopl ioperm "
    "uselib ustat sysfs _sysctl nfsservctl lookup_dcookie vhangup settimeofday clock_settime "
    "clock_adjtime adjtimex sethostname setdomainname"
)
# Memory that no limit counts: it is neither mapped nor a file on the submission's own disk.
_UNCOUNTED_MEMORY = "memfd_create memfd_secret shmget msgget semget mq_open"
# What another process of the same user has made of these.
_SHARED_MEMORY = "shmat shmctl msgsnd msgrcv msgctl semop semtimedop semctl mq_unlink"
FORBIDDEN = (
    f"{_PROCESSES} {_OTHERS} {_MOUNTS} {_KERNEL} {_UNCOUNTED_MEMORY} {_SHARED_MEMORY}".split()
)

SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
"""Forbidden too where process ids are the machine's and Landlock does not bound signals."""

SAME_USER = (
    *("chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr"),
    *("removexattr", "lremovexattr", "fremovexattr", "truncate"),
)
"""Forbidden too where files of the same user are in sight: Landlock allows these."""

_FILE_CONTROL = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal to any process of the same user."""

_DEVICE_CONTROL = (0x8901, 0x8902, 0x5412, 0x541C)
"""FIOSETOWN and SIOCSPGRP, for the same; TIOCSTI and TIOCLINUX, which type into a terminal."""

_SOCKETS = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)


def forbid(names: Iterable[str] = (), *, sockets: bool = True) -> None:
    """Install the filter; no privilege is needed, and nothing takes it away again.

    Args:
        names: system calls that are forbidden besides `FORBIDDEN`.
        sockets: allow Unix and internet sockets. Pairs that are made connected always work.

    Raises:
        OSError: the kernel has no seccomp filters.
    """
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    machine = platform.machine()
    program = _program(NUMBERS[machine], AUDIT_ARCH[machine], [*FORBIDDEN, *names], sockets)
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    call("seccomp", _SET_MODE_FILTER, _SYNC_THREADS, ctypes.create_string_buffer(described))


def _program(
    numbers: Mapping[str, int], architecture: int, names: Iterable[str], sockets: bool
) -> bytes:
    refuse = _return(_ERRNO | errno.EPERM)
    not_there = _return(_ERRNO | errno.ENOSYS)
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, yes=1),
        _return(_KILL),
        _line(_LOAD, _NUMBER),
        # Also the x32 calls, which have a high bit set.
        _line(_ABOVE, NEWEST, no=1),
        not_there,
        # The C library then takes the older call, whose flags can be looked at.
        _line(_EQUAL, numbers["clone3"], no=1),
        not_there,
    ]
    for number in sorted({numbers[name] for name in names if name in numbers}):
        lines += [_line(_EQUAL, number, no=1), refuse]
    # A thread, but no process.
    lines += _by_argument(
        numbers["clone"], 0, [_line(_ANY_BIT, _CLONE_THREAD, no=1), _return(_ALLOW), refuse]
    )
    families = _SOCKETS if sockets else ()
    lines += _by_argument(numbers["socket"], 0, [*_each(families, _return(_ALLOW)), refuse])
    # Its own limits, and those of no other process.
    lines += _by_argument(numbers["prlimit64"], 0, [*_each((0,), _return(_ALLOW)), refuse])
    # Or a child would outlive a grader that is killed.
    lines += _by_argument(
        numbers["prctl"], 0, [*_each((_PR_SET_PDEATHSIG,), refuse), _return(_ALLOW)]
    )
    for name, requests in (("fcntl", _FILE_CONTROL), ("ioctl", _DEVICE_CONTROL)):
        lines += _by_argument(numbers[name], 1, [*_each(requests, refuse), _return(_ALLOW)])
    return b"".join([*lines, _return(_ALLOW)])


def _by_argument(number: int, argument: int, lines: list[bytes]) -> list[bytes]:
    """Lines for one call, with an argument's lower half loaded; each way through them returns."""
    load = _line(_LOAD, _FIRST_ARGUMENT + 8 * argument)
    return [_line(_EQUAL, number, no=len(lines) + 1), load, *lines]


def _each(values: Iterable[int], action: bytes) -> list[bytes]:
    """Do the same for each of these values of what is loaded."""
    return [part for value in values for part in (_line(_EQUAL, value, no=1), action)]


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _return(value: int) -> bytes:
    return _line(_RETURN, value)

"""A file system, process ids and a network of their own, made of namespaces.

Source: `namespaces(7)`, `user_namespaces(7)`, `pid_namespaces(7)`, `pivot_root(2)`, `mount_setattr(2)`.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from workbook.grading.sandbox.syscalls import call, libc

DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/usr/share/zoneinfo")
"""What libraries read, besides each other."""

_WRITTEN = {
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/passwd": "learner:x:60600:60600::/tmp/work:/bin/false\n",
    "etc/group": "learner:x:60600:\n",
}

_NO_SET_USER, _NO_DEVICES, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 4096, 16384, 1 << 18
_DETACH = 2
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NO_SET_USER, _ATTRIBUTE_NO_DEVICES = 1, 2, 4
_WHOLE_TREE, _HERE = 0x8000, -100
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1


def become_user_namespace_root() -> None:
    """Gain the rights over new namespaces, without any over the machine.

    Raises:
        OSError: the machine does not allow it to this user.
    """
    user, group = os.geteuid(), os.getegid()
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def change_root(mount_point: str, readable: Sequence[str]) -> None:
    """Move into a read-only file system that holds these files and folders, and devices.

    Args:
        mount_point: an empty folder.
        readable: what is there, at the same paths. What does not exist is passed over.

    Raises:
        OSError: a mount is refused.
    """
    if hidden := [path for path in readable if path.startswith("/tmp/")]:
        raise OSError(f"{hidden[0]} is needed, but each submission has a /tmp of its own")
    os.unshare(os.CLONE_NEWNS)
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", mount_point, "tmpfs", _NO_SET_USER | _NO_DEVICES, "size=4m,mode=755")
    root = Path(mount_point)
    for path in (*readable, *FILES):
        _bind(path, root, _ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NO_SET_USER | _ATTRIBUTE_NO_DEVICES)
    for path in DEVICES:
        _bind(path, root, _ATTRIBUTE_NO_SET_USER)
    for name, text in _WRITTEN.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    (root / "tmp").mkdir()
    (root / "dev/shm").symlink_to("/tmp")
    os.chdir(root)
    call("pivot_root", b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir("/")
    _set_attributes("/", _ATTRIBUTE_READ_ONLY)


def separate(size_mib: int, user: int, group: int) -> None:
    """Give this process a disk and a network of its own.

    Args:
        size_mib: how much the files in `/tmp` may take together, in MiB.
        user, group: whom `/tmp` belongs to.
    """
    os.unshare(os.CLONE_NEWNS | os.CLONE_NEWNET | os.CLONE_NEWIPC | os.CLONE_NEWUTS)
    options = f"size={size_mib}m,nr_inodes=4096,mode=700,uid={user},gid={group}"
    _mount("tmpfs", "/tmp", "tmpfs", _NO_SET_USER | _NO_DEVICES, options)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _GET_FLAGS, request))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def _bind(path: str, root: Path, attributes: int) -> None:
    source = Path(path)
    if not source.exists():
        return
    # The C library looks for its parts at paths that are links on many systems: /lib, /lib64.
    target = root / path.lstrip("/")
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _mount(str(source.resolve()), str(target), None, _BIND | _RECURSIVE)
    _set_attributes(str(target), attributes, _WHOLE_TREE)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    words = [source.encode(), target.encode(), kind.encode() if kind else None]
    if libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"mount {target}: {os.strerror(errno)}")


def _set_attributes(path: str, attributes: int, how: int = 0) -> None:
    described = struct.pack("4Q", attributes, 0, 0, 0)
    buffer = ctypes.create_string_buffer(described)
    call("mount_setattr", _HERE, path.encode(), how, buffer, len(described))

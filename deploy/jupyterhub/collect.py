"""Collect one notebook of every learner on this machine, for `workbook grade`.

    sudo .venv/bin/python deploy/jupyterhub/collect.py 02_fastapi_basics.ipynb week2/

makes `week2/ada/02_fastapi_basics.ipynb` and so on, from each home folder of the group `learners`.
A file is opened with the rights of the learner who owns it, and no link is followed, so that nobody
hands in a file that they could not read. What was collected before is replaced.
"""

import argparse
import os
import pwd
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from grp import getgrnam
from pathlib import Path

LARGEST = 64 * 2**20
"""Bytes; `workbook grade` says of a notebook that is larger than its own limit that it is."""


def main(arguments: list[str] | None = None) -> int:
    """Collect, and say who has nothing to collect; 1 if there was someone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", help="the file's name in the learner's folder")
    parser.add_argument("into", type=Path, help="the folder to collect into")
    parser.add_argument("--group", default="learners", help="whose homes to look in")
    parser.add_argument("--folder", default="fastapi", help="the learner's folder in their home")
    given = parser.parse_args(arguments)
    if "/" in given.notebook or "/" in given.folder:
        parser.error("give names, no paths: 02_fastapi_basics.ipynb, fastapi")
    try:
        group = getgrnam(given.group)
    except KeyError:
        parser.error(f"there is no group {given.group}; name yours with --group")
    everyone = [one for one in pwd.getpwall() if one.pw_name in group.gr_mem]
    everyone += [one for one in pwd.getpwall() if one.pw_gid == group.gr_gid]
    missing = 0
    for user in sorted(set(everyone)):
        # The folder is there in any case: who handed in nothing has a row in the gradebook too.
        place = given.into / user.pw_name
        place.mkdir(parents=True, exist_ok=True)
        try:
            data = read_as(user, given.folder, given.notebook)
        except OSError as error:
            missing += 1
            print(f"{user.pw_name}: {error.strerror or error}", file=sys.stderr)
            continue
        (place / given.notebook).write_bytes(data)
    print(f"{len(set(everyone)) - missing} collected into {given.into}, {missing} without a file")
    return 1 if missing else 0


def read_as(user: pwd.struct_passwd, *path: str) -> bytes:
    """Read a file below a home folder with that user's rights.

    Raises:
        OSError: it is not there, is a link, is no ordinary file, or is too large.
    """
    with rights_of(user):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(user.pw_dir, flags | os.O_DIRECTORY)
        try:
            for part in path:
                inner = os.open(part, flags, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(f"{path[-1]} is no ordinary file")
            if found.st_size > LARGEST:
                raise OSError(f"{path[-1]} is larger than {LARGEST // 2**20} MiB")
            with os.fdopen(os.dup(descriptor), "rb") as stream:
                return stream.read(LARGEST)
        finally:
            os.close(descriptor)


@contextmanager
def rights_of(user: pwd.struct_passwd) -> Generator[None]:
    """Act with a user's rights and groups; only root can, and only for its own user nobody else."""
    if os.geteuid() == user.pw_uid:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


if __name__ == "__main__":
    sys.exit(main())

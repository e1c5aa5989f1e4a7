"""Which databases on a server the tests of this machine made, and whether their run still lives.

A claim is a locked file beside the others of this user. The system unlocks it when the run ends,
however it ends: a claim that can be locked belongs to a run that was killed. A database without a
claim here is never touched: it may be of another machine, or nobody's test at all.
"""

import getpass
import hashlib
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout


def _folder(server_url: str) -> Path:
    # Hashed: an address may hold a password.
    server = hashlib.sha256(server_url.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"workbook-databases-{getpass.getuser()}", server)


def claim(server_url: str, name: str) -> FileLock:
    """Claim a database that this process made, for as long as it lives."""
    folder = _folder(server_url)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / name, thread_local=False)
    # Nobody else has the name: the server would have refused to make the database.
    lock.acquire(timeout=0)
    return lock


def give_up(lock: FileLock) -> None:
    """Forget a claim, after its database is gone."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def take_over_abandoned(server_url: str) -> list[FileLock]:
    """Claim the databases of runs that have ended without dropping them, and return the claims.

    The name of a database is that of the claim's file.
    """
    abandoned = []
    for path in sorted(_folder(server_url).glob("*")):
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        abandoned.append(lock)
    return abandoned

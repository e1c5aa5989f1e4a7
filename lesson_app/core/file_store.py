"""The folder with the bytes of uploaded files.

Every name in it is generated here. Everything blocks: call it in a worker thread.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from anyio import to_thread

from lesson_app.core.exceptions import FileTooLarge
from lesson_app.core.media_types import Sniffer

CHUNK_BYTES = 2**20

_GENERATED = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StoredBytes:
    """What was stored.

    Attributes:
        name: the generated name.
        size: in bytes.
        sha256: of the bytes, in hexadecimal.
        media_type: what the bytes are; None is nothing that the shop knows.
    """

    name: str
    size: int
    sha256: str
    media_type: str | None


class FileStore:
    """Keeps bytes under generated names.

    Args:
        folder: an existing folder that nothing else writes to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where the bytes called `name` are, whether they exist or not."""
        # The last line of defence: a name that is no path cannot lead out of the folder.
        if not _GENERATED.fullmatch(name):
            raise ValueError(f"{name!r} is not a name that was generated here")
        return self._folder / name

    def save(self, source: BinaryIO, max_bytes: int) -> StoredBytes:
        """Copy a file, a megabyte at a time, and return when it is on the disk.

        Raises:
            FileTooLarge: it has more than `max_bytes`. Nothing of it is left.
        """
        name = uuid4().hex
        path = self.path(name)
        size, digest, sniffer = 0, hashlib.sha256(), Sniffer()
        try:
            # "x": never write over anything.
            with open(path, "xb", opener=_open_private) as copy:
                while piece := source.read(CHUNK_BYTES):
                    size += len(piece)
                    if size > max_bytes:
                        raise FileTooLarge(max_bytes)
                    digest.update(piece)
                    sniffer.feed(piece)
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return StoredBytes(name, size, digest.hexdigest(), sniffer.media_type())

    def remove(self, name: str) -> None:
        """Delete bytes; that they are gone already is no error."""
        self.path(name).unlink(missing_ok=True)

    def names_older_than(self, seconds: float) -> Iterator[str]:
        """Return the names of what was stored longer ago than this."""
        limit = time.time() - seconds
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if _GENERATED.fullmatch(entry.name) and entry.stat().st_mtime < limit:
                    yield entry.name


def _open_private(path: str, flags: int) -> int:
    # Nobody else on the machine reads it.
    return os.open(path, flags, 0o600)


@asynccontextmanager
async def open_file_store(folder: Path | None) -> AsyncGenerator[FileStore]:
    """Lend the files in a folder, which is made if needed.

    Args:
        folder: where. None is a temporary folder that goes, with all files, at the end.
    """
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = await to_thread.run_sync(lambda: Path(tempfile.mkdtemp()))
            stack.push_async_callback(to_thread.run_sync, shutil.rmtree, folder)
        else:
            await to_thread.run_sync(lambda: folder.mkdir(0o700, parents=True, exist_ok=True))
        yield FileStore(folder)

"""The files of a folder or a zip archive, read within bounds and never written anywhere.

An archive is opened in memory, one inside another is opened too, and no more than that. A path in an
archive is a name and nothing else: nothing is extracted, so `../` leads nowhere. Links are not
followed. What is small is read first: where there is more than the bounds allow, those who sent too
much go without, and nobody else.
"""

import contextlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from workbook.grading.store import JOURNAL

MIB = 2**20

_IGNORED = frozenset({"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini"})
_REPORTS = frozenset({"grades.csv", "report.html", "marks.json"})
"""What each run writes, also one that could grade nobody."""

_LISTED = b"PK\x01\x02"
"""What each file's record in the list at an archive's end begins with."""

_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class CannotRead(Exception):
    """A file can't be read; the message says why and what to do."""


class NoSubmissions(Exception):
    """The folder or archive itself can't be read; the message says why and what to do."""


@dataclass
class Bounds:
    """How much is read at most, so that no archive can fill the memory.

    Attributes:
        file: bytes of one file.
        archive: bytes of an archive inside another.
        total: bytes of everything together.
        files: how many files.
    """

    file: int = 16 * MIB
    archive: int = 128 * MIB
    total: int = 1024 * MIB
    files: int = 20_000
    _read: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)

    def count_file(self) -> None:
        """Note one more file.

        Raises:
            CannotRead: there are too many.
        """
        self._seen += 1
        if self._seen > self.files:
            raise CannotRead(f"There are more than {self.files} files; only these many are read.")

    def read(self, stream: IO[bytes], size: int, *, zipped: bool = False) -> bytes:
        """Read a stream to its end, unless `size`, which it is said to have, is too much already.

        Raises:
            CannotRead: it is longer than a file or an archive may be, or all together is too much.
        """
        most = self.archive if zipped else self.file
        most_now = min(most, self.total - self._read)
        data = stream.read(most_now + 1) if size <= most else b""
        self._read += len(data)
        if max(len(data), size) > most:
            what = "archive" if zipped else "file"
            advice = (
                "Ask for the notebook alone."
                if zipped
                else "Clear the outputs of the notebook and hand it in again, or allow more with "
                "--file-mib."
            )
            raise CannotRead(f"The {what} is larger than {most // MIB} MiB. {advice}")
        if len(data) > most_now:
            raise CannotRead(
                f"All files together are larger than {self.total // MIB} MiB. Grade fewer at once."
            )
        return data


@dataclass(frozen=True)
class Entry:
    """A file that was handed in, or a place where one should be.

    Attributes:
        path: where it stands, relative to the folder or archive of submissions.
        read: gives its bytes, or raises `CannotRead`.
        modified: when it was changed last, in seconds since 1970; 0 if that is not known.
        notes: what is odd about it.
        size: bytes that reading it gives at most.
    """

    path: PurePosixPath
    read: Callable[[], bytes]
    modified: float = 0.0
    notes: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class _Archive(Entry):
    """An archive among the files, which is opened when all files beside it are known."""

    nested: bool = True


def entries(source: Path, bounds: Bounds, output: Path | None = None) -> list[Entry]:
    """Everything in a folder, in a zip archive, or one notebook.

    Args:
        source: the folder, archive or notebook.
        bounds: how much is read at most.
        output: where reports go; what is in it was not handed in.

    Raises:
        NoSubmissions: there is no such thing, or it can't be read.
    """
    try:
        if source.is_dir():
            return _opened(_in_folder(source, bounds, output), bounds)
        if zipfile.is_zipfile(source):
            return _opened(_in_archive(source, PurePosixPath(), bounds, nested=True), bounds)
        if source.suffix == ".ipynb" and source.is_file():
            return [_file(source, PurePosixPath(source.name), bounds)]
    except (OSError, CannotRead) as error:
        raise NoSubmissions(f"{source} can't be read: {error}") from None
    if not source.exists():
        raise NoSubmissions(f"There is no {source}. Name the folder or zip of the submissions.")
    raise NoSubmissions(
        f"{source} is no folder, no zip archive and no notebook, or it is broken. Download it again."
    )


def _opened(found: Iterable[Entry], bounds: Bounds) -> list[Entry]:
    """The same with what is in the archives among them, of which the smallest is opened first."""
    listed = list(found)
    plain = [one for one in listed if not isinstance(one, _Archive)]
    archives = [one for one in listed if isinstance(one, _Archive)]
    for one in sorted(archives, key=lambda archive: archive.size):
        try:
            data = one.read()
        except CannotRead as error:
            plain.append(_broken(one.path, str(error)))
            continue
        inside = _in_archive(io.BytesIO(data), one.path, bounds, nested=one.nested)
        plain += _opened(inside, bounds)
    return plain


def _in_folder(folder: Path, bounds: Bounds, output: Path | None) -> Iterator[Entry]:
    reports = output.resolve() if output is not None else None
    for at, names, files in os.walk(folder):
        if Path(at) != folder and (Path(at).resolve() == reports or _is_output(files)):
            names.clear()
            continue
        names[:] = sorted(name for name in names if name not in _IGNORED)
        here = Path(at)
        inside = PurePosixPath(here.relative_to(folder).as_posix())
        for name in [name for name in names if (here / name).is_symlink()] + sorted(files):
            if name in _IGNORED or name.startswith("._"):
                continue
            try:
                bounds.count_file()
            except CannotRead as enough:
                yield _broken(inside / name, str(enough))
                return
            path = here / name
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                yield _broken(inside / name, "It is a symbolic link, which is not followed.")
            elif not stat.S_ISREG(mode):
                yield _broken(inside / name, "It is no ordinary file.")
            else:
                yield _file(path, inside / name, bounds)
        if not names and not files and here != folder:
            yield _broken(inside / "nothing", "The folder is empty: nothing was handed in.")


def _is_output(files: Collection[str]) -> bool:
    """Whether a folder that holds these files is one that an earlier run wrote its reports to."""
    written = JOURNAL in files or set(files) >= _REPORTS
    return written and not any(name.lower().endswith(".ipynb") for name in files)


def _file(path: Path, name: PurePosixPath, bounds: Bounds) -> Entry:
    zipped, told = path.suffix.lower() == ".zip", path.stat()

    def read() -> bytes:
        try:
            # O_NOFOLLOW: what was a file a moment ago may be a link to another by now.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as stream:
                return bounds.read(stream, told.st_size, zipped=zipped)
        except OSError as error:
            raise CannotRead(f"The file can't be read: {error.strerror}.") from None

    return (_Archive if zipped else Entry)(name, read, told.st_mtime, size=told.st_size)


def _in_archive(
    file: Path | IO[bytes], at: PurePosixPath, bounds: Bounds, *, nested: bool
) -> Iterator[Entry]:
    # Counted before it is opened: a list of millions of empty files would fill the memory.
    if isinstance(file, io.BytesIO) and file.getvalue().count(_LISTED) > bounds.files:
        yield _broken(at / "archive", f"The archive lists more than {bounds.files} files.")
        return
    try:
        archive = zipfile.ZipFile(file)
        members = archive.infolist()
    except _UNREADABLE as error:
        yield _broken(at / "archive", f"The archive can't be opened ({error}). Ask for it again.")
        return
    folders = {_name(one) for one in members if one.is_dir()}
    files = [one for one in members if not one.is_dir()]
    full = {parent for one in files for parent in _name(one).parents}
    for empty in sorted(folders - full - {PurePosixPath()}):
        if not _IGNORED & set(empty.parts):
            yield _broken(at / empty / "nothing", "The folder is empty: nothing was handed in.")
    if not files and not folders:
        yield _broken(at / "archive", "The archive is empty: nothing was handed in.")
    for member in files:
        name = _name(member)
        if _IGNORED & set(name.parts) or name.name.startswith("._"):
            continue
        try:
            bounds.count_file()
        except CannotRead as enough:
            yield _broken(at / name, str(enough))
            return
        if name.suffix.lower() == ".zip" and not nested:
            yield _broken(at / name, "An archive inside an archive inside an archive is not read.")
        else:
            yield _member(archive, member, at / name, bounds)


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: PurePosixPath, bounds: Bounds
) -> Entry:
    if stat.S_ISLNK(member.external_attr >> 16):
        return _broken(path, "It is a symbolic link, which is not followed.")
    notes = ()
    if ".." in member.filename.replace("\\", "/").split("/") or member.filename.startswith("/"):
        notes = ("Its path in the archive leads out of it; only the name was used.",)
    try:
        modified = datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError):
        modified = 0.0
    zipped = path.suffix.lower() == ".zip"
    # The one archive that a platform makes may hold archives that learners made.
    kind = partial(_Archive, nested=False) if zipped else Entry

    def read() -> bytes:
        return _read_member(archive, member, bounds, zipped=zipped)

    return kind(path, read, modified, notes, member.file_size)


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, bounds: Bounds, *, zipped: bool
) -> bytes:
    if member.flag_bits & 1:
        raise CannotRead("The archive is encrypted. Ask for one without a password.")
    try:
        with archive.open(member) as stream:
            return bounds.read(stream, member.file_size, zipped=zipped)
    except _UNREADABLE as error:
        raise CannotRead(f"The archive is broken ({error}). Ask for it again.") from None


def _name(member: zipfile.ZipInfo) -> PurePosixPath:
    name = member.filename
    if not member.flag_bits & 0x800:
        # The archive does not say that its names are UTF-8; many are all the same.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return PurePosixPath(*parts or ["unnamed"])


def _broken(path: PurePosixPath, why: str) -> Entry:
    def read() -> bytes:
        raise CannotRead(why)

    return Entry(path, read)

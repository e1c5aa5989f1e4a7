"""The folder with the bytes of uploaded files."""

import hashlib
import io
import os
import stat
import time
from pathlib import Path

import pytest

from lesson_app.core.exceptions import FileTooLarge
from lesson_app.core.file_store import CHUNK_BYTES, FileStore, open_file_store


def test_bytes_are_stored_under_a_generated_name(tmp_path: Path):
    """With their size, their hash and their type, and readable by nobody else."""
    content = b"Tea\n" * CHUNK_BYTES
    stored = FileStore(tmp_path).save(io.BytesIO(content), len(content))
    path = tmp_path / stored.name
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (stored.size, stored.media_type) == (len(content), "text/plain")
    assert stored.sha256 == hashlib.sha256(content).hexdigest()


def test_of_a_file_that_is_too_large_nothing_is_left(tmp_path: Path):
    """One byte more than allowed is too many, and reading stops there."""
    source = io.BytesIO(b"a" * (3 * CHUNK_BYTES))
    with pytest.raises(FileTooLarge):
        FileStore(tmp_path).save(source, CHUNK_BYTES - 1)
    assert (list(tmp_path.iterdir()), source.tell()) == ([], CHUNK_BYTES)


def test_of_a_file_that_cannot_be_written_nothing_is_left(tmp_path: Path, monkeypatch):
    """A full disk, say."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        FileStore(tmp_path).save(io.BytesIO(b"a"), 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "", "a" * 31, "A" * 32, "a" * 32 + "\n"]
)
def test_audit_11_no_name_leads_out_of_the_folder(tmp_path: Path, name: str):
    """Audit 11: only names that are generated here have a path, whatever a row says."""
    with pytest.raises(ValueError, match="not a name"):
        FileStore(tmp_path).path(name)


def test_removing_twice_is_no_error(tmp_path: Path):
    """What is gone is gone."""
    store = FileStore(tmp_path)
    name = store.save(io.BytesIO(b"a"), 1).name
    store.remove(name)
    store.remove(name)
    assert list(tmp_path.iterdir()) == []


def test_old_bytes_are_found_and_other_files_are_left_alone(tmp_path: Path):
    """By their age, and only those with a generated name."""
    store = FileStore(tmp_path)
    old, young = (store.save(io.BytesIO(b"a"), 1).name for _ in range(2))
    (tmp_path / "README").write_text("not ours")
    long_ago = time.time() - 100
    for name in (old, "README"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert list(store.names_older_than(50)) == [old]
    assert young != old


@pytest.mark.anyio
async def test_a_temporary_folder_goes_with_its_files():
    """A lesson leaves nothing behind."""
    async with open_file_store(None) as store:
        path = store.path(store.save(io.BytesIO(b"a"), 1).name)
        assert path.exists()
    assert not path.parent.exists()


@pytest.mark.anyio
async def test_a_folder_of_the_settings_is_made_and_stays(tmp_path: Path):
    """Also inside folders that do not exist, and a second time."""
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        async with open_file_store(folder) as store:
            store.save(io.BytesIO(b"a"), 1)
    assert (len(list(folder.iterdir())), stat.S_IMODE(folder.stat().st_mode)) == (2, 0o700)

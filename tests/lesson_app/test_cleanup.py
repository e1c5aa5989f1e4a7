"""Bytes without a row."""

import io
import os
import runpy
import sys
import time

import pytest

from lesson_app import InMemorySettings
from lesson_app.cleanup import clean_up
from lesson_app.core.file_store import FileStore
from lesson_app.migrations import upgrade
from lesson_app.models import StoredFile
from lesson_app.services.files import ORPHAN_AGE_SECONDS, remove_orphans


@pytest.mark.anyio
async def test_old_bytes_without_a_row_are_removed(app, tmp_path):
    """Young ones may belong to an upload that is not committed yet, known ones to their row."""
    store = FileStore(tmp_path)
    known, orphan, young = (store.save(io.BytesIO(b"a"), 1) for _ in range(3))
    long_ago = time.time() - ORPHAN_AGE_SECONDS - 60
    for old in (known, orphan):
        os.utime(store.path(old.name), (long_ago, long_ago))
    async with app.router.lifespan_context(app) as state, state["sessions"]() as session:
        session.add(
            StoredFile(
                owner_id=1,
                storage_name=known.name,
                original_name="a.txt",
                media_type="text/plain",
                size=1,
                sha256=known.sha256,
            )
        )
        await session.flush()
        assert await remove_orphans(session, store) == 1
    assert {path.name for path in tmp_path.iterdir()} == {known.name, young.name}


@pytest.mark.anyio
async def test_with_the_settings_of_a_shop(tmp_path):
    """The database and the folder are those of the settings."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    folder = tmp_path / "uploads"
    settings = InMemorySettings.model_validate({"database_url": url, "upload_folder": folder})
    await upgrade(settings)
    assert await clean_up(settings) == 0


def test_the_command_says_what_it_did(tmp_path, monkeypatch, capsys):
    """For a log; its settings are those of the environment."""
    monkeypatch.chdir(tmp_path)
    # As `python -m` finds it: not imported yet.
    monkeypatch.delitem(sys.modules, clean_up.__module__)
    runpy.run_module(clean_up.__module__, run_name="__main__")
    assert capsys.readouterr().out == "0 orphaned files removed\n"
    assert list((tmp_path / "uploads").iterdir()) == []

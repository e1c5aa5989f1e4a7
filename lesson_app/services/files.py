"""Uploaded files: a row in the database and bytes in a folder, which have to agree.

No transaction spans both, so the row decides. The bytes are written before their row is committed
and removed after the row's deletion is: whatever fails in between, no row lacks its bytes. Bytes
without a row are nobody's; a crash can leave some, and `remove_orphans` clears them away. So can
a commit that fails: whether it was done after all, nobody can know at that moment.
"""

from collections.abc import Collection
from itertools import batched
from typing import BinaryIO

from anyio import CancelScope, to_thread
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from lesson_app.core.exceptions import StoredFileNotFound, UnsupportedFileType
from lesson_app.core.file_names import clean_file_name
from lesson_app.core.file_store import FileStore
from lesson_app.crud import stored_file as file_crud
from lesson_app.models import StoredFile
from lesson_app.services.logins import Caller

ORPHAN_AGE_SECONDS = 24 * 60 * 60
"""Younger bytes may belong to an upload that is not committed yet."""


async def store_file(
    session: AsyncSession,
    store: FileStore,
    source: BinaryIO,
    *,
    owner_id: int,
    name: str | None,
    max_bytes: int,
    accepted: Collection[str],
) -> StoredFile:
    """Store a file and commit its row.

    Args:
        session: the caller's session; what it holds is committed.
        store: where the bytes go.
        source: the bytes, read from where it stands.
        owner_id: whose file it is.
        name: what the client called it.
        max_bytes: how large it may be.
        accepted: the media types that are.

    Raises:
        FileTooLarge: it has more than `max_bytes`.
        UnsupportedFileType: its bytes are of no accepted type.
    """
    saved = await to_thread.run_sync(store.save, source, max_bytes)
    try:
        media_type = saved.media_type
        if media_type == "text/plain" and (name or "").lower().endswith(".csv"):
            # No byte tells them apart, and for text the difference does no harm.
            media_type = "text/csv"
        if media_type is None or media_type not in accepted:
            raise UnsupportedFileType(accepted)
        stored = StoredFile(
            owner_id=owner_id,
            storage_name=saved.name,
            original_name=clean_file_name(name, media_type),
            media_type=media_type,
            size=saved.size,
            sha256=saved.sha256,
        )
        session.add(stored)
        await session.flush()
    # A cancelled task too: shielded, or the removal would be cancelled as well.
    except BaseException:
        with CancelScope(shield=True):
            await to_thread.run_sync(store.remove, saved.name)
        raise
    await session.commit()
    return stored


async def find_file(
    session: AsyncSession, file_id: int, caller: Caller | None, *, or_public: bool = False
) -> StoredFile:
    """Return a file that is the caller's own; an administrator may have anybody's.

    Args:
        session: the caller's session.
        file_id: which file.
        caller: who asks. None is a stranger.
        or_public: whether a public file will do, which everybody may have.

    Raises:
        StoredFileNotFound: there is no such file. One that the caller may not have looks the
            same.
    """
    stored = await file_crud.get_file(session, file_id)
    is_open = or_public and stored.is_public
    if not is_open and (caller is None or not caller.may_change(stored.owner_id)):
        raise StoredFileNotFound(file_id)
    return stored


async def publish_file(session: AsyncSession, stored: StoredFile, *, is_public: bool) -> None:
    """Let everybody download a file, or its owner only.

    Raises:
        StoredFileNotFound: it was deleted after it was read here.
    """
    file_id, stored.is_public = stored.id, is_public
    try:
        await session.flush()
    except StaleDataError as error:
        raise StoredFileNotFound(file_id) from error


async def delete_file(session: AsyncSession, store: FileStore, stored: StoredFile) -> None:
    """Delete a file, commit, and then remove its bytes."""
    await session.delete(stored)
    await session.commit()
    await to_thread.run_sync(store.remove, stored.storage_name)


async def remove_orphans(
    session: AsyncSession, store: FileStore, age_seconds: float = ORPHAN_AGE_SECONDS
) -> int:
    """Remove bytes that no row knows and that are older than `age_seconds`; return how many."""
    removed = 0
    old = await to_thread.run_sync(lambda: list(store.names_older_than(age_seconds)))
    for names in batched(old, 500):
        for name in set(names) - await file_crud.known_names(session, names):
            await to_thread.run_sync(store.remove, name)
            removed += 1
    return removed

"""Reading the rows of uploaded files."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.core.exceptions import StoredFileNotFound
from lesson_app.models import StoredFile


async def list_files(
    session: AsyncSession, owner_id: int, *, limit: int, offset: int
) -> tuple[Sequence[StoredFile], int]:
    """Return one page of a user's files, oldest first, and how many there are in all."""
    own = StoredFile.owner_id == owner_id
    page = select(StoredFile).where(own).order_by(StoredFile.id).limit(limit).offset(offset)
    files = (await session.scalars(page)).all()
    total = await session.scalar(select(func.count()).select_from(StoredFile).where(own))
    return files, total or 0


async def get_file(session: AsyncSession, file_id: int) -> StoredFile:
    """Return one file, whoever asks.

    Raises:
        StoredFileNotFound: there is no such file.
    """
    found = await session.get(StoredFile, file_id)
    if found is None:
        raise StoredFileNotFound(file_id)
    return found


async def known_names(session: AsyncSession, names: Collection[str]) -> set[str]:
    """Return those of `names` under which a row knows its bytes."""
    query = select(StoredFile.storage_name).where(StoredFile.storage_name.in_(names))
    return set((await session.scalars(query)).all())

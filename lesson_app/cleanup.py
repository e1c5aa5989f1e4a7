"""Clear away what crashes left behind: `python -m lesson_app.cleanup`, once a day."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.config import Settings
from lesson_app.core.file_store import open_file_store
from lesson_app.database import open_engine
from lesson_app.services.files import remove_orphans


async def clean_up(settings: Settings) -> int:
    """Remove bytes that no row knows from the upload folder; return how many files that were."""
    async with (
        open_engine(settings) as engine,
        AsyncSession(engine) as session,
        open_file_store(settings.upload_folder) as store,
    ):
        return await remove_orphans(session, store)


if __name__ == "__main__":
    print(f"{asyncio.run(clean_up(Settings()))} orphaned files removed")

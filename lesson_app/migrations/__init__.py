"""The history of the tables, one step a file in `versions/`, run by Alembic.

For people: `uv run alembic upgrade head`, `alembic check`, `alembic revision --autogenerate`.
For code that already runs in an event loop: `await upgrade(settings)`.
"""

from functools import cache
from typing import TYPE_CHECKING

from lesson_app.config import Settings
from lesson_app.database import open_engine

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection


def alembic_config(connection: "Connection | None" = None) -> "Config":
    """Make Alembic's configuration, without a file and for any working directory.

    Args:
        connection: what to run on. Without it the migrations open the database of `Settings()`.
    """
    # Here, because most apps start without migrating and need not wait for the import.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "lesson_app:migrations")
    # What stands between two folders in an option that names several; Alembic warns without it.
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the tables of `settings.database_url` to a revision, within the running loop.

    Alembic's own command starts a loop, which fails inside another one.
    """
    from alembic import command

    def run(connection: "Connection") -> None:
        command.upgrade(alembic_config(connection), revision)

    async with open_engine(settings) as engine, engine.begin() as connection:
        await connection.run_sync(run)


@cache
def newest_revisions() -> frozenset[str]:
    """Return the revisions that the files in `versions/` end with. Reads them once."""
    from alembic.script import ScriptDirectory

    return frozenset(ScriptDirectory.from_config(alembic_config()).get_heads())


def current_revisions(connection: "Connection") -> frozenset[str]:
    """Return the revisions that a database is at; none, when no migration has ever run."""
    from alembic.migration import MigrationContext

    return frozenset(MigrationContext.configure(connection).get_current_heads())

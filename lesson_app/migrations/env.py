"""Alembic runs this for each of its commands. It says what to migrate, and how.

Nothing here configures logging: `fileConfig`, which Alembic's template calls, disables every
logger of the process that exists by then.
"""

import asyncio

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from lesson_app.config import Settings
from lesson_app.database import open_engine
from lesson_app.models import Base


def migrate(connection: Connection) -> None:
    """Run the migrations on a connection that no statement has used yet; the caller commits.

    Raises:
        CommandError: on SQLite, when a row refers to one that is not there afterwards.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:
        # To alter a column here, its table is copied and the old one dropped; with the keys
        # enforced, the rows that refer to it would be deleted or refuse. Off until it closes.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        # The driver begins no transaction before a CREATE or ALTER, so half could be done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a column: batches copy the table instead. Others alter it.
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        user_module_prefix="database.",
    )
    with context.begin_transaction():
        context.run_migrations()
    if on_sqlite and (orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise CommandError(f"rows refer to rows that are not there: {orphans}")


async def open_and_migrate() -> None:
    """Run the migrations on the database of the settings."""
    async with open_engine(Settings()) as engine, engine.begin() as connection:
        await connection.run_sync(migrate)


def print_sql() -> None:
    """Write the statements instead of running them: `alembic upgrade head --sql`."""
    context.configure(
        url=Settings().database_url.get_secret_value(),
        target_metadata=Base.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(open_and_migrate())

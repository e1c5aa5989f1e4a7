"""The database layer: the base class of the models, the column types, the engine.

Apart from the models, because every model needs it and it needs none of them.
"""

import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, Enum, Float, MetaData, Numeric, event, text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from lesson_app.config import Settings
from lesson_app.core.constraints import violation

MONEY = Numeric(12, 2).with_variant(Float(asdecimal=True, decimal_return_scale=2), "sqlite")
"""An amount up to 9,999,999,999.99, always a `Decimal` in Python.

SQLite has no exact decimal; a double holds 15 digits, so these 12 come back exact.
"""

TABLE_OPTIONS = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {
        # InnoDB has transactions and foreign keys; utf8mb4 has every character.
        "engine": "InnoDB",
        "charset": "utf8mb4",
        # Without this, "teapot" equals "Teapot" on MariaDB and differs everywhere else.
        "collate": "utf8mb4_bin",
    }.items()
}
"""What MariaDB must be told about each table, to behave as the other databases do."""


def one_of(names: type[StrEnum], column: str) -> Enum:
    """Make the type of a text column that holds one of `names`, with a CHECK for it.

    Not an ENUM type of the database: on PostgreSQL and MariaDB that is hard to change later.
    """
    return Enum(
        names,
        name=f"{column}_known",
        native_enum=False,
        create_constraint=True,
        length=20,
        # The value, `plain`, and not the name of the member, `PLAIN`.
        values_callable=lambda names: [member.value for member in names],
        validate_strings=True,
    )


def utc_now() -> datetime:
    """The time now, with its time zone: a default for columns.

    A database's own `now()` gives the time zone of the session on MariaDB, so Python's is used.
    """
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time: goes in with a time zone, comes back in UTC with a time zone.

    SQLite and MariaDB store no time zone, and MariaDB drops microseconds unless asked not to.

    Raises:
        ValueError: for a time without a time zone; SQLAlchemy wraps it in a `StatementError`.
    """

    impl = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; make it with datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base class of every model."""

    # A constraint needs a name that is the same on every database, or no migration can drop it.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncGenerator[AsyncEngine]:
    """Lend the engine for `settings.database_url`; close all of its connections at the end."""
    url = make_url(settings.database_url.get_secret_value())
    backend = url.get_backend_name()
    options: dict[str, Any] = {
        # Pre-ping: a connection that the server dropped is replaced instead of failing a request.
        "pool_pre_ping": True,
        # An error that is logged shows its statement, and not the values: hashes and addresses.
        "hide_parameters": True,
        "connect_args": _lock_timeout(backend, settings.database_lock_timeout),
    }
    if backend != "sqlite":
        # MariaDB's own default, REPEATABLE READ, reads from an old snapshot and locks gaps between
        # rows, so that two inserts can deadlock. This one is PostgreSQL's default too.
        options["isolation_level"] = "READ COMMITTED"
        options["pool_size"] = settings.database_pool_size
        options["max_overflow"] = settings.database_max_overflow
    engine = create_async_engine(url, **options)
    if backend == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "handle_error", _as_integrity_error, retval=True)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        if is_in_memory(engine):
            # A database in memory ends with its last connection, and a cancelled request closes
            # the one it used. So one connection that no request uses stays open.
            await stack.enter_async_context(engine.connect())
        yield engine


def _lock_timeout(backend: str, longest: timedelta) -> dict[str, Any]:
    """Tell a driver how long a statement may wait for a lock. PostgreSQL's default is for ever."""
    seconds = longest.total_seconds()
    match backend:
        case "sqlite":
            return {"timeout": seconds}
        case "postgresql":
            return {"server_settings": {"lock_timeout": f"{math.ceil(seconds * 1000)}ms"}}
        case _:
            # In whole seconds; 0 would mean not to wait at all.
            return {"init_command": f"SET innodb_lock_wait_timeout = {math.ceil(seconds)}"}


def is_in_memory(engine: AsyncEngine) -> bool:
    """Say whether the database is one of `InMemorySettings`, and so as new as its engine."""
    return engine.url.query.get("vfs") == "memdb"


def _set_up_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # SQLite checks foreign keys only when each connection asks for it.
    cursor.execute("PRAGMA foreign_keys = ON")
    # With a write-ahead log readers and the writer do not wait for each other. In memory there
    # is none, and SQLite ignores this.
    cursor.execute("PRAGMA journal_mode = WAL")
    # With that log, a crash of the machine can lose the last commits but breaks nothing.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
    # SQLite's own knows no letter beyond ASCII, so a search for "éclair" would miss "Éclair".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _as_integrity_error(context: ExceptionContext) -> IntegrityError | None:
    """MariaDB's driver calls a violated CHECK an `OperationalError`; elsewhere it is this."""
    error = context.sqlalchemy_exception
    if isinstance(error, OperationalError) and violation(error) is not None:
        return IntegrityError(
            error.statement, error.params, context.original_exception, hide_parameters=True
        )
    return None


async def begin_exclusive(session: AsyncSession) -> None:
    """Start a transaction that reads rows, thinks, and then writes: read them `with_for_update()`.

    PostgreSQL and MariaDB lock the rows that are read so. SQLite has no row locks and ignores it:
    two buyers would read the same stock. There the whole database is locked for writing now.
    Call it before the transaction writes anything. What was read before may be old by then.

    How transactions meet on the three databases, as `open_engine` sets them up:

    - One statement that tests and changes, `UPDATE … SET stock = stock - 1 WHERE stock >= 1`, is
      safe on all three without a lock: whoever waits sees the row as the other one left it.
    - `SELECT … FOR UPDATE` waits for the other transaction and reads its result on PostgreSQL and
      MariaDB. For an object that the session holds already, add `populate_existing`.
    - Lock or change several rows in the order of their ids, always: two transactions that take
      the same rows in different orders deadlock, and the database ends one of them.
    - An insert that breaks a unique constraint waits for the other transaction and fails. On
      PostgreSQL the whole transaction has failed then: put it into `session.begin_nested()` if
      there is more to do.
    - SQLite has one writer at a time; the others wait.
    - Who waits longer than `Settings.database_lock_timeout`, or is ended in a deadlock, gets an
      error that `lesson_app.core.contention` names and the API answers with 503.
    """
    if session.get_bind().dialect.name == "sqlite":
        # The driver begins a transaction by itself only before a statement that writes.
        await session.execute(text("BEGIN IMMEDIATE"))

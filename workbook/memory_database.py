"""A database of its own for each trial of a learner's code: SQLite, in this process's memory.

It shares nothing, leaves no file behind, and has SQLite's usual locks between its connections.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlalchemy.schema import sort_tables

type Rows = Mapping[Table, Sequence[Mapping[str, Any]]]
"""The tables of a database, each with the rows that it holds at first, by the columns' names."""


def table_of(model: Any) -> Table:
    """The table of a declarative model; a `Table` is taken as it is.

    Raises:
        TypeError: it is neither.
    """
    table = model if isinstance(model, Table) else getattr(model, "__table__", None)
    if not isinstance(table, Table):
        raise TypeError(f"{model!r} is no table and no model with a table")
    return table


class MemoryDatabase:
    """A new database with these tables and rows; it lives until `close`.

    Connections are not pooled, so that nothing of one trial is met by the next one. An error shows
    its statement and not the values, which an exercise may have drawn.

    Args:
        rows: its tables and what they hold.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the tables can't be made, or a row can't be stored.
        pydantic.ValidationError: a value is not of its column's type.
    """

    def __init__(self, rows: Rows) -> None:
        # `vfs=memdb` lets many connections, also of other threads, share one database in memory.
        self._address = f"file:/{uuid4().hex}?vfs=memdb&uri=true"
        self._engine = self.engine()
        # The database is gone when its last connection closes.
        self._kept = self._engine.connect()
        try:
            with self._engine.begin() as connection:
                for table in sort_tables(rows):
                    table.create(connection)
                    _add_rows(connection, table, rows[table])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Forget the database; what still uses it goes on until its connection closes."""
        self._kept.close()

    def engine(self) -> Engine:
        """Make an engine for this database. It holds no connection, so it needs no disposal."""
        engine = create_engine(
            f"sqlite:///{self._address}",
            poolclass=NullPool,
            hide_parameters=True,
            # A connection is used by one thread at a time, and not always by the one that made it.
            connect_args={"check_same_thread": False},
        )
        _listen(engine)
        return engine

    def async_engine(self) -> AsyncEngine:
        """Make an engine for an `AsyncSession` on this database; it needs no disposal either."""
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{self._address}", poolclass=NullPool, hide_parameters=True
        )
        _listen(engine.sync_engine)
        return engine

    def connect(self) -> Connection:
        """Open a connection that sees what others have committed."""
        return self._engine.connect()

    def stored(self, table: Table) -> list[dict[str, Any]]:
        """The rows that are stored now, by the columns' names, in the order of the primary key."""
        with self.connect() as connection:
            rows = connection.execute(select(table).order_by(*table.primary_key))
            return [dict(row) for row in rows.mappings()]


def _add_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store rows; one by one, since each may leave out other columns.

    Values may be JSON's, as `column_value` reads them.
    """
    for row in rows:
        values = {name: column_value(table.c.get(name), value) for name, value in row.items()}
        connection.execute(insert(table), values)


def column_value(column: ColumnElement[Any] | None, value: Any) -> Any:
    """The value in the Python type of a column: of text, a `Decimal`, a `datetime`, …

    Raises:
        pydantic.ValidationError: it can't be read as that type.
    """
    if column is None or value is None:
        return value
    try:
        python_type = column.type.python_type
    except NotImplementedError:
        return value
    return TypeAdapter(python_type).validate_python(value)


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _check_foreign_keys)
    event.listen(engine, "savepoint", _begin)


def _check_foreign_keys(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    # SQLite does so only when each connection asks for it.
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection, name: str | None) -> None:
    # The driver begins a transaction before a statement that writes, and not before a savepoint,
    # whose release would then be a commit.
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        cursor = connection.connection.cursor()
        cursor.execute("BEGIN")
        cursor.close()

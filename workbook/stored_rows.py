"""The database behind an adapter, as a requirement sees it: `PUT /rows`, `GET /rows/{table}`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from pydantic_core import to_json
from sqlalchemy import Table

from workbook.memory_database import MemoryDatabase, Rows


class StoredRows:
    """The database that an adapter uses now, and the app that shows what is stored in it.

    `GET /rows/{table}` answers the committed rows as a JSON list of objects, in the order of the
    primary key, and 404 for a table that is not there. `PUT /rows` takes `{table: [row, …]}` and
    begins with a fresh database, where these rows stand in place of what those tables held at
    first; the answer is 204.

    Attributes:
        app: an app with these two routes, to which an adapter adds its own.
    """

    def __init__(self, first: Rows) -> None:
        self._first = first
        self._current: MemoryDatabase | None = None
        self.app = FastAPI(openapi_url=None, lifespan=self._lifespan)
        self.app.get("/rows/{name}")(self._show)
        self.app.put("/rows", status_code=204)(self._begin_with)

    def current(self) -> MemoryDatabase:
        """The database as the last request left it."""
        if self._current is None:
            self._current = self.fresh()
        return self._current

    def fresh(self) -> MemoryDatabase:
        """Make a new database as it was at first; it is not the current one yet."""
        return MemoryDatabase(self._first)

    def keep(self, database: MemoryDatabase) -> None:
        """Make this one the current database, and forget the one before."""
        before, self._current = self._current, database
        if before is not None and before is not database:
            before.close()

    def table(self, name: str) -> Table:
        """The table of that name.

        Raises:
            fastapi.HTTPException: 404 when there is none.
        """
        for table in self._first:
            if table.name == name:
                return table
        known = ", ".join(sorted(table.name for table in self._first))
        raise HTTPException(404, f"there is no table called {name}; there is: {known}")

    def _show(self, name: str) -> Response:
        rows = self.current().stored(self.table(name))
        return Response(to_json(rows), media_type="application/json")

    def _begin_with(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        instead = {self.table(name): given for name, given in rows.items()}
        self.keep(MemoryDatabase({**self._first, **instead}))

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncGenerator[None]:
        yield
        if self._current is not None:
            self._current.close()
            self._current = None

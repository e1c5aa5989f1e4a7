"""Put a function that works on a database session behind an HTTP interface.

Each call has a SQLite database in memory and a session of its own. What was sent to the database
is written down, so that a requirement can say "one query, and not one for each row". It is written
down on the learner's side, where code that means to cheat can reach it: what must be seen in the
code is a requirement on the source.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from workbook import raised
from workbook.asgi import ASGIApp
from workbook.memory_database import MemoryDatabase, table_of
from workbook.query_results import Fields, as_json
from workbook.session_functions import SessionFunction
from workbook.stored_rows import StoredRows


class Report(TypedDict):
    """What came of one call.

    `result` is what the function returned, as `workbook.query_results.as_json` shows it. `raised`
    is empty, or the error that was an answer: `NoResultFound: …`. `statements` are the texts of
    the SQL that was sent, each in one line, with placeholders for its values; one text for a list
    of rows that is sent at once. `commits` and `rollbacks` are counted, and `open` says whether
    there was a transaction when the function was done; reading begins one too. Whatever is open
    is rolled back then, or committed if the adapter says `commit=True`.
    """

    result: Any
    raised: str
    statements: list[str]
    commits: int
    rollbacks: int
    open: bool


def query_function(
    tables: Mapping[Any, Sequence[Mapping[str, Any]]],
    *,
    fields: Fields | None = None,
    refusals: Sequence[str] = (),
    commit: bool = False,
) -> Callable[[Any], ASGIApp]:
    """Make an adapter for a function that takes a database session and other arguments.

    An `async def` is given an `AsyncSession`, a plain `def` a `Session` (and runs in a thread).
    What the adapter serves:

    - `POST /` calls the function. It takes the arguments beside the session, as a JSON list or as
      an object by name; annotated ones are converted as Pydantic does it. It answers 200 and a
      `Report`; 409 and a `Report` for an error that `refusals` names; 422 and `detail` when an
      argument is refused. Any other error escapes, as in an app. Each call has a fresh database;
      `POST /?fresh=false` goes on with the one that the last request left.
    - `PUT /rows` and `GET /rows/{table}`: see `workbook.stored_rows.StoredRows`.

    Args:
        tables: each `Table` of the database, or the model that has it, with its rows at first. A
            grader cuts the adapter out of its module, and what is named in a string only stays
            behind; so `Table` objects are safer here than models that name each other.
        fields: what is shown of objects; see `workbook.query_results.as_json`.
        refusals: names of exception classes that are an answer and no accident.
        commit: commit after the function has returned, as the dependency of an app may do.

    Returns:
        An adapter. It raises `workbook.adapters.WrongKind` for what is no such function.

    Raises:
        TypeError: something in `tables` has no table.
    """
    first = {table_of(model): rows for model, rows in tables.items()}

    def serve(value: Any) -> ASGIApp:
        trial = _Trial(SessionFunction(value), fields or {}, refusals, commit)
        stored = StoredRows(first)

        @stored.app.post("/")
        async def call(request: Request, fresh: bool = True) -> Response:
            sent = await request.json()
            database = stored.fresh() if fresh else stored.current()
            try:
                report = await trial.report(database, sent)
            except ValidationError as error:
                raise RequestValidationError(error.errors(include_url=False)) from None
            finally:
                stored.keep(database)
            status = 409 if report["raised"] else 200
            return Response(to_json(report), status, media_type="application/json")

        return stored.app

    return serve


class _Trial:
    """Calls a function on a database, and reports."""

    def __init__(
        self, function: SessionFunction, fields: Fields, refusals: Sequence[str], commit: bool
    ) -> None:
        self._function, self._fields = function, fields
        self._refusals, self._commit = set(refusals), commit

    async def report(self, database: MemoryDatabase, sent: Any) -> Report:
        if self._function.is_async:
            return await self._awaited(database, sent)
        # As an app does with a plain `def`: in a thread, so that others are answered meanwhile.
        return await run_in_threadpool(self._called, database, sent)

    async def _awaited(self, database: MemoryDatabase, sent: Any) -> Report:
        engine = database.async_engine()
        log = _Log(engine.sync_engine)
        # expire_on_commit=False: an object can still be read after a commit, as in the shop.
        async with AsyncSession(engine, expire_on_commit=False) as session:
            try:
                result = as_json(await self._function(session, sent), self._fields)
            except Exception as error:  # noqa: BLE001 - the exercise says which are answers
                return self._refusal(error, log, session.in_transaction())
            report = log.report(result, "", session.in_transaction())
            if self._commit:
                await session.commit()
        return report

    def _called(self, database: MemoryDatabase, sent: Any) -> Report:
        engine = database.engine()
        log = _Log(engine)
        with Session(engine, expire_on_commit=False) as session:
            try:
                result = as_json(self._function(session, sent), self._fields)
            except Exception as error:  # noqa: BLE001 - the exercise says which are answers
                return self._refusal(error, log, session.in_transaction())
            report = log.report(result, "", session.in_transaction())
            if self._commit:
                session.commit()
        return report

    def _refusal(self, error: Exception, log: "_Log", is_open: bool) -> Report:
        if self._refusals & {kind.__name__ for kind in type(error).__mro__}:
            return log.report(None, raised.message(error), is_open)
        raise error


class _Log:
    """Writes down what is sent through an engine that nothing else uses."""

    def __init__(self, engine: Engine) -> None:
        self._statements: list[str] = []
        self._commits = self._rollbacks = 0
        event.listen(engine, "before_cursor_execute", self._sent)
        event.listen(engine, "commit", self._committed)
        event.listen(engine, "rollback", self._rolled_back)

    def report(self, result: Any, raised: str, is_open: bool) -> Report:
        return Report(
            result=result,
            raised=raised,
            statements=list(self._statements),
            commits=self._commits,
            rollbacks=self._rollbacks,
            open=is_open,
        )

    def _sent(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self._statements.append(" ".join(statement.split()))

    def _committed(self, connection: Any) -> None:
        self._commits += 1

    def _rolled_back(self, connection: Any) -> None:
        self._rollbacks += 1

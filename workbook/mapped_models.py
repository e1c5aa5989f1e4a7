"""Put a SQLAlchemy model behind an HTTP interface: its table, and what it lets in."""

import inspect
from typing import Any

import sqlalchemy
from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstanceState, Mapper, Session

from workbook import raised
from workbook.adapters import WrongKind, kind
from workbook.asgi import ASGIApp
from workbook.memory_database import MemoryDatabase, column_value, table_of
from workbook.query_results import as_json
from workbook.stored_rows import StoredRows


def declarative_model(value: Any) -> ASGIApp:
    """Serve a declarative model, on a SQLite database in memory with the tables of its metadata.

    - `GET /table` answers what the database says of the model's table, `GET /table/{name}` of
      another one of its metadata, such as that of an association. The answer has `name`;
      `columns`, each with `name`, `type`, `nullable`, `default` (the server's, as SQL);
      `primary_key`, a list of names; `foreign_keys`, each with `columns`, `table`, `refers_to`,
      `options`; `unique`, a list of names for each rule, be it a constraint or an index;
      `checks`, SQL; `indexes`, each with `name`, `columns`, `unique`; and `ddl`, the statements.
    - `POST /` takes the attributes of a new object as a JSON object, and stores it. It answers
      201 and the columns as they are stored; 409 and `detail` when a constraint refuses it; 422
      when a value is not of its column's type. Any other error escapes. Each call has a fresh
      database; `POST /?fresh=false` goes on with the one that the last request left.
    - `PUT /rows` and `GET /rows/{table}`: see `workbook.stored_rows.StoredRows`.

    Raises:
        WrongKind: for what is no model.
        sqlalchemy.exc.SQLAlchemyError: a relation or a table can't be made as it is declared.
    """
    mapper = _mapper(value)
    mapper.registry.configure()
    table = table_of(value)
    stored = StoredRows(dict.fromkeys(table.metadata.tables.values(), ()))
    # Now, so that a table that can't be made is told before anything is asked.
    stored.fresh().close()

    @stored.app.get("/table")
    def describe() -> dict[str, Any]:
        return describe_other(table.name)

    @stored.app.get("/table/{name}")
    def describe_other(name: str) -> dict[str, Any]:
        with stored.current().connect() as connection:
            return _described(connection, stored.table(name))

    @stored.app.post("/")
    async def add(request: Request, fresh: bool = True) -> Response:
        sent = await request.json()
        database = stored.fresh() if fresh else stored.current()
        try:
            made = _add(database, mapper, sent)
        except ValidationError as error:
            raise RequestValidationError(error.errors(include_url=False)) from None
        except IntegrityError as error:
            raise HTTPException(409, raised.message(error)) from None
        finally:
            stored.keep(database)
        return Response(to_json(made), 201, media_type="application/json")

    return stored.app


def _mapper(value: Any) -> Mapper[Any]:
    found = sqlalchemy.inspect(value, raiseerr=False)
    if isinstance(found, Mapper):
        return found
    if isinstance(found, InstanceState):
        name = type(value).__name__
        raise WrongKind(
            f"This is one {name} object. Pass the class: `{name}`, without parentheses."
        )
    if not inspect.isclass(value):
        raise WrongKind(f"This is {kind(value)}, not a model. Pass the class itself.")
    if hasattr(value, "metadata") and hasattr(value, "registry"):
        raise WrongKind(
            f"{value.__name__} is the base class of models. Pass a model that is derived from it."
        )
    raise WrongKind(
        f"{value.__name__} has no table: a model is derived from the declarative base, "
        "and says its `__tablename__`."
    )


def _add(database: MemoryDatabase, mapper: Mapper[Any], sent: dict[str, Any]) -> Any:
    values = {name: column_value(mapper.columns.get(name), one) for name, one in sent.items()}
    with Session(database.engine()) as session:
        made = mapper.class_(**values)
        session.add(made)
        session.commit()
        return as_json(made, {})


def _described(connection: Connection, table: Table) -> dict[str, Any]:
    """What the database, and not the model, says of a table."""
    found, name = sqlalchemy.inspect(connection), table.name
    indexes = [
        {"name": one["name"], "columns": one["column_names"], "unique": bool(one["unique"])}
        for one in found.get_indexes(name)
    ]
    constrained = [one["column_names"] for one in found.get_unique_constraints(name)]
    return {
        "name": name,
        "columns": [
            {
                "name": one["name"],
                "type": str(one["type"]),
                "nullable": one["nullable"],
                "default": one["default"],
            }
            for one in found.get_columns(name)
        ],
        "primary_key": found.get_pk_constraint(name)["constrained_columns"],
        "foreign_keys": [
            {
                "columns": one["constrained_columns"],
                "table": one["referred_table"],
                "refers_to": one["referred_columns"],
                "options": one["options"],
            }
            for one in found.get_foreign_keys(name)
        ],
        "unique": [*constrained, *(one["columns"] for one in indexes if one["unique"])],
        "checks": [one["sqltext"] for one in found.get_check_constraints(name)],
        "indexes": indexes,
        "ddl": _ddl(connection, name),
    }


def _ddl(connection: Connection, name: str) -> list[str]:
    made = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC, name",
        (name,),
    )
    return [statement.strip() for (statement,) in made]

"""Which kind of constraint the database refused a statement for.

Apart, because each driver says it in a way of its own and no other module should care.
"""

from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy.exc import DBAPIError


class Violation(StrEnum):
    """A kind of constraint that was violated."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"


# SQLite: names of result codes. PostgreSQL: SQLSTATE. MariaDB and MySQL: error numbers.
_CODES: dict[str | int, Violation] = {
    "SQLITE_CONSTRAINT_UNIQUE": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Violation.FOREIGN_KEY,
    # ON DELETE RESTRICT, which SQLite carries out as a trigger. The shop has no other triggers.
    "SQLITE_CONSTRAINT_TRIGGER": Violation.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_CHECK": Violation.CHECK,
    "23505": Violation.UNIQUE,
    "23503": Violation.FOREIGN_KEY,
    # ON DELETE RESTRICT, from PostgreSQL 18 on.
    "23001": Violation.FOREIGN_KEY,
    "23514": Violation.CHECK,
    1062: Violation.UNIQUE,
    1451: Violation.FOREIGN_KEY,
    1452: Violation.FOREIGN_KEY,
    3819: Violation.CHECK,
    4025: Violation.CHECK,
}


def violation(error: DBAPIError) -> Violation | None:
    """Name the kind of constraint behind an `IntegrityError`, or None for any other error."""
    return next((_CODES[code] for code in driver_codes(error) if code in _CODES), None)


def driver_codes(error: DBAPIError) -> Iterator[str | int]:
    """Give the codes that the driver has for an error, the most telling one first.

    Codes are read, not the message: messages change with version and language.
    """
    cause = error.orig
    # MariaDB's errors carry a SQLSTATE too, but 23000 for each kind: the number says more.
    number = cause.args[0] if cause is not None and cause.args else None
    for code in (
        number,
        getattr(cause, "sqlite_errorname", None),
        getattr(cause, "sqlstate", None),
    ):
        if isinstance(code, str | int):
            yield code

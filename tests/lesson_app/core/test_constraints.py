"""Recognising a violated constraint by the code of each database driver."""

import pytest
from sqlalchemy.exc import IntegrityError

from lesson_app.core.constraints import Violation, violation


class PostgresError(Exception):
    """Carries SQLSTATE as asyncpg's and psycopg's errors do."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


class MariaDBError(Exception):
    """Carries a number and a SQLSTATE as PyMySQL's errors do."""

    sqlstate = "23000"


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (PostgresError("23505"), Violation.UNIQUE),
        (PostgresError("23503"), Violation.FOREIGN_KEY),
        (PostgresError("23001"), Violation.FOREIGN_KEY),
        (PostgresError("23514"), Violation.CHECK),
        (PostgresError("23502"), None),
        (Exception(1062, "Duplicate entry"), Violation.UNIQUE),
        (Exception(1451, "Cannot delete a parent row"), Violation.FOREIGN_KEY),
        (Exception(1452, "Cannot add a child row"), Violation.FOREIGN_KEY),
        (Exception(4025, "CONSTRAINT failed"), Violation.CHECK),
        (MariaDBError(1062, "Duplicate entry"), Violation.UNIQUE),
        (Exception(["no code"]), None),
        (Exception(), None),
    ],
)
def test_violation(cause: Exception, expected: Violation | None):
    """SQLSTATE and error numbers are understood; anything else is no known violation."""
    assert violation(IntegrityError("INSERT", {}, cause)) is expected

"""Whether the database refused a statement because another transaction was in the way.

Apart, because each driver says it in a way of its own and no other module should care. It is
nobody's mistake: nothing was stored, and the same request may succeed a moment later.
"""

from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from lesson_app.core.constraints import driver_codes


class Contention(StrEnum):
    """What became of a transaction that met another one."""

    ROLLED_BACK = "rolled back"
    """It was ended so that the other could go on: after a deadlock, or when what it had read has
    changed. It can be tried again at once."""

    TIMED_OUT = "timed out"
    """It waited for a lock for as long as it may (`Settings.database_lock_timeout`)."""


_CODES: dict[str | int, Contention] = {
    # SQLite. Which of the two a "busy" is cannot be told, so it counts as a long wait.
    "SQLITE_BUSY": Contention.TIMED_OUT,
    "SQLITE_BUSY_RECOVERY": Contention.TIMED_OUT,
    "SQLITE_BUSY_SNAPSHOT": Contention.ROLLED_BACK,
    "SQLITE_LOCKED": Contention.TIMED_OUT,
    # PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
    "40001": Contention.ROLLED_BACK,
    "40P01": Contention.ROLLED_BACK,
    "55P03": Contention.TIMED_OUT,
    # MariaDB and MySQL: ER_CHECKREAD, ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT.
    1020: Contention.ROLLED_BACK,
    1213: Contention.ROLLED_BACK,
    1205: Contention.TIMED_OUT,
}


def contention(error: DBAPIError) -> Contention | None:
    """Say what became of the transaction, or None when no other one was the reason."""
    return next((_CODES[code] for code in driver_codes(error) if code in _CODES), None)

"""SQL statements, as SQLAlchemy hands them to the driver.

The listeners stand on the class `Engine`, so that they hear every engine, also the synchronous
one inside an `AsyncEngine`. SQLAlchemy has an event before a COMMIT and none after it, so the two
methods that end a transaction are wrapped.
"""

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from workbook.xray.patching import Patches
from workbook.xray.recording import OpenSpan, recorder

_RUNNING = "_workbook_xray_span"


def _begins(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    if (current := recorder.get()) is not None:
        span = current.start("sql", re.sub(r"\s+", " ", statement).strip())
        span.where = current.here()
        if many:
            span.note = f"{len(parameters)} sets of parameters"
        setattr(context, _RUNNING, span)


def _ends(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    _finish(context)


def _fails(failure: Any) -> None:
    _finish(failure.execution_context, failure.original_exception)


def _finish(context: Any, error: BaseException | None = None) -> None:
    span: OpenSpan | None = getattr(context, _RUNNING, None)
    current = recorder.get()
    if span is not None and current is not None and span.end is None:
        current.finish(span, error)


def _recorded(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def wrap(end_transaction: Callable[..., None]) -> Callable[..., None]:
        def recorded(connection: Connection) -> None:
            if (current := recorder.get()) is None:
                end_transaction(connection)
                return
            with current.span("sql", name, where=True):
                end_transaction(connection)

        return recorded

    return wrap


_LISTENERS = {
    "before_cursor_execute": _begins,
    "after_cursor_execute": _ends,
    "handle_error": _fails,
}


def record_sql(patches: Patches) -> None:
    """Record every statement, for requests whose context has a recorder."""
    patches.replace(Connection, "_commit_impl", _recorded("COMMIT"))
    patches.replace(Connection, "_rollback_impl", _recorded("ROLLBACK"))
    patches.enter_context(_listening())


@contextmanager
def _listening() -> Generator[None]:
    # X-rays that overlap listen together: SQLAlchemy calls a listener once, however often it is
    # added, and forgets it when it is removed once.
    global _listening_xrays
    with _lock:
        _listening_xrays += 1
        if _listening_xrays == 1:
            for name, listener in _LISTENERS.items():
                event.listen(Engine, name, listener)
    try:
        yield
    finally:
        with _lock:
            _listening_xrays -= 1
            if _listening_xrays == 0:
                for name, listener in _LISTENERS.items():
                    event.remove(Engine, name, listener)


_lock = threading.Lock()
_listening_xrays = 0

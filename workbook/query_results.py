"""Show what a query function returned as JSON: rows, values, and objects of mapped classes."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy
from pydantic_core import to_jsonable_python
from sqlalchemy.engine import FilterResult, Result, Row
from sqlalchemy.orm import InstanceState, Query
from sqlalchemy.sql import ClauseElement

type Fields = Mapping[str, Sequence[str]]
"""By the name of a mapped class, the attributes to show; `owner.name` leads through a relation."""


def as_json(value: Any, fields: Fields) -> Any:
    """What JSON can hold of a function's result, while its session is open.

    A row is a list of its values, as it is a tuple in Python. An object of a mapped class is an
    object with the attributes that `fields` names for its class, or else with all its columns;
    an attribute that leads through a list of objects is a list. A `Decimal` and a `datetime` are
    text. The rest is as Pydantic shows it.

    Raises:
        TypeError: nothing was asked of the database yet, or its answer was not read.
        ValueError: there is no JSON for something in it.
        Exception: whatever reading an attribute raises, such as `MissingGreenlet`.
    """

    def shown(value: Any) -> Any:
        _must_be_read(value)
        state = sqlalchemy.inspect(value, raiseerr=False)
        if isinstance(state, InstanceState):
            mapper = state.mapper
            paths = fields.get(mapper.class_.__name__, mapper.column_attrs.keys())
            return {path: shown(_attribute(value, path)) for path in paths}
        if isinstance(value, Mapping):
            return {key: shown(one) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset | Row):
            return [shown(one) for one in value]
        return value

    def inside(value: Any) -> Any:
        """Show what Pydantic has met in a model or a dataclass, and does not know."""
        if (known := shown(value)) is value:
            raise TypeError(f"There is no JSON for what the function returned: {value!r}.")
        return known

    return to_jsonable_python(shown(value), fallback=inside)


def _attribute(value: Any, path: str) -> Any:
    for name in path.split("."):
        if value is None:
            return None
        if isinstance(value, list | set):
            value = [getattr(one, name) for one in value]
        else:
            value = getattr(value, name)
    return value


def _must_be_read(value: Any) -> None:
    kind = type(value).__name__
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError("The function returned a coroutine: an `await` is missing in it.")
    if isinstance(value, Result | FilterResult):
        raise TypeError(
            f"The function returned a {kind}, which is not read yet: "
            "take what it holds while the session is open, as with `.all()`."
        )
    if isinstance(value, ClauseElement | Query):
        raise TypeError(
            f"The function returned a {kind}, a question that nobody has asked: "
            "execute it with the session, and return what comes back."
        )

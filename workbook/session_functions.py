"""A learner's function that takes a database session and more arguments, ready to be called."""

import asyncio
import inspect
from collections.abc import Callable
from inspect import BoundArguments, Signature
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from workbook.adapters import WrongKind, kind

_USUAL_NAMES = ("session", "db")


class SessionFunction:
    """A function that takes a session: calling it with one and with JSON arguments.

    The session goes to the parameter that is annotated with a kind of session, else to `session`
    or `db`, else to the first one.

    Attributes:
        is_async: whether it is an `async def`, which takes an `AsyncSession`.

    Raises:
        WrongKind: for what is no such function, with what to do about it.
    """

    def __init__(self, value: Any) -> None:
        self._function = _function(value)
        self.is_async = inspect.iscoroutinefunction(value)
        self._signature = inspect.signature(value)
        self._session = _session_parameter(value, self._signature, self.is_async)
        self._others = self._signature.replace(
            parameters=[
                one for name, one in self._signature.parameters.items() if name != self._session
            ]
        )
        self._converters = _converters(value, list(self._others.parameters))

    def __call__(self, session: AsyncSession | Session, sent: Any) -> Any:
        """Call it with a session and with what was sent: a list of arguments, or an object by name.

        Returns:
            What it returns; something to await if it is async.

        Raises:
            TypeError: the arguments are too many or too few for its parameters.
            pydantic.ValidationError: an argument is not what its annotation says.
        """
        given = self._others.bind(**sent) if isinstance(sent, dict) else self._others.bind(*sent)
        arguments = {
            name: self._converters[name].validate_python(value)
            if name in self._converters
            else value
            for name, value in given.arguments.items()
        }
        bound = BoundArguments(self._signature, {**arguments, self._session: session})
        return self._function(*bound.args, **bound.kwargs)


def _function(value: Any) -> Callable[..., Any]:
    if asyncio.iscoroutine(value):
        value.close()
        raise WrongKind("The function was called here. Pass it itself, without parentheses.")
    if not inspect.isfunction(value):
        raise WrongKind(f"This is {kind(value)}. Pass the function, without parentheses.")
    if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        raise WrongKind(
            f"The function {value.__name__} yields, as a dependency does. "
            "Pass one that takes a session and returns its result."
        )
    return value


def _session_parameter(function: Any, signature: Signature, is_async: bool) -> str:
    names = list(signature.parameters)
    if not names:
        needed = "AsyncSession" if is_async else "Session"
        raise WrongKind(
            f"The function {function.__name__} takes nothing. "
            f"It needs a parameter for the session: `session: {needed}`."
        )
    for name, hint in _hints(function).items():
        if not isinstance(hint, type) or name not in signature.parameters:
            continue
        if issubclass(hint, AsyncSession) and not is_async:
            raise WrongKind(
                f"The function {function.__name__} takes an AsyncSession, which has to be "
                "awaited: begin it with `async def`."
            )
        if issubclass(hint, Session) and is_async:
            raise WrongKind(
                f"The function {function.__name__} is an `async def`, so it gets an AsyncSession: "
                f"annotate `{name}` with that."
            )
        if issubclass(hint, AsyncSession | Session):
            return name
    return next((name for name in _USUAL_NAMES if name in names), names[0])


def _converters(function: Any, names: list[str]) -> dict[str, TypeAdapter[Any]]:
    """By parameter, what makes its type of JSON; a type that Pydantic does not know has none."""
    found = {}
    hints = _hints(function, include_extras=True)
    for name in names:
        if name in hints:
            try:
                found[name] = TypeAdapter(hints[name])
            except PydanticUserError:
                continue
    return found


def _hints(function: Any, *, include_extras: bool = False) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=include_extras)
    except (NameError, TypeError):
        # An annotation in quotes names something that is not there; the function runs all the same.
        return {}

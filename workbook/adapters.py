"""Put what a learner made behind an HTTP interface, on the learner's side.

A requirement sees only an HTTP client, so that the same one runs in the notebook, in the tests
and in a grader's process. An adapter turns an app, an order of lines, … into an ASGI app.
"""

import asyncio
import inspect
import linecache
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from workbook.asgi import ASGIApp

_LINES = "<your lines>"


class WrongKind(TypeError):
    """The learner's object can't be served; the message says what to pass instead."""


def kind(value: Any) -> str:
    """What an object is, for a message: `an int`, `a str`."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def asgi_app(value: Any) -> ASGIApp:
    """Take an app as it is.

    Raises:
        WrongKind: for anything that is no app, with what to do about it.
    """
    if asyncio.iscoroutine(value):
        value.close()
        raise WrongKind("This is a coroutine, not an app: is an `await` missing before it?")
    if inspect.isclass(value):
        what = "Make an app of it" if issubclass(value, FastAPI) else "Pass an app"
        raise WrongKind(f"This is the class {value.__name__}. {what}: `app = FastAPI()`.")
    if isinstance(value, APIRouter):
        raise WrongKind(
            "This is a router. Include it in an app (`app.include_router(router)`), pass the app."
        )
    if isinstance(value, str):
        raise WrongKind("This is a str, not an app. Pass the app itself, without quotes.")
    if inspect.isfunction(value) and len(inspect.signature(value).parameters) != 3:
        raise WrongKind(f"This is the function {value.__name__}. Pass the app it is registered on.")
    if not callable(value):
        raise WrongKind(f"This is {kind(value)}, not an app. Pass the FastAPI app.")
    return value


def chosen_letters(order: Any, lines: Mapping[str, str]) -> list[str]:
    """The letters of an order that a learner gave, such as `"C A B"`; other signs are ignored.

    Raises:
        WrongKind: it is no text, names no line, or names one twice.
    """
    if not isinstance(order, str):
        raise WrongKind(
            f"This is {kind(order)}. Give the letters in order, in quotes: "
            f'"{" ".join(sorted(lines)[:3])} …".'
        )
    letters = [letter for letter in order.upper() if letter.isalpha()]
    if unknown := [letter for letter in letters if letter not in lines]:
        raise WrongKind(f"There is no line {unknown[0]}; the lines are {', '.join(lines)}.")
    if twice := [letter for letter in letters if letters.count(letter) > 1]:
        raise WrongKind(f"Line {twice[0]} stands twice; each line is used at most once.")
    return letters


def arranged(
    lines: Mapping[str, str],
    *,
    build: str = "app",
    given: str = "",
    serve_built: Callable[[Any], ASGIApp] | None = None,
) -> Callable[[Any], ASGIApp]:
    """Make an adapter that runs lettered lines in the order that a learner gave.

    Args:
        lines: the line for each letter, with its indentation.
        build: the name that the lines bind to an app, or to what `serve_built` takes.
        given: code that runs before the lines, such as imports.
        serve_built: the adapter for what the lines build; by default it is a FastAPI app.

    Returns:
        An adapter that takes a string such as `"C A B"`; other characters are ignored.
    """

    def serve(order: Any) -> ASGIApp:
        letters = chosen_letters(order, lines)
        source = "\n".join(lines[letter] for letter in letters)
        namespace: dict[str, Any] = {"__name__": "arranged"}
        exec(given, namespace)  # noqa: S102 - the exercise's own code
        # Kept apart from what is given, so that an error names the learner's line by its number.
        linecache.cache[_LINES] = (len(source), None, source.splitlines(keepends=True), _LINES)
        exec(compile(source, _LINES, "exec"), namespace)  # noqa: S102 - running the learner's own order is the exercise
        if serve_built is not None:
            if build not in namespace:
                raise WrongKind(f"Run in this order, the lines make nothing called `{build}`.")
            return serve_built(namespace[build])
        if not isinstance(namespace.get(build), FastAPI):
            raise WrongKind(f"Run in this order, the lines make no app called `{build}`.")
        return namespace[build]

    return serve


def pydantic_model(value: Any) -> ASGIApp:
    """Serve a Pydantic model, a dataclass, an annotated type or a `TypeAdapter`.

    `POST /` takes a JSON document. The answer is 200 and what was made of it, as JSON by alias,
    or 422 and the errors as `detail`.

    Raises:
        WrongKind: for what Pydantic can't validate with.
    """
    adapter = _type_adapter(value)
    app = FastAPI(openapi_url=None)

    @app.post("/")
    async def validate(request: Request) -> Response:
        try:
            made = adapter.validate_json(await request.body())
        except ValidationError as error:
            return _refused(error)
        # What a validator forgot to return is told by the requirement, not by a warning.
        document = adapter.dump_json(made, by_alias=True, warnings=False)
        return Response(document, media_type="application/json")

    return app


def plain_function(value: Any) -> ASGIApp:
    """Serve a function: `POST /` takes its arguments as a JSON list.

    The answer is 200 and what it returned, as JSON; a `ValidationError` is a 422 with the errors
    as `detail`, and any other exception escapes the app.

    Raises:
        WrongKind: for anything that is no function.
    """
    if asyncio.iscoroutine(value):
        value.close()
        raise WrongKind("The function was called here. Pass it itself, without parentheses.")
    if not inspect.isfunction(value):
        raise WrongKind(f"This is {kind(value)}. Pass the function, without parentheses.")
    app = FastAPI(openapi_url=None)

    @app.post("/")
    async def call(request: Request) -> Response:
        try:
            result = value(*await request.json())
            if inspect.isawaitable(result):
                result = await result
        except ValidationError as error:
            return _refused(error)
        return Response(TypeAdapter(Any).dump_json(result), media_type="application/json")

    return app


def _type_adapter(value: Any) -> TypeAdapter[Any]:
    if isinstance(value, TypeAdapter):
        return value
    if isinstance(value, BaseModel):
        name = type(value).__name__
        raise WrongKind(
            f"This is one {name} object. Pass the class: `{name}`, without parentheses."
        )
    if isinstance(value, FastAPI):
        raise WrongKind("This is an app. Pass the model itself.")
    if inspect.isroutine(value):
        raise WrongKind(f"This is the function {value.__name__}. Pass the model itself.")
    if isinstance(value, str):
        raise WrongKind("This is a str, not a model. Pass the model itself, without quotes.")
    if isinstance(value, bytes | int | float | list | dict | tuple | set):
        raise WrongKind(f"This is {kind(value)}, not a model. Pass the model itself.")
    try:
        return TypeAdapter(value)
    except PydanticUserError:
        name = getattr(value, "__name__", type(value).__name__)
        raise WrongKind(
            f"Pydantic can't validate with {name}: a model is a class derived from `BaseModel`."
        ) from None


def _refused(error: ValidationError) -> Response:
    document = f'{{"detail": {error.json(include_url=False)}}}'
    return Response(document, 422, media_type="application/json")

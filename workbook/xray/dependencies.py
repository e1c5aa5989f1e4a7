"""Dependencies and validation, as FastAPI resolves them.

`solve_dependencies` works on one function: for each of its dependencies it first calls itself,
for what that dependency needs, then calls the dependency; at last it checks the function's own
parameters. So the call of a dependency lies between the return of that inner call and whatever
comes next: the next inner call, or the first check of a parameter. Nothing of the app is wrapped.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import fastapi.dependencies.utils
import fastapi.routing
from fastapi.dependencies.models import (
    Dependant,
    _get_cache_key,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)

from workbook.xray.patching import Patches
from workbook.xray.recording import (
    EVENT_LOOP,
    WORKER_THREAD,
    OpenSpan,
    Recorder,
    name_of,
    recorder,
)


class _Frame:
    """One run of `solve_dependencies`."""

    def __init__(self, current: Recorder, dependant: Dependant, level: int) -> None:
        self.current = current
        self.dependant = dependant
        self.level = level
        self._declared = iter(dependant.dependencies)
        self._call: OpenSpan | None = None
        self._validation: OpenSpan | None = None
        self.inherited_errors = 0

    def next_declared(self) -> Dependant:
        """The dependency as the function declares it; an override may stand in for it."""
        return next(self._declared)

    def call_begins(self, declared: Dependant, used: Dependant, cached: bool) -> None:
        """What the dependency needs is there: now it is called, or taken from the cache."""
        assert used.call is not None
        name = name_of(used.call)
        if cached:
            self.current.moment("dependency", name, level=self.level).cached = True
            return
        self._call = self.current.start("dependency", name, level=self.level)
        self._call.where = _where(used)
        notes = []
        if declared.call is not used.call and declared.call is not None:
            notes.append(f"overrides {name_of(declared.call)}")
        if _yields(used):
            notes.append("yields")
        self._call.note = ", ".join(notes)

    def call_ends(self, error: BaseException | None = None) -> None:
        if self._call is not None:
            self.current.finish(self._call, error)
            self._call = None

    def validation_begins(self) -> None:
        dependant = self.dependant
        parameters = [
            *dependant.path_params,
            *dependant.query_params,
            *dependant.header_params,
            *dependant.cookie_params,
            *dependant.body_params,
        ]
        if self._validation is None and parameters and dependant.call is not None:
            name = f"parameters of {name_of(dependant.call)}"
            self._validation = self.current.start("validation", name, level=max(0, self.level - 1))
            self._validation.note = ", ".join(parameter.alias for parameter in parameters)

    def ends(self, errors: list[Any], error: BaseException | None = None) -> None:
        self.call_ends(error)
        if self._validation is not None:
            own = errors[self.inherited_errors :]
            if own:
                self._validation.error = "; ".join(_refusal(each) for each in own)
                self._validation.note = ""
            self.current.finish(self._validation, error)


def record_dependencies(patches: Patches) -> None:
    """Record every dependency, validation and exit, for requests whose context has a recorder."""
    utils = fastapi.dependencies.utils
    patches.replace(fastapi.routing, "solve_dependencies", _recorded_first_solve)
    patches.replace(utils, "solve_dependencies", _recorded_solve)
    patches.replace(utils, "request_params_to_args", _recorded_check)
    patches.replace(utils, "_solve_generator", _recorded_generator)


def _recorded_first_solve(solve: Callable[..., Any]) -> Callable[..., Any]:
    async def recorded(*, dependant: Dependant, **options: Any) -> Any:
        if (current := recorder.get()) is None:
            return await solve(dependant=dependant, **options)
        solved = await _solve(solve, _Frame(current, dependant, 0), options)
        if not solved.errors and _yields(dependant):
            current.streaming_endpoint = dependant.call
        return solved

    return recorded


def _recorded_solve(solve: Callable[..., Any]) -> Callable[..., Any]:
    async def recorded(*, dependant: Dependant, **options: Any) -> Any:
        current = recorder.get()
        if current is None or not current.dependency_frames:
            return await solve(dependant=dependant, **options)
        outer: _Frame = current.dependency_frames[-1]
        outer.call_ends()
        declared = outer.next_declared()
        solved = await _solve(solve, _Frame(current, dependant, outer.level + 1), options)
        # What is missing for a dependency keeps it from being called; FastAPI goes on, and tells
        # all that is missing at once.
        outer.inherited_errors += len(solved.errors)
        if not solved.errors:
            cached = declared.use_cache and (
                _get_cache_key(dependant=declared) in options["dependency_cache"]
            )
            outer.call_begins(declared, dependant, cached)
        return solved

    return recorded


async def _solve(solve: Callable[..., Any], frame: _Frame, options: dict[str, Any]) -> Any:
    frames = frame.current.dependency_frames
    frames.append(frame)
    try:
        solved = await solve(dependant=frame.dependant, **options)
    except BaseException as error:
        frame.ends([], error)
        raise
    finally:
        frames.remove(frame)
    frame.ends(solved.errors)
    return solved


def _recorded_check(check: Callable[..., Any]) -> Callable[..., Any]:
    def recorded(*arguments: Any) -> Any:
        current = recorder.get()
        if current is not None and current.dependency_frames:
            frame: _Frame = current.dependency_frames[-1]
            frame.call_ends()
            frame.validation_begins()
        return check(*arguments)

    return recorded


def _recorded_generator(solve: Callable[..., Any]) -> Callable[..., Any]:
    async def recorded(
        *, dependant: Dependant, stack: AsyncExitStack, request: Any, **options: Any
    ) -> Any:
        current = recorder.get()
        if current is None or dependant.call is None:
            return await solve(dependant=dependant, stack=stack, request=request, **options)
        scope = "function" if stack is request.scope["fastapi_function_astack"] else "request"
        leaving = _Exit(current, dependant, scope)
        # An exit stack runs backwards: what is pushed after the dependency runs before its exit.
        stack.push(leaving.ends)
        value = await solve(dependant=dependant, stack=stack, request=request, **options)
        stack.push(leaving.begins)
        return value

    return recorded


class _Exit:
    """The code after the `yield` of a dependency."""

    def __init__(self, current: Recorder, dependant: Dependant, scope: str) -> None:
        assert dependant.call is not None
        self.current = current
        self.name = name_of(dependant.call)
        self.where = _where(dependant)
        self.scope = scope
        self.span: OpenSpan | None = None
        self.raised_into: BaseException | None = None

    def begins(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        self.span = self.current.start("exit", self.name)
        self.span.where = self.where
        self.span.note = f"{self.scope} scope"
        self.raised_into = error
        return False

    def ends(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        if self.span is not None:
            self.current.finish(self.span, error)
            if self.raised_into is not None and error is None:
                self.span.note += f", stops {type(self.raised_into).__name__}"
        return False


def _yields(dependant: Dependant) -> bool:
    return _is_gen_callable(dependant.call) or _is_async_gen_callable(dependant.call)


def _where(dependant: Dependant) -> str:
    """Where FastAPI runs it: by the very question that FastAPI asks."""
    waits = _is_coroutine_callable(dependant.call) or _is_async_gen_callable(dependant.call)
    return EVENT_LOOP if waits else WORKER_THREAD


def _refusal(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error.get("loc", ()))
    return f"{place}: {error.get('msg', 'refused')}"

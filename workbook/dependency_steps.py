"""What a route of a live app depends on, in the order in which FastAPI resolves it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI, routing
from fastapi.dependencies.models import (
    Dependant,
    _get_cache_key,
    _is_async_gen_callable,
    _is_gen_callable,
)
from fastapi.dependencies.utils import get_dependant

from workbook.xray.recording import name_of


@dataclass(frozen=True)
class Need:
    """One thing that a step asks for.

    Attributes:
        number: the step that gives it, counted from 1.
        received: its value is a parameter; otherwise it stands in a list `dependencies=[…]`, so it
            only has to run.
    """

    number: int
    received: bool


@dataclass(frozen=True)
class Step:
    """One call for one request; the last step of a route is its endpoint.

    Attributes:
        name: the function or class that is called.
        needs: what is called before it.
        scope: when the code after `yield` runs: `"function"`, `"request"`; empty without `yield`.
        stands_in_for: the name of what this one overrides; empty when it overrides nothing.
        max_concurrency: how many such calls may run at once; None for any number.
        call: a number for what was declared, the same in every route of the app.
    """

    name: str
    needs: tuple[Need, ...]
    scope: str = ""
    stands_in_for: str = ""
    max_concurrency: int | None = None
    call: int = -1


def steps_by_route(app: FastAPI) -> dict[str, tuple[Step, ...]]:
    """The steps of each path operation, by its method and path: `"GET /items/{item_id}"`.

    A dependency that several others ask for is one step, because FastAPI calls it once a request.

    Raises:
        TypeError: a dependency can't be hashed, so FastAPI can't remember its value either.
    """
    calls: dict[Callable[..., Any], int] = {}
    found = {}
    for route in routing.iter_route_contexts(app.routes):
        dependant: Dependant | None = getattr(route, "dependant", None)
        if dependant is None:
            continue  # a plain Starlette route, such as /docs, has no dependencies
        for method in sorted(route.methods or ["WEBSOCKET"]):
            found[f"{method} {route.path}"] = _Walk(app, calls).to(dependant)
    return found


class _Walk:
    """The way to one endpoint, through its dependencies, as `solve_dependencies` takes it."""

    def __init__(self, app: FastAPI, calls: dict[Callable[..., Any], int]) -> None:
        self._overrides = app.dependency_overrides
        self._calls = calls
        self._steps: list[Step] = []
        self._number_of: dict[Hashable, int] = {}

    def to(self, endpoint: Dependant) -> tuple[Step, ...]:
        needs = self._needs(endpoint)
        assert endpoint.call is not None
        self._add(endpoint.call, Step(name_of(endpoint.call), needs))
        return tuple(self._steps)

    def _needs(self, dependant: Dependant) -> tuple[Need, ...]:
        needs = []
        for declared in dependant.dependencies:
            number = self._visit(declared)
            needs.append(Need(number, received=declared.name is not None))
        return tuple(needs)

    def _visit(self, declared: Dependant) -> int:
        assert declared.call is not None
        used = declared
        if override := self._overrides.get(declared.call):
            used = get_dependant(path=declared.path or "", call=override, scope=declared.scope)
        assert used.call is not None
        inner = self._needs(used)
        # FastAPI remembers a value under what was declared, even when an override gave it.
        key = _get_cache_key(dependant=declared)
        if declared.use_cache and key in self._number_of:
            return self._number_of[key]
        yields = _is_gen_callable(used.call) or _is_async_gen_callable(used.call)
        step = Step(
            name_of(used.call),
            inner,
            scope=(declared.scope or "request") if yields else "",
            stands_in_for="" if used is declared else name_of(declared.call),
            max_concurrency=declared.concurrency.max_concurrency if declared.concurrency else None,
        )
        number = self._add(declared.call, step)
        self._number_of.setdefault(key, number)
        return number

    def _add(self, call: Callable[..., Any], step: Step) -> int:
        self._steps.append(replace(step, call=self._calls.setdefault(call, len(self._calls))))
        return len(self._steps)

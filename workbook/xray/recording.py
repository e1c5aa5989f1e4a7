"""Spans, and the recorder that collects those of one request."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from fastapi.exceptions import RequestValidationError

EVENT_LOOP = "event loop"
WORKER_THREAD = "worker thread"
NO_ROUTE = "no route matched"

# What happens inside these is indented below them. The layers that every app has are left out:
# eight levels would say less than three.
_CONTAINERS = frozenset(
    {"middleware", "endpoint", "dependency", "exit", "handler", "background", "stream"}
)

recorder: ContextVar["Recorder | None"] = ContextVar("workbook.xray", default=None)
"""The recorder of the request that this context belongs to; None when it is not x-rayed."""


@dataclass(frozen=True)
class Span:
    """One step of a request.

    Attributes:
        kind: what sort of step; the docstring of `workbook.xray` lists them.
        name: which one: the class of a middleware, the name of a dependency, the statement.
        start: seconds since the request began.
        end: seconds since the request began.
        depth: how many steps of your own it lies inside of; for a dependency of a dependency
            one more.
        where: "event loop" or "worker thread" for what is your own code, otherwise "".
        cached: a dependency whose value was already there.
        error: the exception that left the step (its class alone, if it came from a step inside),
            or what a validation refused; "" if there was none.
        note: what else is worth saying.
    """

    kind: str
    name: str
    start: float
    end: float
    depth: int
    where: str = ""
    cached: bool = False
    error: str = ""
    note: str = ""


class OpenSpan:
    """A span that is still running."""

    def __init__(self, kind: str, name: str, start: float, depth: int) -> None:
        self.kind = kind
        self.name = name
        self.start = start
        self.end: float | None = None
        self.depth = depth
        self.where = ""
        self.cached = False
        self.error = ""
        self.note = ""

    def finished(self, now: float) -> Span:
        end = now if self.end is None else self.end
        return Span(
            self.kind,
            self.name,
            self.start,
            end,
            self.depth,
            where=self.where,
            cached=self.cached,
            error=self.error,
            note=self.note,
        )


class Recorder:
    """Collects the spans of one request, in the order in which they start.

    Worker threads add to it too; appending to a list is atomic, and the thread of the event loop
    waits for them.

    Attributes:
        body: what the app has sent of its body so far.
        escaped: the exception that no layer of the app has handled.
        dependency_frames: where the resolving of dependencies stands.
        streaming_endpoint: the endpoint, if it is a generator.
    """

    def __init__(self) -> None:
        self._began = perf_counter()
        self._loop_thread = threading.get_ident()
        self._spans: list[OpenSpan] = []
        self._containers: list[OpenSpan] = []
        self._routing: OpenSpan | None = None
        self._active = True
        self._seen: list[BaseException] = []
        self.dependency_frames: list[Any] = []
        self.streaming_endpoint: Callable[..., Any] | None = None
        self.body = b""
        self.escaped: Exception | None = None

    def now(self) -> float:
        """Seconds since the request began."""
        return perf_counter() - self._began

    def here(self) -> str:
        """The event loop or a worker thread, whichever runs this."""
        return EVENT_LOOP if threading.get_ident() == self._loop_thread else WORKER_THREAD

    def start(self, kind: str, name: str, *, level: int = 0) -> OpenSpan:
        """Open a span inside the one that is running; `level` indents it further."""
        self.routed()
        depth = self._containers[-1].depth + 1 if self._containers else 0
        span = OpenSpan(kind, name, self.now(), depth + level)
        if self._active:  # a task that outlives the request has nothing to add
            self._spans.append(span)
            if kind in _CONTAINERS:
                self._containers.append(span)
        return span

    def finish(self, span: OpenSpan, error: BaseException | None = None) -> None:
        """Close a span, with the exception that left it."""
        span.end = self.now()
        if error is not None and not span.error:
            span.error = self._first_or_passing(error)
        if span in self._containers:
            self._containers.remove(span)

    def _first_or_passing(self, error: BaseException) -> str:
        # A refusal is told where it was found, by the validation; then it is only passed on.
        told = isinstance(error, RequestValidationError)
        if told or any(error is seen for seen in self._seen):
            return f"{type(error).__name__} passes through"
        self._seen.append(error)
        return describe(error)

    @contextmanager
    def span(self, kind: str, name: str, *, where: bool = False) -> Generator[OpenSpan]:
        """Record the time that the block takes, and the exception that leaves it."""
        span = self.start(kind, name)
        if where:
            span.where = self.here()
        try:
            yield span
        except BaseException as error:
            self.finish(span, error)
            raise
        self.finish(span)

    def moment(self, kind: str, name: str, *, level: int = 0) -> OpenSpan:
        """Record something that has no duration."""
        span = self.start(kind, name, level=level)
        self.finish(span)
        span.end = span.start
        return span

    def routing(self) -> OpenSpan:
        """The router was called; `routed` says when it has found its route."""
        self._routing = routing = self.start("routing", NO_ROUTE)
        return routing

    def routed(self, route: str | None = None) -> None:
        """A route was found, or something happened that ends the search for one.

        A mounted app is found first and its own route after it, so the last name is the whole.
        """
        if self._routing is None:
            return
        if route is not None:
            self._routing.name = route
            self._routing.end = self.now()
            return
        if self._routing.end is None:
            self._routing.end = self.now()
        self._routing = None

    def spans(self) -> tuple[Span, ...]:
        """End the recording: all spans, those still running cut off now."""
        self.routed()
        self._active = False
        return tuple(span.finished(self.now()) for span in self._spans)


def describe(error: BaseException) -> str:
    """An exception in a line: its class, and the status or the message."""
    status = getattr(error, "status_code", None)
    text = str(status) if status is not None else str(error).partition("\n")[0].rstrip(":")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def size(body: bytes) -> str:
    """The length of a body in words."""
    return "1 byte" if len(body) == 1 else f"{len(body)} bytes"


def name_of(call: Callable[..., Any]) -> str:
    """What a reader calls a function, a class, or an instance that can be called."""
    while isinstance(call, partial):
        call = call.func
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    return name.rpartition("<locals>.")[2]

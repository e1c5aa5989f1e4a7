"""What FastAPI tells by itself: the spans of its own OpenTelemetry instrumentation.

Each request of an app with telemetry carries a tracer in its ASGI scope and in its OpenTelemetry
context. The x-ray puts a tracer there that records. An app that has telemetry keeps its own: the
recording tracer hands everything on to it.
"""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any

from fastapi.telemetry._api import _REQUEST_TELEMETRY_KEY, _RequestTelemetry
from opentelemetry import context as otel_context
from opentelemetry.trace import INVALID_SPAN

from workbook.asgi import Scope
from workbook.xray.recording import Recorder

_SCOPE_KEY = "fastapi.telemetry"
_RECORDED = {"endpoint": True, "serialization": False}
"""The operations that are taken from here, and whether the thread they run on is of interest."""


class _RecordingTracer:
    def __init__(self, current: Recorder, other: Any) -> None:
        self._current = current
        self._other = other

    @contextmanager
    def start_as_current_span(self, name: str, **options: Any) -> Generator[Any]:
        theirs = (
            self._other.start_as_current_span(name, **options)
            if self._other is not None
            else nullcontext(INVALID_SPAN)
        )
        operation = name.removeprefix("fastapi.")
        if operation not in _RECORDED:
            with theirs as span:
                yield span
            return
        function = options.get("attributes", {}).get("code.function.name", "")
        called = function.rpartition("<locals>.")[2].rpartition(".")[2]
        with (
            self._current.span(
                operation,
                called if operation == "endpoint" else "response",
                where=_RECORDED[operation],
            ),
            theirs as span,
        ):
            yield span


class _RecordingSpan:
    """The span of the request, of which only the name is of interest: it has the route in it."""

    def __init__(self, current: Recorder, other: Any) -> None:
        self._current = current
        self._other = other

    def update_name(self, name: str) -> None:
        self._current.routed(name)
        self._other.update_name(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


@contextmanager
def listening(current: Recorder, scope: Scope) -> Generator[None]:
    """Record what FastAPI tells about the request of this scope."""
    theirs = scope.get(_SCOPE_KEY)
    if isinstance(theirs, _RequestTelemetry) and isinstance(theirs.span, _RecordingSpan):
        yield  # a mounted app: the app around it has been here
        return
    if isinstance(theirs, _RequestTelemetry):
        span, tracer = theirs.span, theirs.tracer
        theirs.span = _RecordingSpan(current, span or INVALID_SPAN)
        theirs.tracer = _RecordingTracer(current, tracer)
        try:
            yield
        finally:
            theirs.span, theirs.tracer = span, tracer
        return
    ours = _RequestTelemetry(
        span=_RecordingSpan(current, INVALID_SPAN),  # ty: ignore[invalid-argument-type]
        span_method=scope["method"],
        tracer=_RecordingTracer(current, None),  # ty: ignore[invalid-argument-type]
        # With data, `get_telemetry_data()` would answer the app, which has no telemetry.
        data=None,
    )
    absent = _SCOPE_KEY not in scope
    scope[_SCOPE_KEY] = ours
    token = otel_context.attach(otel_context.set_value(_REQUEST_TELEMETRY_KEY, ours))
    try:
        yield
    finally:
        otel_context.detach(token)
        if absent:
            scope.pop(_SCOPE_KEY, None)
        else:
            scope[_SCOPE_KEY] = theirs

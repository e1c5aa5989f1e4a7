"""What Starlette does around an endpoint: reading the body, streaming, background tasks."""

from collections.abc import Callable
from typing import Any

from fastapi.dependencies.models import _is_async_gen_callable
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import StreamingResponse

from workbook.asgi import Send
from workbook.xray.patching import Patches
from workbook.xray.recording import EVENT_LOOP, WORKER_THREAD, name_of, recorder, size


def record_messages(patches: Patches) -> None:
    """Record these steps, for requests whose context has a recorder."""
    patches.replace(Request, "body", _recorded_read("read the body", "_body"))
    patches.replace(Request, "json", _recorded_read("parse the JSON", "_json"))
    patches.replace(Request, "_get_form", _recorded_read("read the form", "_form"))
    patches.replace(StreamingResponse, "stream_response", _recorded_stream)
    patches.replace(BackgroundTask, "__call__", _recorded_task)


def _recorded_read(name: str, kept_in: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Starlette keeps what it has read, so only the first call has anything to do."""

    def wrap(read: Callable[..., Any]) -> Callable[..., Any]:
        async def recorded(request: Request, **options: Any) -> Any:
            current = recorder.get()
            if current is None or getattr(request, kept_in, None) is not None:
                return await read(request, **options)
            with current.span("body", name) as span:
                value = await read(request, **options)
                if isinstance(value, bytes):
                    span.note = size(value)
                return value

        return recorded

    return wrap


def _recorded_stream(stream: Callable[..., Any]) -> Callable[..., Any]:
    """A generator runs while its response is sent: the endpoint itself, or what it returned."""

    async def recorded(response: StreamingResponse, send: Send) -> None:
        if (current := recorder.get()) is None:
            await stream(response, send)
            return
        endpoint = current.streaming_endpoint
        if endpoint is None:
            with current.span("stream", type(response).__name__):
                await stream(response, send)
            return
        with current.span("endpoint", name_of(endpoint)) as span:
            span.where = EVENT_LOOP if _is_async_gen_callable(endpoint) else WORKER_THREAD
            span.note = "runs while it is sent"
            await stream(response, send)

    return recorded


def _recorded_task(call: Callable[..., Any]) -> Callable[..., Any]:
    async def recorded(task: BackgroundTask) -> None:
        if (current := recorder.get()) is None:
            await call(task)
            return
        with current.span("background", name_of(task.func)) as span:
            span.where = EVENT_LOOP if task.is_async else WORKER_THREAD
            await call(task)

    return recorded

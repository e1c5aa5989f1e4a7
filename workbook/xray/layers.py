"""The layers of an app: the edge to the server, its middleware, its router, its handlers."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastapi.routing import _IncludedRouter
from starlette._utils import is_async_callable
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Mount, Router

from workbook.asgi import ASGIApp, Message, Receive, Scope, Send
from workbook.xray.native import listening
from workbook.xray.patching import Patches, original
from workbook.xray.recording import NO_ROUTE, Recorder, describe, name_of, recorder, size

type _Wrap = Callable[[Any], Any]

_INTERNAL_MODULES = ("starlette.middleware.errors", "starlette.middleware.exceptions", "fastapi.")


class Layer:
    """An ASGI app in its place in the stack, wrapped so that a recorded request is seen there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        current = recorder.get()
        if current is None or scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            await self.record(current, scope, receive, send)

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class Edge(Layer):
    """Where the server stands: sees what is sent, and keeps the exception that escapes the app."""

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        async def recorded_send(message: Message) -> None:
            with current.span("send", message["type"].removeprefix("http.")) as span:
                if message["type"] == "http.response.start":
                    span.note = f"status {message['status']}"
                elif message["type"] == "http.response.body":
                    body = message.get("body", b"")
                    current.body += body
                    span.note = size(body)
                    if message.get("more_body", False):
                        span.note += ", more to come"
                await send(message)

        try:
            await self.app(scope, receive, recorded_send)
        except Exception as error:  # noqa: BLE001  # whatever it is, the figure shows it
            # As with a server: the answer is a 500 if none was begun, and the app is over.
            current.escaped = error


class Middleware(Layer):
    """A layer that calls another."""

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        kind = "internal" if _is_internal(self.app) else "middleware"
        with current.span(kind, _layer_name(self.app)):
            await self.app(scope, receive, send)


class Outermost(Middleware):
    """The outermost layer of a FastAPI app, where its own telemetry has been switched on."""

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        with listening(current, scope):
            await super().record(current, scope, receive, send)


class Routing(Layer):
    """A router: it looks for a route and calls it."""

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        routing = current.routing()
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            if routing.end is None:
                current.finish(routing, error)
            raise
        finally:
            current.routed()
            if routing.name == NO_ROUTE and "endpoint" in scope:
                # Starlette's own apps have no telemetry that names the route.
                routing.name = f"found {name_of(scope['endpoint'])}"


class Innermost(Layer):
    """An ASGI app that is not Starlette's; what is inside it can't be seen."""

    async def record(self, current: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        with current.span("endpoint", _layer_name(self.app), where=True):
            await self.app(scope, receive, send)


def wrap_app(holder: Any, patches: Patches) -> None:
    """Wrap the app at `holder.app`, and every layer inside it that can be followed."""
    app = original(holder, "app")
    inner = _wrapping(holder, app)
    patches.replace(holder, "app", lambda app: Edge(inner(app) if inner else app))
    _wrap_inside(app, patches)


def _wrap_inside(node: Any, patches: Patches) -> None:
    if isinstance(node, Starlette) and node.middleware_stack is None:
        # What the first request to an app does; the stack stays, as it does then.
        node.middleware_stack = node.build_middleware_stack()
    _wrap_handlers(node, patches)
    if isinstance(node, Router):
        for mount in _mounts(node.routes):
            _wrap_link(mount, "app", patches)
    link = _inner_link(node)
    if link is not None:
        _wrap_link(*link, patches)


def _wrap_link(target: Any, name: str, patches: Patches) -> None:
    node = original(target, name)
    wrap = _wrapping(target, node)
    if wrap is not None:
        patches.replace(target, name, wrap)
    _wrap_inside(node, patches)


def _wrapping(target: Any, node: Any) -> _Wrap | None:
    if isinstance(node, Starlette):
        return None  # its outermost layer stands for it
    if isinstance(target, Starlette):
        return Outermost
    if isinstance(node, Router):
        return Routing
    return Innermost if _inner_link(node) is None else Middleware


def _inner_link(node: Any) -> tuple[Any, str] | None:
    """Where a layer keeps the app inside it: an object and the name of an attribute."""
    if isinstance(node, Starlette):
        return node, "middleware_stack"
    if isinstance(node, Router):
        # Middleware of its own, if it has any; otherwise its own method.
        own = inspect.ismethod(original(node, "middleware_stack"))
        return None if own else (node, "middleware_stack")
    if inspect.isfunction(node):
        # A middleware written as a function in a function keeps its app in a cell.
        cells = dict(zip(node.__code__.co_freevars, node.__closure__ or (), strict=True))
        return (cells["app"], "cell_contents") if "app" in cells else None
    app = getattr(node, "app", None)
    if inspect.ismethod(node) or inspect.ismethod(app) or not callable(app):
        return None
    return node, "app"


def _mounts(routes: Iterable[BaseRoute]) -> Iterator[Mount]:
    for route in routes:
        if isinstance(route, Mount):
            yield route
        elif isinstance(route, _IncludedRouter):
            yield from _mounts(route.original_router.routes)


def _wrap_handlers(node: Any, patches: Patches) -> None:
    if isinstance(node, ExceptionMiddleware):
        for name in ("_exception_handlers", "_status_handlers"):
            patches.replace(node, name, _recorded_handlers)
    elif isinstance(node, ServerErrorMiddleware) and original(node, "handler") is not None:
        patches.replace(node, "handler", _recorded_handler)


def _recorded_handlers(handlers: dict[Any, Any]) -> dict[Any, Any]:
    return {key: _recorded_handler(handler) for key, handler in handlers.items()}


def _recorded_handler(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same kind of function, as Starlette asks whether a handler is to be awaited."""
    if is_async_callable(handler):

        async def recorded(request: Any, error: Exception) -> Any:
            if (current := recorder.get()) is None:
                return await handler(request, error)
            with current.span("handler", name_of(handler), where=True) as span:
                span.note = f"for {describe(error)}"
                return await handler(request, error)

        return recorded

    def recorded_in_thread(request: Any, error: Exception) -> Any:
        if (current := recorder.get()) is None:
            return handler(request, error)
        with current.span("handler", name_of(handler), where=True) as span:
            span.note = f"for {describe(error)}"
            return handler(request, error)

    return recorded_in_thread


def _is_internal(app: Any) -> bool:
    module = getattr(app, "__module__", type(app).__module__)
    return module.startswith(_INTERNAL_MODULES)


def _layer_name(app: Any) -> str:
    """The class; for `@app.middleware("http")`, whose class says nothing, also the function."""
    if type(app) is BaseHTTPMiddleware:
        return f"{name_of(app.dispatch_func)} (BaseHTTPMiddleware)"
    return name_of(app)

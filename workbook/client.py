"""The in-process client: the only way a lesson calls an app."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import httpx
import httpx2
from httpx2.websockets import (
    ASGIWebSocketTransport,
    AsyncWebSocketSession,
    WebSocketDisconnect,
    WebSocketUpgradeError,
)

from workbook.asgi import ASGIApp, Message, Receive, Scope, Send
from workbook.lifespan import Lifespan
from workbook.transcript import EXCHANGE, Exchange
from workbook.transport import StreamingASGITransport

BASE_URL = "http://shop.test"
"""The host name under which a lesson calls its app; nothing ever looks it up."""

_KEPT_EXCHANGES = 1000


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` that also speaks WebSocket and keeps a transcript.

    Make one with `client(app)` for an app in this process, or with `Client.over_socket(path)`
    for a server that listens on a Unix socket; requirements can't tell which they were given.

    Attributes:
        transcript: every `Exchange` of this client, oldest first (the last 1,000 are kept).
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport,
        websocket_transport: httpx2.AsyncBaseTransport,
        lifespan: Lifespan | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("base_url", BASE_URL)
        super().__init__(transport=transport, **options)
        self.transcript: list[Exchange] = []
        self._asgi = transport if isinstance(transport, StreamingASGITransport) else None
        self._websocket_transport = websocket_transport
        self._lifespan = lifespan
        self._contexts = AsyncExitStack()

    @classmethod
    def over_socket(cls, path: str, **options: Any) -> Self:
        """Call the server that listens on the Unix socket `path`."""
        # A connection for each request: uvicorn closes one whose app raised after it had answered,
        # and a request sent over it in that moment would break off.
        limits = httpx.Limits(max_keepalive_connections=0)
        return cls(
            transport=httpx.AsyncHTTPTransport(uds=path, limits=limits),
            websocket_transport=httpx2.AsyncHTTPTransport(uds=path),
            **options,
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._lifespan is not None:
                await stack.enter_async_context(self._lifespan)
            await super().__aenter__()
            stack.push_async_exit(super().__aexit__)
            if self._asgi is not None:
                stack.push_async_callback(self._asgi.settle, timeout=5.0)
            self._contexts = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._contexts.__aexit__(exc_type, exc_value, traceback)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        exchange = request.extensions[EXCHANGE] = Exchange(request)
        self.transcript.append(exchange)
        del self.transcript[:-_KEPT_EXCHANGES]
        response = await super().send(request, **options)
        exchange.response = response
        exchange.elapsed = perf_counter() - exchange.started
        return response

    async def settle(self, timeout: float = 5.0) -> None:
        """Wait until the app has finished what it does after its responses.

        A response is here as soon as its body is complete, as on the wire; background tasks and
        the exits of request-scoped dependencies may still run. Seconds past `timeout`: cancelled.
        """
        if self._asgi is not None:
            await self._asgi.settle(timeout)

    @asynccontextmanager
    async def websocket(
        self, path: str, *, timeout: float = 5.0, **options: Any
    ) -> AsyncGenerator[AsyncWebSocketSession]:
        """Open a WebSocket: `async with http.websocket("/ws") as socket: …`.

        Args:
            path: the path, with its query string if it has one.
            timeout: seconds to wait for the app to accept.
            options: `subprotocols`, `params`, `headers`, `cookies`, as `httpx2` names them.

        Raises:
            httpx2.websockets.WebSocketUpgradeError: the app refused; `.response` says how.
            httpx2.websockets.WebSocketDisconnect: the app closed the socket; `.code` says why.
        """
        options["headers"] = {**self.headers, **dict(options.get("headers") or {})}
        options["cookies"] = {**dict(self.cookies), **dict(options.get("cookies") or {})}
        transport = self._websocket_transport
        if isinstance(transport, ASGIWebSocketTransport):
            # Its task group can't be entered twice, so each socket has a transport of its own.
            transport = ASGIWebSocketTransport(transport.app, initial_receive_timeout=timeout)
        url = str(self.base_url.join(path)).replace("http", "ws", 1)
        connected = False
        try:
            async with (
                httpx2.AsyncClient(transport=transport) as http,
                http.websocket(url, **options) as session,
            ):
                connected = True
                yield session
        except Exception as error:  # noqa: BLE001 - it is raised again
            # The task groups inside wrap the caller's own exception; hand it back as it was.
            cause = _only_exception(error)
            if isinstance(cause, WebSocketDisconnect) and not connected:
                # Closed before it was accepted: a server tells its client so with a 403.
                cause = WebSocketUpgradeError(httpx2.Response(403))
            raise cause from None


def client(
    app: ASGIApp,
    *,
    raise_app_exceptions: bool = False,
    log_app_exceptions: bool = True,
    lifespan: bool = True,
    lifespan_timeout: float = 10.0,
    **options: Any,
) -> Client:
    """Call an app in this process: `async with client(app) as http: await http.get("/items")`.

    Args:
        app: a FastAPI app, or any ASGI application.
        raise_app_exceptions: let an exception that escapes the app out of the call, with its
            traceback. By default the answer is the plain 500 that a server would send.
        log_app_exceptions: log such an exception in one line, as a server's console does.
        lifespan: run the app's start-up on entry and its shutdown on exit, as a server does.
        lifespan_timeout: seconds that start-up, and later shutdown, may each take.
        options: whatever `httpx.AsyncClient` takes: `headers`, `cookies`, `follow_redirects`, …

    Raises:
        TypeError: when `app` is not something that can be called as an ASGI application.
    """
    if asyncio.iscoroutine(app):
        app.close()
        raise TypeError("client() got a coroutine, not an app: is an `await` missing before it?")
    if not callable(app):
        raise TypeError(f"client() needs an app, such as FastAPI(); it got {app!r}")
    running = Lifespan(app, timeout=lifespan_timeout) if lifespan else None
    state = running.state if running else {}
    return Client(
        transport=StreamingASGITransport(
            app,
            state=state,
            raise_app_exceptions=raise_app_exceptions,
            log_app_exceptions=log_app_exceptions,
        ),
        websocket_transport=ASGIWebSocketTransport(_with_state(app, state)),
        lifespan=running,
        **options,
    )


def _with_state(app: ASGIApp, state: dict[str, Any]) -> ASGIApp:
    async def app_with_state(scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_as_server() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                message.setdefault("code", 1005)
            return message

        scope["state"] = dict(state)
        scope["asgi"] = {"version": "3.0", "spec_version": "2.4"}
        await app(scope, receive_as_server, send)

    return app_with_state


def _only_exception(error: Exception) -> Exception:
    """The single exception inside nested groups, or the error itself."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error

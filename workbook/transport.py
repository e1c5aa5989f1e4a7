"""An `httpx.ASGITransport` that behaves like the wire: chunks arrive while the app still runs.

The stock transport calls the app to its end, then hands over the whole body. A stream can't be
watched that way, and an endless one never returns. Here the app runs in a task of its own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx

from workbook.asgi import ASGIApp, Message
from workbook.transcript import EXCHANGE, Exchange

log = logging.getLogger("workbook.client")

# A server stops reading from the app when the socket's buffer is full; this many messages stand
# for that buffer, so that an endless stream waits for its reader and does not fill the memory.
_BUFFERED_MESSAGES = 16


class StreamingASGITransport(httpx.ASGITransport):
    """Call an ASGI app in-process, streaming both ways.

    Args:
        app: the ASGI application.
        state: the lifespan state, of which each request gets a shallow copy.
        raise_app_exceptions: let an exception of the app out of the call. By default it is
            answered with a plain 500, as uvicorn does, logged, and kept in the transcript.
        log_app_exceptions: log it; a check says it on its card instead.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        state: dict[str, Any],
        raise_app_exceptions: bool = False,
        log_app_exceptions: bool = True,
    ) -> None:
        super().__init__(app, raise_app_exceptions=raise_app_exceptions)
        self.state = state
        self.log_app_exceptions = log_app_exceptions and not raise_app_exceptions
        self._running: set[_AppCall] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = _AppCall(self, request)
        self._running.add(call)
        call.task.add_done_callback(lambda _: self._running.discard(call))
        try:
            return await call.response()
        except asyncio.CancelledError:
            call.task.cancel()
            raise

    async def settle(self, timeout: float) -> None:
        """Wait until the app has finished every request, background tasks included.

        Args:
            timeout: seconds to wait; what still runs then is cancelled.
        """
        tasks = {call.task for call in self._running}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()

    async def aclose(self) -> None:
        for call in list(self._running):
            call.disconnect()


class _AppCall:
    """One run of the app: the scope, both channels, and the task between them."""

    def __init__(self, transport: StreamingASGITransport, request: httpx.Request) -> None:
        self.transport = transport
        self.request = request
        self.exchange: Exchange | None = request.extensions.get(EXCHANGE)
        self._chunks = aiter(request.stream)  # ty: ignore[invalid-argument-type]  # AsyncClient only sends async streams
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue(_BUFFERED_MESSAGES)
        self._request_complete = False
        self._response_complete = False
        self._disconnected = asyncio.Event()
        self.error: BaseException | None = None
        self.task = asyncio.create_task(self._run())

    def _scope(self) -> dict[str, Any]:
        url = self.request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.request.method,
            "headers": [(name.lower(), value) for name, value in self.request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": self.transport.client,
            "root_path": self.transport.root_path,
            "state": dict(self.transport.state),
        }

    async def _run(self) -> None:
        try:
            await self.transport.app(self._scope(), self._receive, self._send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - as a server: `exit()` in an endpoint stops no kernel
            self.error = error
            if self.exchange is not None:
                self.exchange.error = error
            if self.transport.log_app_exceptions:
                # As a server's console would: the last line here, the rest in the transcript.
                log.error("the app raised %s: %s", type(error).__name__, error)
        finally:
            await self._messages.put(None)

    async def _receive(self) -> Message:
        if not self._request_complete:
            try:
                return {
                    "type": "http.request",
                    "body": await anext(self._chunks),
                    "more_body": True,
                }
            except StopAsyncIteration:
                self._request_complete = True
                return {"type": "http.request", "body": b"", "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._disconnected.is_set():
            return  # nobody listens any more: a server drops it too
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._response_complete = True
            await self._messages.put(message)
            self._disconnected.set()
        else:
            await self._messages.put(message)

    async def response(self) -> httpx.Response:
        message = await self._messages.get()
        if message is None:
            if self.error is not None and self.transport.raise_app_exceptions:
                raise self.error
            return httpx.Response(500, text="Internal Server Error", request=self.request)
        return httpx.Response(
            message["status"], headers=message.get("headers", []), stream=_Body(self)
        )

    async def body(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._messages.get()
            if message is None:
                if self.error is not None and self.transport.raise_app_exceptions:
                    raise self.error
                raise httpx.RemoteProtocolError(
                    "the app stopped before its response was complete", request=self.request
                )
            if message["type"] != "http.response.body":
                continue
            if (chunk := message.get("body", b"")) and self.request.method != "HEAD":
                yield chunk
            if not message.get("more_body", False):
                break
        if self.transport.raise_app_exceptions:
            # Starlette answers 500, then re-raises: the caller asked to see that exception.
            await asyncio.wait({self.task})
            if self.error is not None:
                raise self.error

    def disconnect(self) -> None:
        """Tell the app that the client has gone, and unblock it if it waits to send."""
        self._disconnected.set()
        while not self._messages.empty():
            self._messages.get_nowait()


class _Body(httpx.AsyncByteStream):
    def __init__(self, call: _AppCall) -> None:
        self.call = call

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.call.body()

    async def aclose(self) -> None:
        self.call.disconnect()

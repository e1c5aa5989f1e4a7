"""Call an app of this process for a client on the other side of a connection.

The other half, which makes an ASGI app of such a connection, is `workbook.grading.bridge`.
"""

import asyncio
from collections import deque
from typing import Any, Protocol

from workbook.asgi import ASGIApp, Message
from workbook.grading.frames import is_awaited
from workbook.grading.kernel import told

_LARGEST_BODY = 1 << 20
"""Bytes of a response that go into one frame."""


class Side(Protocol):
    """Sends to the other side."""

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""

    async def drained(self) -> None:
        """Wait until the other side keeps up."""

    def forget(self, call: int) -> None:
        """A call has ended."""


class ServedApp:
    """An app that is served, and the state that its lifespan yielded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.state: dict[str, Any] = {}

    def scope(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The scope of one call, in the types of the ASGI specification."""
        lifespan = sent["type"] == "lifespan"
        scope = sent | {"state": self.state if lifespan else dict(self.state)}
        for name in ("client", "server"):
            if scope.get(name):
                scope[name] = tuple(scope[name])
        if "headers" in scope:
            scope["headers"] = [(key, value) for key, value in scope["headers"]]
        return scope


class Call:
    """One call of an app whose client is on the other side: its events go there and come from there.

    Args:
        side: sends to the other side.
        number: the call's number there.
        app: the app to call.
        scope: of the call, as it was sent.
    """

    def __init__(self, side: Side, number: int, app: ServedApp, scope: dict[str, Any]) -> None:
        self._side, self._number, self._app = side, number, app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._asked = self._gone = False
        self._untaken: deque[asyncio.Future[None]] = deque()
        self._task = asyncio.create_task(self._run(app.scope(scope)))

    def take(self, message: dict[str, Any]) -> None:
        """Take what the other side says of this call."""
        match message["do"]:
            case "event":
                self._asked = False
                self._inbox.put_nowait(message["event"])
            case "taken" if self._untaken:
                taken = self._untaken.popleft()
                if not taken.done():
                    taken.set_result(None)
            case "gone":
                # As a server does; Starlette makes `WebSocketDisconnect` of it.
                self._gone = True
                for taken in self._untaken:
                    if not taken.done():
                        taken.set_exception(OSError("the client has gone"))
                self._untaken.clear()
            case "cancel":
                self.cancel()

    def cancel(self) -> None:
        """End it, whatever it does."""
        self._task.cancel()

    async def _run(self, scope: dict[str, Any]) -> None:
        ended: dict[str, Any] = {}
        try:
            await self._app.app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            ended = {"message": "asyncio.CancelledError", "where": ""}
        except BaseException as error:  # noqa: BLE001 - as a server: `exit()` in an endpoint stops nothing
            ended = told(error)
        self._side.send({"call": self._number, "end": ended})
        self._side.forget(self._number)

    async def _receive(self) -> Message:
        if self._inbox.empty() and not self._asked:
            self._asked = True
            self._side.send({"call": self._number, "wants": True})
        return await self._inbox.get()

    async def _send(self, event: Message) -> None:
        body = event.get("body", b"")
        if event["type"] == "http.response.body" and len(body) > _LARGEST_BODY:
            for start in range(0, len(body), _LARGEST_BODY):
                part, end = body[start : start + _LARGEST_BODY], start + _LARGEST_BODY
                more = event.get("more_body", False) or end < len(body)
                await self._send_one(
                    {"type": event["type"], "body": bytes(part), "more_body": more}
                )
        else:
            await self._send_one(event)

    async def _send_one(self, event: Message) -> None:
        if self._gone:
            raise OSError("the client has gone")
        self._side.send({"call": self._number, "event": dict(event)})
        if is_awaited(event):
            # The other side says when its client has taken it: an endless stream waits for its reader.
            taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._untaken.append(taken)
            await taken
        await self._side.drained()

"""One line in the log for each request, written when its answer has ended, however it ended.

A WebSocket gets two: one when it opens, one when it closes.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lesson_app.core.logs import HEALTH_CHECKS, mark_as_logged

logger = logging.getLogger(__name__)
# A notebook, which configures no logs, is not to show a traceback beside its own.
logger.addHandler(logging.NullHandler())


@dataclass
class _Exchange:
    """What was seen of one request or one WebSocket."""

    scope: Scope
    root_path: str
    started: float = field(default_factory=time.perf_counter)
    status: int | None = None
    sent_bytes: int = 0
    complete: bool = False
    close_code: int | None = None

    def fields(self) -> dict[str, Any]:
        """Return what a line says about it. No query: that is where tickets and searches are."""
        client = self.scope.get("client")
        return {
            # None for a WebSocket.
            "method": self.scope.get("method"),
            # Quoted: a newline in it must not begin another line.
            "path": quote(self.scope["path"]),
            "route": self._route(),
            "client": client[0] if client else None,
        }

    def duration_ms(self) -> float:
        return round((time.perf_counter() - self.started) * 1000, 1)

    def _route(self) -> str | None:
        """Return the path as it is declared, such as /items/{item_id}, once a route was found."""
        # A route that was included knows only the end of its path; FastAPI keeps the whole here,
        # and that of a WebSocket one step further.
        included = self.scope.get("fastapi", {}).get("effective_route_context")
        routes = (getattr(included, "starlette_route", None), included, self.scope.get("route"))
        path = next(filter(None, (getattr(route, "path", None) for route in routes)), None)
        if path is None:
            return None
        # A mounted app, such as the admin pages, adds where it is mounted.
        return self.scope.get("root_path", "").removeprefix(self.root_path) + path


class AccessLogMiddleware:
    """Logs every request and WebSocket, and the traceback of what no handler expected."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        seen = _Exchange(scope, scope.get("root_path", ""))
        finish = _log_request if scope["type"] == "http" else _log_close

        async def receive_and_note() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                seen.close_code = message.get("code", 1005)
            return message

        async def send_and_note(message: Message) -> None:
            match message["type"]:
                case "http.response.start" | "websocket.http.response.start":
                    seen.status = message["status"]
                case "http.response.body":
                    seen.sent_bytes += len(message.get("body", b""))
                    seen.complete = not message.get("more_body", False)
                case "websocket.accept":
                    seen.status = 101
                    logger.info("websocket opened", extra=seen.fields())
                case "websocket.close":
                    seen.close_code = message.get("code", 1000)
            await send(message)

        error: Exception | None = None
        try:
            await self.app(scope, receive_and_note, send_and_note)
        except Exception as caught:
            error = caught
            mark_as_logged(caught)
            raise
        finally:
            # Also when the server cancels the task.
            finish(seen, error)


def _log_request(seen: _Exchange, error: Exception | None) -> None:
    level, text = logging.INFO, "request"
    if error is not None:
        level, text = logging.ERROR, "request failed"
    elif not seen.complete:
        level, text = logging.WARNING, "request broken off"
    elif seen.status is not None and seen.status >= 500:
        level = logging.WARNING
    elif seen.scope["path"] in HEALTH_CHECKS:
        level = logging.DEBUG
    fields = seen.fields() | {
        "status": seen.status,
        "bytes": seen.sent_bytes,
        "duration_ms": seen.duration_ms(),
    }
    logger.log(level, text, exc_info=error, extra=fields)


def _log_close(seen: _Exchange, error: Exception | None) -> None:
    level = logging.INFO if error is None else logging.ERROR
    text = "websocket closed" if seen.status == 101 else "websocket refused"
    fields = seen.fields() | {
        "status": seen.status,
        "code": seen.close_code,
        "duration_ms": seen.duration_ms(),
    }
    logger.log(level, text, exc_info=error, extra=fields)

"""A name for each request, by which a client, a log line and a trace can be brought together."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-ID"

# The last one refuses a WebSocket with an answer of its own.
ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")

# What a proxy in front may have made: a UUID, a ULID, hexadecimal digits. Nothing that could be
# taken for another line or another field of a log.
_GOOD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


class RequestIdMiddleware:
    """Takes the request's own id if it has a good one, or makes one, and sends it back.

    The id is `request.state.request_id`, and in the context that log lines are made with.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _GOOD_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] in ANSWERS:
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        # user_id: who asks is found out later. Named here, so that it ends with the request.
        with bound_contextvars(request_id=request_id, user_id=None):
            await self.app(scope, receive, send_with_id)

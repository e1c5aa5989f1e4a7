"""The errors of Starlette's own middleware, in the shape that every error of the shop has.

A body that is too large, an unknown host and a refused preflight are answered by middleware,
which no exception handler sees, in plain text.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lesson_app.api.errors import answer_http_exception


class ProblemShapeMiddleware:
    """Turns an error in plain text into a problem document; the text becomes its detail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        text = bytearray()

        async def send_in_shape(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_plain_error(message):
                start = message
            elif start is None:
                await send(message)
            else:
                text.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await _send_problem(start, text.decode(errors="replace"), scope, receive, send)

        await self.app(scope, receive, send_in_shape)


def _is_plain_error(start: Message) -> bool:
    kind = Headers(scope=start).get("content-type", "")
    return start["status"] >= 400 and kind.startswith("text/plain")


async def _send_problem(
    start: Message, detail: str, scope: Scope, receive: Receive, send: Send
) -> None:
    headers = MutableHeaders(scope=start)
    del headers["content-type"], headers["content-length"]
    error = HTTPException(start["status"], detail)
    response = await answer_http_exception(Request(scope), error)
    # The others stay, such as those for CORS.
    response.raw_headers.extend(headers.raw)
    await response(scope, receive, send)

"""Headers that tell a browser to be strict with whatever the shop answers.

Source: OWASP, "HTTP Security Response Headers Cheat Sheet".
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS = {
    # What is sent as JSON is never run as a script or shown as a page.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # For browsers that do not know `frame-ancestors`.
    "X-Frame-Options": "DENY",
}

# Data needs nothing at all. /docs is a page with scripts, from elsewhere and in itself.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"


class SecurityHeadersMiddleware:
    """Adds security headers to every HTTP answer, errors included; one that is set already stays.

    Args:
        app: what it stands around.
        https_only: tell browsers to come back by HTTPS only, for a year. It stands in the way of
            a shop that is tried out on localhost.
    """

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self.app = app
        self._headers = dict(ALWAYS)
        if https_only:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                is_page = headers.get("content-type", "").startswith("text/html")
                policy = PAGE_POLICY if is_page else DATA_POLICY
                headers.setdefault("Content-Security-Policy", policy)
            await send(message)

        await self.app(scope, receive, send_with_headers)

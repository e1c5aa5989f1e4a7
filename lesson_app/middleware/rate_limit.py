"""A limit for every request, before any work is done for it."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lesson_app.api.errors import EXCEPTION_HANDLERS
from lesson_app.core.exceptions import Busy, TooManyRequests
from lesson_app.core.logs import HEALTH_CHECKS
from lesson_app.core.rate_limits import RateLimits, network_of


class RateLimitMiddleware:
    """Counts the requests of each client, and answers 429 to those beyond the limit.

    503 while they can't be counted.

    Args:
        app: what it stands around.
        rate: how many are allowed in what time, such as 600/minute.
    """

    def __init__(self, app: ASGIApp, *, rate: str) -> None:
        self.app = app
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A load balancer may ask as often as it likes.
        if scope["type"] == "http" and scope["path"] not in HEALTH_CHECKS:
            request = Request(scope)
            limits: RateLimits = request.state.rate_limits
            client = network_of(request.client.host if request.client else None)
            try:
                await limits.count(self._rate, "request", client)
            except (TooManyRequests, Busy) as error:
                # The handlers of exceptions stand further in.
                response = await EXCEPTION_HANDLERS[type(error)](request, error)
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

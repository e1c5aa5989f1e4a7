"""Errors that nobody expected, sent to Sentry, if `settings.sentry_dsn` says where that is.

What is sent says what went wrong and for which request, and nothing of what a person sent: no
body, no query, no cookie, no token, no address.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from anyio import to_thread
from starlette.types import ASGIApp
from structlog.contextvars import get_contextvars

from lesson_app.config import Settings
from lesson_app.core.extras import needs_extra

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

KEPT_HEADERS = frozenset({"accept", "content-length", "content-type", "host", "user-agent"})

SECONDS_TO_SEND = 2.0
"""How long the end of the app waits for what is still to be sent."""


@asynccontextmanager
async def open_error_reports(settings: Settings) -> AsyncGenerator[None]:
    """Report what is logged as an error, for as long as the app runs.

    Sentry has one client a process, so of two apps with a `sentry_dsn` the later one has it.

    Raises:
        MissingExtra: the SDK is not installed.
    """
    if settings.sentry_dsn is None:
        yield
        return
    with needs_extra("sentry", "SHOP_SENTRY_DSN"):
        import sentry_sdk
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.environment,
        # What is personal is left out by default; `send_default_pii` is deprecated. The values of
        # local variables have passwords among them.
        include_local_variables=False,
        max_request_body_size="never",
        # Those for FastAPI and Starlette patch classes that are in use by now; `report_errors`
        # stands around the app instead.
        auto_enabling_integrations=False,
        before_send=scrub,
        before_breadcrumb=scrub_earlier_line,
    )
    client = sentry_sdk.get_client()
    try:
        yield
    finally:
        await to_thread.run_sync(client.close, SECONDS_TO_SEND)
        sentry_sdk.get_global_scope().set_client(None)


def report_errors(app: ASGIApp) -> ASGIApp:
    """Put around an app what tells Sentry which request an error belongs to."""
    with needs_extra("sentry", "SHOP_SENTRY_DSN"):
        from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
    # Another name than "asgi": with that one, the SDK recommends the patches above.
    return cast("ASGIApp", SentryAsgiMiddleware(app, mechanism_type="shop"))


def scrub(event: "Event", hint: "Hint") -> "Event":
    """Take out of a report what a person sent, and put in what the log calls the request."""
    request = event.get("request", {})
    for part in ("cookies", "data", "env", "query_string"):
        request.pop(part, None)
    headers = cast("dict[str, str]", request.get("headers", {}))
    request["headers"] = {
        name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS
    }
    # The fields of the line that is reported come along: here, the address of the client.
    event.get("extra", {}).pop("client", None)
    if request_id := get_contextvars().get("request_id"):
        event.setdefault("tags", {})["request_id"] = request_id
    return event


def scrub_earlier_line(crumb: "Breadcrumb", hint: "BreadcrumbHint") -> "Breadcrumb":
    """Do so with a line of the log that came before, and goes along with a later report."""
    crumb.get("data", {}).pop("client", None)
    return crumb

"""The layers between the server and the app, in their order.

They stand around Starlette's own outermost layer, so that an answer 500 has their headers too:
without those of CORS a page could not even read that it failed.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from lesson_app.config import Settings
from lesson_app.core.error_reports import report_errors
from lesson_app.middleware.access_log import AccessLogMiddleware
from lesson_app.middleware.problem_shape import ProblemShapeMiddleware
from lesson_app.middleware.request_id import RequestIdMiddleware
from lesson_app.middleware.security_headers import SecurityHeadersMiddleware

ALLOWED_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Range",
    "X-Request-ID",
]
"""What a page of another origin may send, beyond what every page may."""

EXPOSED_HEADERS = [
    "Content-Disposition",
    "Content-Range",
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Sunset",
    "WWW-Authenticate",
    "X-Request-ID",
]
"""What a page of another origin may read, beyond what every page may."""


def add_edge(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Put the layers that `settings` ask for around an app, the innermost first."""
    if settings.allowed_hosts != ["*"]:
        app = TrustedHostMiddleware(app, settings.allowed_hosts, www_redirect=False)
    if settings.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=ALLOWED_METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            # No cookies: who asks is said by the token, which no browser sends by itself.
            allow_credentials=False,
        )
    app = ProblemShapeMiddleware(app)
    app = SecurityHeadersMiddleware(app, https_only=settings.environment == "production")
    app = AccessLogMiddleware(app)
    if settings.sentry_dsn is not None:
        # Outside of the log: what is reported is what is logged, once.
        app = report_errors(app)
    return RequestIdMiddleware(app)

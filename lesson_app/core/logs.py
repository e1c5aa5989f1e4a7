"""Logs: every line of the process, whoever writes it, goes through one chain of processors.

Our code and every library write to the loggers of the standard library. Structlog renders what
they say: for people in development, as one JSON object a line in production.
"""

import logging
import sys
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from lesson_app.config import Settings

HEALTH_CHECKS = frozenset({"/health", "/ready"})
"""Asked for every few seconds, and so of interest only when something is wrong."""

SECRET_NAMES = frozenset(
    {
        "access_token",
        "authorization",
        "cookie",
        "current_password",
        "hashed_password",
        "new_password",
        "password",
        "refresh_token",
        "secret",
        "ticket",
        "token",
    }
)
"""What is never written, whoever passes it to a logger under one of these names."""


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every line of this process to one handler, in the form that `settings` ask for.

    For the whole process, so it is called by what starts one, and not by `create_app`: a lesson
    or a test keeps the logs it has.

    Args:
        settings: `log_format` and `log_level`.
        stream: where the lines go; stderr by default.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_CHAIN,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings.log_format, colors=handler.stream.isatty()),
            ],
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.getLogger("lesson_app").setLevel(level)
    # At DEBUG, drivers and servers write whatever passes through them: parameters of statements
    # and headers, with passwords and tickets in them. So DEBUG is for our own loggers only.
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    # These write the address of each request that they send, with its query.
    for client in ("httpx", "httpx2"):
        logging.getLogger(client).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _take_over_uvicorn()
    # For code that asks structlog for a logger.
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_CHAIN,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def mark_as_logged(error: BaseException) -> None:
    """Note that an exception stands in the log, so that a server need not write it again."""
    setattr(error, _LOGGED, True)


_LOGGED = "_shop_has_logged_it"


def _take_over_uvicorn() -> None:
    # Uvicorn has set its loggers up by now: it does so before it imports the app.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        # The access log is ours (`middleware.access_log`): uvicorn's has the query in it.
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what the access log says as well: exceptions, and sockets with their tickets."""
    error = record.exc_info[1] if record.exc_info else None
    return not hasattr(error, _LOGGED) and '"WebSocket %s"' not in str(record.msg)


def _add_trace(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Name the span that is current, so that a line and a trace can be laid side by side."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _leave_out(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop what is not known and what uvicorn adds for its own colours; hide secrets."""
    return {
        name: "[secret]" if name.lower() in SECRET_NAMES else value
        for name, value in event.items()
        if value is not None and name != "color_message"
    }


_CHAIN: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _add_trace,
    _leave_out,
]


def _renderers(log_format: str, *, colors: bool) -> list[Processor]:
    # The values of local variables are in neither form: there are passwords among them.
    if log_format == "console":
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    to_dict = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(to_dict),
        structlog.processors.JSONRenderer(),
    ]

"""Every line goes through one chain and is one JSON object, or a line for people."""

import io
import json
import logging

import pytest
import structlog
from sqlalchemy import create_engine
from structlog.contextvars import bound_contextvars

from lesson_app import InMemorySettings
from lesson_app.core.logs import configure_logs, mark_as_logged

logger = logging.getLogger("lesson_app.test")


def test_audit_14_2_every_logger_writes_one_json_object_a_line(log_lines):
    """Audit 14.2: our lines, structlog's and those of a library have one form."""
    logger.info("sold %d", 3, extra={"item_id": 1})
    structlog.get_logger("lesson_app.shop").info("sold", item_id=2)
    logging.getLogger("alembic.runtime.migration").info("Running\nupgrade")
    assert [(line["logger"], line["level"]) for line in log_lines.all()] == [
        ("lesson_app.test", "info"),
        ("lesson_app.shop", "info"),
        ("alembic.runtime.migration", "info"),
    ]
    ours, theirs, _ = log_lines.all()
    assert (ours["event"], ours["item_id"]) == ("sold 3", 1)
    assert (theirs["event"], theirs["item_id"]) == ("sold", 2)


def test_a_line_has_the_context_it_was_written_in(log_lines):
    """What is bound is in each line; what is not known is left out."""
    with bound_contextvars(request_id="r1", user_id=None):
        logger.info("sold")
    line = log_lines.all()[0]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "sold",
        "level": "info",
        "logger": "lesson_app.test",
        "request_id": "r1",
    }


def test_an_exception_is_data_without_local_variables(log_lines):
    """It says what went wrong and where; the values that were there at the time are not in it."""
    password = "hunter" + "2"
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError:
        logger.exception("not sold")
    assert password not in log_lines.getvalue()
    outer, inner = log_lines.all()[0]["exception"]
    assert (outer["exc_type"], outer["exc_value"]) == ("ValueError", "outer")
    assert inner["exc_type"] == "KeyError"
    assert outer["frames"][-1]["name"] == "test_an_exception_is_data_without_local_variables"
    assert "locals" not in outer["frames"][-1]


@pytest.mark.parametrize("name", ["password", "Authorization", "refresh_token", "ticket"])
def test_a_secret_under_its_name_is_not_written(log_lines, name: str):
    """Not even by somebody who passes it to a logger by mistake."""
    logger.info("login", extra={name: "hunter2"})
    structlog.get_logger("lesson_app.test").info("login", **{name: "hunter2"})
    assert [line[name] for line in log_lines.all()] == ["[secret]"] * 2


def test_debug_is_for_our_own_loggers(log_lines):
    """At DEBUG the driver of SQLite writes the values of a statement, and others headers."""
    logger.debug("ours")
    for name in ("aiosqlite", "httpx", "websockets.server", "sqlalchemy.engine"):
        logging.getLogger(name).debug("password=hunter2")
    assert [line["event"] for line in log_lines.all()] == ["ours"]


def test_statements_of_sqlalchemy_are_json_too(log_lines):
    """Who asks for them, for a day of debugging, gets them in the same form."""
    engine = create_engine("sqlite://", echo=True)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    finally:
        engine.dispose()
        logging.getLogger("sqlalchemy.engine.Engine").setLevel(logging.NOTSET)
        for handler in logging.getLogger("sqlalchemy").handlers[:]:
            logging.getLogger("sqlalchemy").removeHandler(handler)
    assert "SELECT 1" in [line["event"] for line in log_lines.all()]


def test_the_level_of_the_settings(restored_logs):
    """What is less important is not written, whoever writes it."""
    stream = io.StringIO()
    configure_logs(InMemorySettings(log_format="json", log_level="WARNING"), stream)
    for one in (logger, logging.getLogger("alembic")):
        one.info("no")
        one.warning("yes")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["yes"] * 2


def test_lines_for_people(restored_logs):
    """In development a line reads well, and a traceback is the usual one, without values."""
    stream = io.StringIO()
    configure_logs(InMemorySettings(log_format="console"), stream)
    password = "hunter" + "2"
    try:
        raise ValueError("out")
    except ValueError:
        logger.exception("not sold", extra={"item_id": 1})
    text = stream.getvalue()
    assert "not sold" in text
    assert "item_id=1" in text
    assert "Traceback (most recent call last)" in text
    assert password not in text
    assert "\x1b[" not in text


def test_uvicorn_loses_its_own_handlers(restored_logs):
    """It has set them up before the app is imported; two forms would be mixed."""
    server, access = logging.getLogger("uvicorn"), logging.getLogger("uvicorn.access")
    for one in (server, access):
        one.addHandler(logging.StreamHandler(io.StringIO()))
        one.propagate = False
    stream = io.StringIO()
    configure_logs(InMemorySettings(log_format="json"), stream)
    logging.getLogger("uvicorn.error").info(
        "Started server process [%d]", 1, extra={"color_message": "Started \x1b[36m%d"}
    )
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1", "GET", "/?ticket=s3cret", "1.1", 200)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["Started server process [1]"]
    assert "color_message" not in lines[0]
    assert not access.hasHandlers()


def test_uvicorn_does_not_repeat_what_the_access_log_says(log_lines):
    """An exception that stands in the log, and a socket whose address has a ticket in it."""
    server = logging.getLogger("uvicorn.error")
    known, unknown = KeyError("known"), KeyError("unknown")
    mark_as_logged(known)
    for error in (known, unknown):
        server.error("Exception in ASGI application\n", exc_info=error)
    server.info('%s - "WebSocket %s" [accepted]', "127.0.0.1", "/chat?ticket=s3cret")
    assert [line["exception"][0]["exc_value"] for line in log_lines.all()] == ["'unknown'"]

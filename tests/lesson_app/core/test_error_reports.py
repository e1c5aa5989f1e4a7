"""What Sentry is told, by a transport that keeps it."""

import logging
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, Request
from sentry_sdk.transport import Transport

from lesson_app import InMemorySettings, create_app

pytestmark = pytest.mark.anyio

SECRETS = ("s3cret", "tok3n", "c00kie", "10.9.8.7")


class Kept(Transport):
    """Sends nothing and keeps every event."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__()

    def capture_envelope(self, envelope) -> None:
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]

    def flush(self, timeout: float, callback: Any = None) -> None: ...


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    kept = Kept()
    monkeypatch.setattr("sentry_sdk.client.make_transport", lambda options: kept)
    return kept.events


@pytest.fixture
def app() -> FastAPI:
    app = create_app(InMemorySettings.model_validate({"sentry_dsn": "http://key@sentry.test/1"}))

    @app.post("/bug")
    async def bug(request: Request) -> None:
        # A report shows lines of source, so the value must not stand in one.
        password = "s3c" + "ret-local"
        address = "10.9." + "8.7"
        logging.getLogger("lesson_app").warning("before", extra={"client": address})
        await request.body()
        raise KeyError(len(password))

    return app


async def test_a_failure_is_reported_once_without_what_the_person_sent(app, running, sent):
    """The report has the id of the request, and no token, cookie, query, body or address."""
    headers = {
        "Authorization": "Bearer tok3n",
        "Cookie": "session=c00kie",
        "X-Forwarded-For": "10.9.8.7",
        "X-Api-Key": "s3cret-key",
        "User-Agent": "test",
    }
    async with running(app) as http:
        http._transport.client = ("10.9.8.7", 1)
        response = await http.post(
            "/bug?q=s3cret-query", json={"password": "s3cret-body"}, headers=headers
        )
    assert response.status_code == 500
    [event] = sent
    assert event["tags"]["request_id"] == response.json()["request_id"]
    assert event["exception"]["values"][0]["type"] == "KeyError"
    assert event["environment"] == "development"
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["before"]
    assert event["extra"]["path"] == "/bug"
    assert event["request"]["method"] == "POST"
    assert event["request"]["url"].endswith("/bug")
    assert event["request"]["headers"]["user-agent"] == "test"
    assert [one for one in SECRETS if one in str(event)] == []


async def test_what_is_expected_is_not_reported(app, running, sent):
    """A 404, a 422 and a refused login are no failures."""
    async with running(app) as http:
        await http.get("/api/v1/items/999")
        await http.get("/api/v1/items?limit=0")
        await http.post("/api/v1/auth/login", data={"username": "a@b.example", "password": "x"})
    assert sent == []


async def test_a_failure_in_the_background_is_reported_too(app, running, sent):
    """What is logged as an error is reported, although there is no request."""
    async with running(app):
        logging.getLogger("lesson_app.services.relay").error("the outbox could not be emptied")
    assert [event["logentry"]["message"] for event in sent] == ["the outbox could not be emptied"]
    assert "request_id" not in sent[0].get("tags", {})


async def test_after_the_app_nothing_is_reported(app, running, sent):
    """The client of one app does not outlive it."""
    async with running(app):
        assert sentry_sdk.get_client().is_active()
    assert not sentry_sdk.get_client().is_active()
    logging.getLogger("lesson_app").error("too late")
    assert sent == []

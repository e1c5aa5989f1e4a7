"""Requests that Schemathesis makes up from the OpenAPI document, valid ones and others.

No answer is a server error, and each is one that the document names: its status, its media type,
its headers, its shape.
"""

from collections.abc import Generator
from typing import Any, cast

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.python import asgi

from lesson_app import create_app
from lesson_app.core.event_feed import EventFeed
from lesson_app.dependencies import get_event_feed
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.slow

# Statuses that a request may get although its form is the documented one: what was asked for does
# not fit with what is stored.
FITTING = [200, 201, 204, 206, 401, 403, 404, 409, 412]

# Values that only the shop can judge: an item that must exist, names that must differ, the current
# password, a domain that can have mail, a cursor of an answer, a range of a certain file.
JUDGED_BY_THE_SHOP = [
    "place_order",
    "create_items",
    "change_password",
    "register",
    "list_items_v2",
    "download_file",
]

schema = schemathesis.openapi.from_dict(
    create_app().openapi(),
    config=schemathesis.Config.from_dict(
        {
            # Each run sends the same requests.
            "seed": 1,
            "generation": {"deterministic": True, "max-examples": 5},
            "checks": {"positive_data_acceptance": {"expected-statuses": FITTING}},
            "operations": [
                {
                    "include-operation-id": JUDGED_BY_THE_SHOP,
                    "checks": {
                        "positive_data_acceptance": {"expected-statuses": [*FITTING, 416, 422]}
                    },
                },
                {
                    # /items/bulk has the form of /items/{item_id} too, and so its methods.
                    "include-operation-id": "create_items",
                    "checks": {"unsupported_method": {"enabled": False}},
                },
                {
                    # Whatever a file holds, it is a text.
                    "include-operation-id": "upload_file",
                    "checks": {"negative_data_rejection": {"enabled": False}},
                },
            ],
        }
    ),
)


def _ended_feed() -> EventFeed:
    feed = EventFeed(history=1)
    feed.close()
    return feed


@pytest.fixture
def app() -> FastAPI:
    """A shop whose streams of events have an end: else each request would last for ever."""
    app = create_app()
    app.dependency_overrides[get_event_feed] = _ended_feed
    return app


@pytest.fixture
def client(app: FastAPI) -> Generator[asgi.ASGIClient]:
    """A client of a new shop that has an order and a file."""
    with asgi.get_client(cast("Any", app)) as client:
        headers = sign_in(client)
        order = {"lines": [{"item_id": 1, "quantity": 1}]}
        assert client.post("/api/v1/orders", json=order, headers=headers).status_code == 201
        files = {"file": ("note.txt", b"Hello")}
        assert client.post("/api/v1/files", files=files, headers=headers).status_code == 201
        yield client
    asgi.shutdown_lifespans()


def sign_in(client: asgi.ASGIClient) -> dict[str, str]:
    form = {"username": "ada@example.com", "password": DEMO_PASSWORD}
    response = client.post("/api/v1/auth/login", data=form)
    assert response.status_code == 200
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def status_is_named(context: CheckContext, response: Response, case: Case) -> None:
    """Stricter than Schemathesis, which lets `default` stand for any status."""
    named = case.operation.definition.raw["responses"]
    assert str(response.status_code) in (*named, "405")


@pytest.mark.parametrize("who", ["anonymous", "administrator"])
@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_documented_one(case: Case, client: asgi.ASGIClient, who: str):
    """For a stranger and for an administrator, who logs in anew: the last request may log out."""
    headers = sign_in(client) if who == "administrator" else None
    case.call_and_validate(
        session=client, app=client.app, headers=headers, additional_checks=[status_is_named]
    )

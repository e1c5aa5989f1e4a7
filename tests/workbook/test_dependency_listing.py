"""An app that also says what its routes depend on."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI

from workbook.adapters import WrongKind
from workbook.client import client
from workbook.dependency_listing import LISTING, listed

pytestmark = pytest.mark.anyio


def get_rate() -> float:
    return 1.0


async def test_the_listing_stands_beside_the_app() -> None:
    """The app answers as before, starts and stops; the listing has its routes."""
    started = []
    app = FastAPI(lifespan=None)
    app.router.on_startup.append(lambda: started.append(True))

    @app.get("/items")
    async def price(rate: Annotated[float, Depends(get_rate)]) -> float:
        return rate

    async with client(listed(app)) as http:
        assert (await http.get("/items")).json() == 1.0
        listing = (await http.get(LISTING)).json()
    assert started == [True]
    assert {route: [step["name"] for step in steps] for route, steps in listing.items()} == {
        "GET /items": ["get_rate", "price"]
    }


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (APIRouter(), "This is a router"),
        ("app", "This is a str"),
        (lambda scope, receive, send: None, r"This is a function. Pass the app: `FastAPI\(\)`"),
    ],
)
def test_what_is_no_fastapi_app_is_refused(value: object, says: str) -> None:
    """The message says what to pass instead."""
    with pytest.raises(WrongKind, match=says):
        listed(value)

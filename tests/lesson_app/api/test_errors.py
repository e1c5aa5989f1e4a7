"""Every error has one shape, whoever raised it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import text, update
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app import create_app
from lesson_app.core.exceptions import ShopError
from lesson_app.database import begin_exclusive, open_engine
from lesson_app.dependencies import SessionDep
from lesson_app.models import Item

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> FastAPI:
    return create_app()


def problem(response) -> dict:
    """The body of a problem document, once its media type and its status were compared."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    return body


async def test_an_unknown_address(http):
    """The router's own 404 is a problem document."""
    assert problem(await http.get("/nowhere")) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
    }


async def test_a_method_that_is_not_allowed(http):
    """The router's own 405 is one too, and keeps the Allow header."""
    response = await http.put("/health")
    assert problem(response)["title"] == "Method Not Allowed"
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/items", {"GET", "POST"}),
        ("/api/v1/items/1", {"DELETE", "GET", "PATCH"}),
        # Not those of /items/{item_id}, which would fit as well.
        ("/api/v1/items/bulk", {"POST"}),
        ("/docs", {"GET", "HEAD"}),
    ],
)
async def test_audit_2_3b_all_methods_of_an_address_are_named(http, path: str, allowed: set[str]):
    """Audit 2.3b: a client learns what an address can do; what it cannot is a 405, HEAD too."""
    response = await http.request("OPTIONS", path)
    assert (response.status_code, set(response.headers["allow"].split(", "))) == (405, allowed)


async def test_an_exception_raised_on_purpose(app, running):
    """An HTTPException keeps its status, its detail and its headers."""

    @app.get("/sale")
    async def sale() -> None:
        raise HTTPException(503, "Come back at nine.", headers={"Retry-After": "60"})

    async with running(app) as http:
        response = await http.get("/sale")
    assert problem(response) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Come back at nine.",
    }
    assert response.headers["retry-after"] == "60"


async def test_a_status_without_a_name(app, running):
    """A status code that has no official name is answered all the same."""

    @app.get("/busy")
    async def busy() -> None:
        raise HTTPException(529, "Too many guests.")

    async with running(app) as http:
        assert problem(await http.get("/busy"))["title"] == "Error"


async def test_a_status_that_has_no_body(app, running):
    """304 may not have a body, so it has none."""

    @app.get("/catalogue")
    async def catalogue() -> None:
        raise HTTPException(304, headers={"ETag": '"7"'})

    async with running(app) as http:
        response = await http.get("/catalogue")
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == '"7"'


async def test_an_invalid_request_is_explained_and_not_repeated(app, running):
    """Each mistake is listed; what was sent, such as a password, is not in the answer."""

    class Login(BaseModel):
        email: str
        password: int

    @app.post("/login")
    async def login(data: Login) -> None:
        raise AssertionError(data)

    async with running(app) as http:
        response = await http.post("/login", json={"password": "hunter2"})
    assert "hunter2" not in response.text
    assert problem(response) == {
        "type": "urn:problem-type:invalid-request",
        "title": "Invalid request",
        "status": 422,
        "detail": "The request does not have the form that this address accepts; see errors.",
        "errors": [
            {"loc": ["body", "email"], "msg": "Field required", "type": "missing"},
            {
                "loc": ["body", "password"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "type": "int_parsing",
            },
        ],
    }


async def test_malformed_json(http):
    """A body that is not JSON is an invalid request like any other."""
    response = await http.post(
        "/api/v1/items", content="{", headers={"content-type": "application/json"}
    )
    assert [error["type"] for error in problem(response)["errors"]] == ["json_invalid"]


@pytest.mark.parametrize("error", [KeyError("secret"), ShopError("secret")])
async def test_audit_6_3_a_bug_says_nothing_of_itself(app, running, error: Exception):
    """Audit 6.3: an exception that nobody expected, or without a mapping, is a 500 and no more."""

    @app.get("/bug")
    async def bug() -> None:
        raise error

    async with running(app) as http:
        response = await http.get("/bug")
    assert problem(response) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Something went wrong on our side.",
        "request_id": response.headers["x-request-id"],
    }


async def test_a_constraint_that_only_our_code_can_break_is_a_bug(settings, running):
    """A price of zero that reached the database is not the client's conflict."""
    app = create_app(settings)

    @app.post("/gifts")
    async def give(session: SessionDep) -> None:
        session.add(Item(name="Gift", price=Decimal(0), owner_id=1))

    async with running(app) as http:
        assert problem(await http.post("/gifts"))["status"] == 500


async def test_a_statement_that_is_wrong_is_a_bug(settings, running):
    """What the database does not understand is no better when it is sent again."""
    app = create_app(settings)

    @app.get("/nowhere")
    async def look(session: SessionDep) -> None:
        await session.execute(text("SELECT * FROM nowhere"))

    async with running(app) as http:
        assert problem(await http.get("/nowhere"))["status"] == 500


BUSY = {
    "type": "urn:problem-type:busy",
    "title": "Busy",
    "status": 503,
    "detail": "The shop is busy right now, and nothing was changed. Try again.",
}


async def test_a_row_that_stays_locked(settings, running, sign_in):
    """A request that waits too long for another transaction is told to try again, and then can."""
    impatient = settings.model_copy(update={"database_lock_timeout": timedelta(seconds=1)})
    app = create_app(impatient)
    async with running(app) as http, open_engine(impatient) as engine:
        headers = await sign_in(http, "ada@example.com")
        async with AsyncSession(engine) as holder:
            await begin_exclusive(holder)
            await holder.execute(update(Item).where(Item.id == 1).values(stock=3))
            refused = await http.patch("/api/v1/items/1", json={"stock": 4}, headers=headers)
        again = await http.patch("/api/v1/items/1", json={"stock": 4}, headers=headers)
    assert problem(refused) == BUSY
    assert refused.headers["retry-after"] == "1"
    assert (again.status_code, again.json()["stock"]) == (200, 4)


async def test_a_pool_without_a_free_connection(app, running):
    """Who waited for a connection in vain is told the same."""

    @app.get("/queue")
    async def queue() -> None:
        raise PoolTimeout

    async with running(app) as http:
        response = await http.get("/queue")
    assert (problem(response), response.headers["retry-after"]) == (BUSY, "1")

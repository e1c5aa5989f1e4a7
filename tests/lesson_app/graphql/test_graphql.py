"""GraphQL: what it answers, in how many statements, and what it refuses."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lesson_app import InMemorySettings, create_app
from lesson_app.crud import item as item_crud
from lesson_app.crud import user as user_crud
from lesson_app.graphql import schema

pytestmark = pytest.mark.anyio

EVERYTHING = """
query ($limit: Int!) {
  orders(limit: $limit) {
    total
    orders {
      id status createdAt
      lines { quantity unitPrice item { name price owner { id displayName } } }
    }
  }
}
"""

BUY = """
mutation ($item: Int!, $quantity: Int!, $key: String) {
  placeOrder(lines: [{itemId: $item, quantity: $quantity}], key: $key) { id status }
}
"""


@pytest.fixture
def app(settings: InMemorySettings) -> FastAPI:
    return create_app(settings.model_copy(update={"graphql": True}))


async def ask(http: httpx.AsyncClient, query: str, headers=None, **variables) -> dict[str, Any]:
    """Send a query and return the answer, whose status is always 200."""
    body = {"query": query, "variables": variables}
    response = await http.post("/graphql", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def refusal(http: httpx.AsyncClient, query: str, headers=None, **variables) -> tuple:
    """Send a query that is refused; return the message and the code."""
    [error] = (await ask(http, query, headers, **variables))["errors"]
    return error["message"], error.get("extensions", {}).get("code")


# -- Reading ------------------------------------------------------------------------------


async def test_a_shop_has_no_graph_by_default(running):
    """Nothing is there that nobody asked for."""
    async with running(create_app()) as http:
        assert (await http.post("/graphql", json={"query": "{ __typename }"})).status_code == 404


async def test_items_for_everyone(http):
    """Without a token; money is exact."""
    query = "{ items(limit: 2, sort: PRICE_DOWN) { total items { id name price stock } } }"
    assert await ask(http, query) == {
        "data": {
            "items": {
                "total": 12,
                "items": [
                    {"id": 10, "name": "Headphones", "price": "129.00", "stock": 4},
                    {"id": 8, "name": "Backpack", "price": "64.50", "stock": 9},
                ],
            }
        }
    }


async def test_items_that_are_searched_for(http):
    """The same filters as the API has."""
    query = '{ items(q: "LAMP", inStock: true, offset: 0) { items { name } } }'
    assert await ask(http, query) == {"data": {"items": {"items": [{"name": "Desk lamp"}]}}}


async def test_one_item_and_its_seller(http):
    """The seller has a name there, and no address."""
    answer = await ask(http, "{ item(id: 2) { name description owner { id displayName } } }")
    assert answer["data"]["item"] == {
        "name": "Desk lamp",
        "description": None,
        "owner": {"id": 2, "displayName": "Grace"},
    }
    message, _ = await refusal(http, "{ item(id: 2) { owner { email } } }")
    assert message.startswith("Cannot query field 'email'")


async def test_an_item_that_does_not_exist(http):
    """The refusal is that of the API, with a code."""
    expected = ("No item has the id 999.", "ITEM_NOT_FOUND")
    assert await refusal(http, "{ item(id: 999) { name } }") == expected


@pytest.mark.parametrize(
    ("arguments", "field"),
    [("limit: 101", "limit"), ("limit: 0", "limit"), ("offset: -1", "offset")],
)
async def test_pages_are_bounded(http, as_grace, arguments: str, field: str):
    """By the bounds of the API, and without repeating what was sent."""
    for query in (
        f"{{ items({arguments}) {{ total }} }}",
        f"{{ orders({arguments}) {{ total }} }}",
    ):
        message, code = await refusal(http, query, as_grace)
        assert message.startswith(f"{field}: Input should be")
        assert code == "INVALID_REQUEST"


async def test_orders_are_your_own(http, as_grace, as_alan, as_ada):
    """An administrator too sees their own here."""
    await ask(http, BUY, as_grace, item=1, quantity=2)
    answers = [await ask(http, EVERYTHING, who, limit=5) for who in (as_grace, as_alan, as_ada)]
    assert [one["data"]["orders"]["total"] for one in answers] == [1, 0, 0]
    [order] = answers[0]["data"]["orders"]["orders"]
    assert order.pop("createdAt")
    assert order == {
        "id": 1,
        "status": "PLACED",
        "lines": [
            {
                "quantity": 2,
                "unitPrice": "24.90",
                "item": {
                    "name": "Teapot",
                    "price": "24.90",
                    "owner": {"id": 1, "displayName": "Ada"},
                },
            }
        ],
    }


async def test_orders_need_a_token(http):
    """The part that needs none is answered all the same."""
    answer = await ask(http, "{ items(limit: 1) { total } orders { total } }")
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_AUTHENTICATED"]


async def test_a_token_that_is_not_good(http):
    """It is refused as by the API: 401, a problem document."""
    headers = {"Authorization": "Bearer nonsense"}
    response = await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("orders", [1, 5])
async def test_many_rows_take_as_many_statements_as_one(http, as_grace, statements, orders: int):
    """Token, orders, lines, count, items, sellers: six, however many orders there are."""
    for item in range(1, orders + 1):
        lines = [{"item_id": item, "quantity": 1}, {"item_id": item + 7, "quantity": 1}]
        if item != 7:
            await http.post("/api/v1/orders", json={"lines": lines}, headers=as_grace)
    statements.clear()
    answer = await ask(http, EVERYTHING, as_grace, limit=100)
    assert len(answer["data"]["orders"]["orders"]) == orders
    assert len([one for one in statements if one.startswith("SELECT")]) == 6


async def test_fields_at_once_share_one_session(http, as_grace):
    """They are resolved concurrently, and take turns at the database."""
    query = "{ a: items { total } b: items { total } orders { total } item(id: 1) { name } }"
    answer = await ask(http, query, as_grace)
    assert "errors" not in answer
    assert answer["data"]["b"] == {"total": 12}


# -- Changing -----------------------------------------------------------------------------


async def test_an_order_is_placed(http, as_grace):
    """It is stored, and the stock is less."""
    answer = await ask(http, BUY, as_grace, item=1, quantity=2, key="k1")
    again = await ask(http, BUY, as_grace, item=1, quantity=2, key="k1")
    assert answer == again == {"data": {"placeOrder": {"id": 1, "status": "PLACED"}}}
    assert (await http.get("/api/v1/items/1")).json()["stock"] == 10


async def test_what_cannot_be_bought(http, as_grace):
    """Each refusal has its code."""
    refusals = [
        await refusal(http, BUY, as_grace, item=1, quantity=100),
        await refusal(http, BUY, as_grace, item=999, quantity=1),
        await refusal(http, BUY, as_grace, item=1, quantity=0),
        await refusal(http, BUY, item=1, quantity=1),
    ]
    codes = [code for _, code in refusals]
    assert codes == ["OUT_OF_STOCK", "UNKNOWN_ITEM", "INVALID_REQUEST", "NOT_AUTHENTICATED"]


async def test_a_change_that_fails_does_not_take_back_another(http, as_grace):
    """Of three in one request, two are done, and the one between changed nothing."""
    query = """mutation {
        a: placeOrder(lines: [{itemId: 1, quantity: 1}]) { id }
        b: placeOrder(lines: [{itemId: 2, quantity: 1}, {itemId: 3, quantity: 999}]) { id }
        c: placeOrder(lines: [{itemId: 1, quantity: 1}]) { id lines { item { stock } } }
    }"""
    # A field that may not be null takes all data with it: what was done is seen afterwards.
    answer = await ask(http, query, as_grace)
    assert [error["path"] for error in answer["errors"]] == [["b"]]
    stock = [(await http.get(f"/api/v1/items/{id_}")).json()["stock"] for id_ in (1, 2)]
    assert stock[1] == 5
    orders = await ask(http, "{ orders { total } }", as_grace)
    assert orders["data"]["orders"]["total"] == 12 - stock[0]


# -- Limits -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "k" * 101, "a\0b", "a b", "ü"])
async def test_a_key_that_the_api_would_not_take(http, as_grace, key: str):
    """The mistake is named before any database sees it; nothing is bought."""
    answer = await refusal(http, BUY, as_grace, item=1, quantity=1, key=key)
    assert (answer[0].partition(":")[0], answer[1]) == ("key", "INVALID_REQUEST")
    assert (await http.get("/api/v1/items/1")).json()["stock"] == 12


async def test_a_query_that_is_too_deep(http, monkeypatch):
    """How deep a query may go is bounded; the deepest useful one is allowed."""
    monkeypatch.setattr(schema, "MAX_DEPTH", 1)
    message, _ = await refusal(http, "{ items { items { owner { id } } } }")
    assert message == "'anonymous' exceeds maximum operation depth of 1"


async def test_a_query_that_is_too_long(http):
    """Its length is counted before it is understood."""
    message, _ = await refusal(http, "{ items { items { " + "id " * 600 + "} } }")
    assert message == "Syntax Error: Document contains more than 500 tokens. Parsing aborted."


async def test_a_query_with_too_many_aliases(http):
    """One field under many names would be many queries in one request."""
    fields = " ".join(f"a{number}: items {{ total }}" for number in range(11))
    message, _ = await refusal(http, f"{{ {fields} }}")
    assert message == "11 aliases found. Allowed: 10"


async def test_a_batch_of_queries(http):
    """Several queries in one request are refused."""
    response = await http.post("/graphql", json=[{"query": "{ __typename }"}] * 2)
    assert response.status_code == 400


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000])
async def test_a_body_that_is_no_json(http, body: bytes):
    """Whatever makes it none, it is the mistake of who sent it."""
    headers = {"Content-Type": "application/json"}
    response = await http.post("/graphql", content=body, headers=headers)
    assert (response.status_code, response.json()["status"]) == (400, 400)


async def test_a_query_by_get(http):
    """Only POST with JSON asks, which no page of another site can send unasked."""
    answers = [
        await http.get("/graphql", params={"query": "{ __typename }"}),
        await http.post("/graphql", data={"query": "{ __typename }"}),
    ]
    assert [one.status_code for one in answers] == [400, 400]
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}


async def test_requests_are_limited(running):
    """They count like those of the API."""
    settings = InMemorySettings(graphql=True, rate_limits=True, default_rate_limit="1/hour")
    async with running(create_app(settings)) as http:
        answers = [await http.post("/graphql", json={"query": "{ __typename }"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]


# -- What is hidden -----------------------------------------------------------------------


async def test_the_graph_explains_itself_where_the_docs_are_on(http):
    """GraphiQL is a page, and introspection answers."""
    page = await http.get("/graphql", headers={"Accept": "text/html"})
    assert "graphiql" in page.text.lower()
    answer = await ask(http, "{ __schema { queryType { name } } }")
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


async def test_without_docs_it_does_not(running):
    """As in production: neither the page, nor introspection."""
    async with running(create_app(InMemorySettings(graphql=True, docs=False))) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
        answer = await ask(http, "{ __schema { queryType { name } } }")
    assert page.status_code == 404
    assert answer.get("data") is None
    assert "introspection has been disabled" in answer["errors"][0]["message"]


async def test_a_bug_says_nothing_of_itself_and_is_logged_once(http, monkeypatch, log_lines):
    """The client learns that it is our fault; the log has the traceback, and no argument."""

    async def fail(session, query) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(schema, "list_items", fail)
    answer = await ask(http, '{ items(q: "s3cret") { total } }')
    [error] = answer["errors"]
    assert (error["message"], error["path"]) == ("Something went wrong on our side.", ["items"])
    [line] = [line for line in log_lines.all() if line["level"] == "error"]
    assert line["event"] == "GraphQL failed at items"
    assert line["exception"][0]["exc_value"] == "'inside'"
    assert "request_id" in line
    assert "s3cret" not in log_lines.getvalue()


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    "error", [PoolTimeout(), OperationalError("SELECT", {}, Exception(1205, "Lock wait timeout"))]
)
async def test_a_busy_database_is_no_bug(http, monkeypatch, log_lines, error: Exception):
    """The client is told to try again, as by the API, wherever it happens; no error is logged."""

    async def fail(*arguments) -> None:
        raise error

    for place, name in ((schema, "list_items"), (item_crud, "get_item"), (user_crud, "get_users")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            query = {
                "list_items": "{ items { total } }",
                "get_item": "{ item(id: 1) { name } }",
                "get_users": "{ item(id: 1) { owner { id } } }",
            }[name]
            message, code = await refusal(http, query)
        assert (message.partition(",")[0], code) == ("The shop is busy right now", "BUSY")
    assert [line for line in log_lines.all() if line["level"] == "error"] == []


async def test_a_broken_database_is_a_bug(http, monkeypatch):
    """What is no contention is not called so."""

    async def fail(*arguments) -> None:
        raise OperationalError("SELECT", {}, Exception("no such table"))

    monkeypatch.setattr(schema, "list_items", fail)
    message, code = await refusal(http, "{ items { total } }")
    assert (message, code) == ("Something went wrong on our side.", None)


async def test_the_mistakes_of_a_client_are_not_logged(http, log_lines):
    """They are no errors of the shop."""
    await refusal(http, "{ items { nothing } }")
    await refusal(http, "{ item(id: 999) { name } }")
    assert [line["level"] for line in log_lines.all()] == ["info", "info"]

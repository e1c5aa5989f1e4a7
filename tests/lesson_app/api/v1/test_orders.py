"""Orders over HTTP: who may do what, and what the answers look like."""

import asyncio
from collections import Counter
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

ORDERS = "/api/v1/orders"
TEAPOTS = {"lines": [{"item_id": 2, "quantity": 1}, {"item_id": 1, "quantity": 2}]}


async def left(http, item_id: int = 1) -> int:
    return (await http.get(f"/api/v1/items/{item_id}")).json()["stock"]


async def test_audit_8_8_place_and_read(http, as_grace):
    """Audit 8.8: the answer is the order as it is stored, with its total, and says where it is."""
    response = await http.post(ORDERS, json=TEAPOTS, headers=as_grace)
    order = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"{ORDERS}/1"
    assert {**order, "created_at": None, "updated_at": None} == {
        "id": 1,
        "buyer_id": 2,
        "status": "placed",
        "lines": [
            {"item_id": 1, "quantity": 2, "unit_price": "24.90"},
            {"item_id": 2, "quantity": 1, "unit_price": "39.00"},
        ],
        "total": "88.80",
        "created_at": None,
        "updated_at": None,
    }
    assert (await http.get(f"{ORDERS}/1", headers=as_grace)).json() == order
    assert await left(http) == 10


@pytest.mark.parametrize(
    ("lines", "status", "title"),
    [
        ([{"item_id": 1, "quantity": 13}], 409, "Out of stock"),
        ([{"item_id": 99, "quantity": 1}], 422, "Unknown item"),
    ],
)
async def test_what_cannot_be_bought(http, as_grace, lines: list[Any], status: int, title: str):
    """Too much is a conflict, an item that does not exist is a mistake in the lines."""
    response = await http.post(ORDERS, json={"lines": lines}, headers=as_grace)
    problem = response.json()
    assert (response.status_code, problem["title"]) == (status, title)
    assert [error["loc"] for error in problem.get("errors", [])] == [["body", "lines"]] * (
        status == 422
    )


async def test_the_same_request_again(http, as_grace):
    """201 the first time, then 200 with the same order; the key for other things is refused."""
    key = {**as_grace, "Idempotency-Key": "5b9e"}
    first = await http.post(ORDERS, json=TEAPOTS, headers=key)
    again = await http.post(ORDERS, json=TEAPOTS, headers=key)
    other = await http.post(ORDERS, json={"lines": [{"item_id": 3, "quantity": 1}]}, headers=key)
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 422]
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert other.json()["errors"][0]["loc"] == ["header", "idempotency-key"]
    assert await left(http) == 10


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 101, "schlüssel".encode("latin-1")])
async def test_a_key_that_is_none(http, as_grace, key: str | bytes):
    """A key is visible ASCII of at most 100 characters."""
    headers = {**as_grace, "Idempotency-Key": key}
    response = await http.post(ORDERS, json=TEAPOTS, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["header", "idempotency-key"]


async def test_many_requests_for_the_last_units(ready_http, as_grace, as_alan):
    """As many are sold as there are, and nobody gets a server error."""
    order = {"lines": [{"item_id": 10, "quantity": 1}]}
    responses = await asyncio.gather(
        *(ready_http.post(ORDERS, json=order, headers=who) for who in (as_grace, as_alan) * 10)
    )
    assert Counter(response.status_code for response in responses) == {201: 4, 409: 16}
    assert await left(ready_http, 10) == 0


async def test_one_order_is_its_buyers_affair(http, as_ada, as_grace, as_alan):
    """Somebody else finds nothing, whatever is tried; an administrator finds it."""
    await http.post(ORDERS, json=TEAPOTS, headers=as_grace)
    for method, path in (("GET", ""), ("POST", "/pay"), ("POST", "/cancel")):
        response = await http.request(method, f"{ORDERS}/1{path}", headers=as_alan)
        unknown = await http.request(method, f"{ORDERS}/99{path}", headers=as_alan)
        assert response.status_code == unknown.status_code == 404
        assert response.text == unknown.text.replace("99", "1")
    assert (await http.get(f"{ORDERS}/1", headers=as_ada)).status_code == 200


async def test_from_placed_to_shipped(http, as_ada, as_grace):
    """The buyer pays, an administrator ships, and then it cannot be cancelled."""
    await http.post(ORDERS, json=TEAPOTS, headers=as_grace)
    steps = [("ship", as_ada), ("pay", as_grace), ("ship", as_grace), ("ship", as_ada)]
    answers = [await http.post(f"{ORDERS}/1/{step}", headers=who) for step, who in steps]
    late = await http.post(f"{ORDERS}/1/cancel", headers=as_grace)
    assert [answer.status_code for answer in answers] == [409, 200, 403, 200]
    assert [answers[1].json()["status"], answers[3].json()["status"]] == ["paid", "shipped"]
    assert late.status_code == 409
    assert late.json()["detail"] == "The order 1 is shipped and cannot become cancelled."
    assert await left(http) == 10


async def test_cancel(http, as_grace):
    """The units are back in stock; a second time is a conflict."""
    await http.post(ORDERS, json=TEAPOTS, headers=as_grace)
    answers = [await http.post(f"{ORDERS}/1/cancel", headers=as_grace) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[0].json()["status"] == "cancelled"
    assert await left(http) == 12


async def test_list(http, as_ada, as_grace, as_alan):
    """Your own, newest first; an administrator sees all, or one buyer's, or one status."""
    for who in (as_grace, as_alan, as_grace):
        await http.post(ORDERS, json=TEAPOTS, headers=who)
    await http.post(f"{ORDERS}/3/pay", headers=as_grace)

    async def ids(who: dict[str, str], **query: Any) -> tuple[list[int], int]:
        page = (await http.get(ORDERS, params=query, headers=who)).json()
        return [order["id"] for order in page["items"]], page["total"]

    assert await ids(as_grace) == ([3, 1], 2)
    assert await ids(as_grace, buyer_id=3) == ([3, 1], 2)
    assert await ids(as_grace, limit=1, offset=1) == ([1], 2)
    assert await ids(as_grace, status="paid") == ([3], 1)
    assert await ids(as_ada) == ([3, 2, 1], 3)
    assert await ids(as_ada, buyer_id=3) == ([2], 1)


@pytest.mark.parametrize("query", [{"limit": 101}, {"status": "lost"}, {"sort": "id"}], ids=str)
async def test_list_is_bounded(http, as_grace, query: dict[str, Any]):
    """A page that is too large and a filter that is none are refused."""
    assert (await http.get(ORDERS, params=query, headers=as_grace)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("GET", "/1"), *(("POST", f"/1/{w}") for w in ("pay", "ship"))],
)
async def test_who_orders_is_known(http, method: str, path: str):
    """Nothing of it without a token."""
    body = TEAPOTS if method == "POST" else None
    assert (await http.request(method, f"{ORDERS}{path}", json=body)).status_code == 401

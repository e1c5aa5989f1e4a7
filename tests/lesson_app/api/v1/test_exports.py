"""Everything at once, line by line."""

import json

import pytest
from sqlalchemy import insert

from lesson_app.models import Item, Order, OrderLine
from lesson_app.services import exports
from lesson_app.services.exports import stream_items

pytestmark = pytest.mark.anyio


def lines(response) -> list[dict]:
    assert response.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in response.text.splitlines()]


async def test_all_items(http, as_grace):
    """One object a line, the same as elsewhere, in the order of their ids."""
    response = await http.get("/api/v1/exports/items", headers=as_grace)
    found = lines(response)
    assert [one["id"] for one in found] == list(range(1, 13))
    assert found[0] == (await http.get("/api/v1/items/1")).json()
    assert response.headers["content-disposition"] == 'attachment; filename="items.jsonl"'
    assert (await http.get("/api/v1/exports/items")).status_code == 401


async def test_ones_own_orders_or_everybodys(http, as_ada, as_grace, as_alan, monkeypatch):
    """With their lines, over several batches; an administrator gets all."""
    monkeypatch.setattr(exports, "BATCH", 2)
    for number in range(5):
        order = {"lines": [{"item_id": 1, "quantity": 1}, {"item_id": 3, "quantity": 2}]}
        headers = as_alan if number == 2 else as_grace
        await http.post("/api/v1/orders", json=order, headers=headers)
    response = await http.get("/api/v1/exports/orders", headers=as_grace)
    found = lines(response)
    assert [one["id"] for one in found] == [1, 2, 4, 5]
    assert found[0] == (await http.get("/api/v1/orders/1", headers=as_grace)).json()
    assert response.headers["content-disposition"] == 'attachment; filename="orders.jsonl"'
    everything = await http.get("/api/v1/exports/orders", headers=as_ada)
    assert [one["id"] for one in lines(everything)] == [1, 2, 3, 4, 5]
    assert (await http.get("/api/v1/exports/orders")).status_code == 401


async def test_orders_come_in_batches_of_two_statements(sessions, statements, monkeypatch):
    """One for the orders and one for their lines, however many there are."""
    monkeypatch.setattr(exports, "BATCH", 10)
    async with sessions.begin() as session:
        await session.execute(insert(Order), [{"buyer_id": 1} for _ in range(25)])
        line = {"item_id": 1, "quantity": 1, "unit_price": 1}
        await session.execute(insert(OrderLine), [{**line, "order_id": n} for n in range(1, 26)])
    statements.clear()
    orders = [order async for order in exports.stream_orders(sessions, buyer_id=None)]
    assert ([len(order.lines) for order in orders], len(statements)) == ([1] * 25, 6)


async def test_a_cursor_holds_one_batch_at_a_time(sessions, monkeypatch):
    """Rows that were read are not kept: of thousands, a few batches are in memory."""
    monkeypatch.setattr(exports, "BATCH", 100)
    async with sessions.begin() as session:
        row = {"price": 1, "stock": 1, "owner_id": 1, "version": 1}
        await session.execute(insert(Item), [{"name": f"Item {n}", **row} for n in range(3000)])
    most = read = 0
    async with sessions() as session:
        async for _ in stream_items(session):
            read += 1
            most = max(most, len(session.identity_map))
    assert read == 3012
    assert most <= 300

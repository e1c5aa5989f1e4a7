"""Stock under many buyers at once: three ways to take it, on three databases."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import select, update

from lesson_app.core.exceptions import ItemChanged, OutOfStock, ShopError, UnknownItem
from lesson_app.models import Item, OrderLine
from lesson_app.services.orders import place_order
from lesson_app.services.stock import (
    give_back,
    take_in_one_statement,
    take_with_locks,
    take_with_versions,
)

pytestmark = pytest.mark.anyio

WAYS = (take_in_one_statement, take_with_locks, take_with_versions)
ways = pytest.mark.parametrize("take", WAYS, ids=lambda way: way.__name__)


async def set_stock(sessions, **stock: int) -> None:
    async with sessions.begin() as session:
        for item_id, left in stock.items():
            change = update(Item).where(Item.id == int(item_id[1:])).values(stock=left)
            await session.execute(change)


async def stock_of(sessions, *item_ids: int) -> list[int]:
    async with sessions() as session:
        query = select(Item.stock).where(Item.id.in_(item_ids)).order_by(Item.id)
        return list(await session.scalars(query))


async def sold_of(sessions, item_id: int) -> int:
    async with sessions() as session:
        lines = await session.scalars(
            select(OrderLine.quantity).where(OrderLine.item_id == item_id)
        )
        return sum(lines)


async def buy(sessions, take, wanted: dict[int, int]) -> str:
    """Buy in a transaction of its own, and say how it ended."""
    try:
        async with sessions() as session:
            await place_order(session, 2, wanted, take=take)
            await session.commit()
    except ShopError as error:
        return type(error).__name__
    return "sold"


@ways
async def test_audit_8_11_the_last_unit_is_sold_once(ready_sessions, take):
    """Audit 8.11: of 200 who want it at once, one gets it; the others are told that it is gone."""
    await set_stock(ready_sessions, _1=1)
    ends = Counter(await asyncio.gather(*(buy(ready_sessions, take, {1: 1}) for _ in range(200))))
    assert ends == {"sold": 1, "OutOfStock": 199}
    assert (await stock_of(ready_sessions, 1), await sold_of(ready_sessions, 1)) == ([0], 1)


@ways
async def test_nothing_is_sold_that_is_not_there(ready_sessions, take):
    """With quantities that do not add up, what was sold and what is left do."""
    await set_stock(ready_sessions, _1=10)
    quantities = [1, 2, 3, 4] * 4
    ends = await asyncio.gather(*(buy(ready_sessions, take, {1: number}) for number in quantities))
    sold = sum(number for number, end in zip(quantities, ends, strict=True) if end == "sold")
    assert set(ends) <= {"sold", "OutOfStock", "TooManyBuyers"}
    assert await sold_of(ready_sessions, 1) == sold > 0
    assert await stock_of(ready_sessions, 1) == [10 - sold]


@ways
async def test_orders_that_name_items_in_opposite_order_do_not_deadlock(ready_sessions, take):
    """Both go through the items in one order, so neither waits for what waits for it."""
    wants = [{1: 1, 2: 1, 3: 1}, {3: 1, 2: 1, 1: 1}] * 8
    await set_stock(ready_sessions, _1=100, _2=100, _3=100)
    ends = Counter(await asyncio.gather(*(buy(ready_sessions, take, want) for want in wants)))
    assert set(ends) <= {"sold", "TooManyBuyers"}
    assert await stock_of(ready_sessions, 1, 2, 3) == [100 - ends["sold"]] * 3
    if take is not take_with_versions:
        assert ends == {"sold": 16}


@ways
async def test_all_or_nothing(sessions, take):
    """When the second line cannot be had, the first one's units stay in stock."""
    assert await buy(sessions, take, {1: 2, 7: 1}) == "OutOfStock"
    assert await stock_of(sessions, 1, 7) == [12, 0]


@ways
@pytest.mark.parametrize(
    ("wanted", "expected", "message"),
    [({1: 13}, OutOfStock, "item 1"), ({1: 1, 99: 1}, UnknownItem, "id 99")],
    ids=["too many", "unknown"],
)
async def test_what_cannot_be_had_is_named(sessions, take, wanted, expected, message: str):
    """The first item that is missing is said, and why."""
    async with sessions() as session:
        with pytest.raises(expected, match=message):
            await take(session, wanted)


@ways
async def test_what_is_taken(sessions, take):
    """All stock may go; the version moves on with it, and the price is today's."""
    async with sessions.begin() as session:
        prices = await take(session, {1: 12, 2: 1})
    async with sessions() as session:
        rows = await session.execute(
            select(Item.stock, Item.version).where(Item.id <= 2).order_by(Item.id)
        )
        assert rows.all() == [(0, 2), (4, 2)]
    assert {item_id: str(price) for item_id, price in prices.items()} == {1: "24.90", 2: "39.00"}


@pytest.mark.parametrize("take", [take_with_locks, take_with_versions])
async def test_audit_8_11_an_item_that_the_session_holds_is_read_again(sessions, take):
    """Audit 8.11: stock that was read before the lock is not what is left by then."""
    async with sessions() as session:
        held = await session.get_one(Item, 1)
        await set_stock(sessions, _1=0)
        assert held.stock == 12
        with pytest.raises(OutOfStock):
            await take(session, {1: 1})


async def test_a_version_that_is_gone(sessions, monkeypatch):
    """Who reads, and writes after somebody else wrote, is told so, and nothing is changed."""
    async with sessions() as slow:
        flush = slow.flush

        async def flush_late() -> None:
            assert await buy(sessions, take_in_one_statement, {1: 5}) == "sold"
            await flush()

        monkeypatch.setattr(slow, "flush", flush_late)
        with pytest.raises(ItemChanged):
            await take_with_versions(slow, {1: 1})
    assert await stock_of(sessions, 1) == [7]


async def test_giving_back(sessions):
    """Units go back into stock, and the version moves on."""
    async with sessions.begin() as session:
        await give_back(session, {1: 3, 2: 1})
    assert await stock_of(sessions, 1, 2) == [15, 6]


@pytest.mark.parametrize("left", [2**31 - 4, 2**31 - 3, 2**31 - 1])
async def test_giving_back_what_there_is_no_room_for(sessions, left: int):
    """A stock has a largest number; that it is reached is no error, and no reason not to cancel."""
    await set_stock(sessions, _1=left)
    async with sessions.begin() as session:
        await give_back(session, {1: 3})
    assert await stock_of(sessions, 1) == [2**31 - 1]


@pytest.mark.parametrize(
    ("take", "expected"),
    [(take_in_one_statement, 3), (take_with_locks, 3), (take_with_versions, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_how_many_statements_it_takes(sessions, statements, backend: str, take, expected):
    """One UPDATE for each item and one SELECT, whatever the way; SQLite is locked by one more."""
    async with sessions() as session:
        statements.clear()
        await take(session, {1: 1, 2: 1})
    locked = backend == "sqlite" and take is take_with_locks
    assert len(statements) == expected + locked

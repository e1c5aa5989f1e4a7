"""Placing orders, asking twice, and what becomes of an order; without HTTP."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from lesson_app.core.exceptions import (
    ItemChanged,
    KeyReused,
    OrderNotFound,
    OutOfStock,
    ShopError,
    TooManyBuyers,
    WrongOrderStatus,
)
from lesson_app.models import Item, Order, OrderLine, OrderStatus
from lesson_app.services.orders import CAME_FROM, MAX_ATTEMPTS, move_order, place_order
from lesson_app.services.stock import take_in_one_statement, take_with_versions
from tests.services import SERVER_BACKENDS

pytestmark = pytest.mark.anyio

GRACE, ALAN = 2, 3

WAITS_FOR_ME = (
    "SELECT count(*) FROM pg_locks"
    " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


async def stock(sessions, item_id: int = 1) -> int:
    async with sessions() as session:
        return (await session.get_one(Item, item_id)).stock


async def count_orders(sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Order))


async def buy(sessions, wanted: dict[int, int], key: str | None = None, buyer: int = GRACE):
    async with sessions() as session:
        order, new = await place_order(session, buyer, wanted, key=key)
        await session.commit()
        return order.id, new


async def how(action: Awaitable[object]) -> str:
    """Say how an action ended, in a word."""
    try:
        await action
    except ShopError as error:
        return type(error).__name__
    return "done"


async def test_the_price_is_frozen(sessions):
    """What an item costs later does not change what was bought."""
    order_id, _ = await buy(sessions, {2: 1, 1: 2})
    async with sessions.begin() as session:
        await session.execute(update(Item).values(price=Decimal(1)))
    async with sessions() as session:
        query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
        lines = [
            (line.item_id, line.quantity, str(line.unit_price))
            for line in await session.scalars(query)
        ]
    assert lines == [(1, 2, "24.90"), (2, 1, "39.00")]


async def test_audit_8_8_a_refused_order_leaves_nothing(sessions):
    """Audit 8.8: neither an order nor a line, and no stock is gone."""
    async with sessions() as session:
        with pytest.raises(OutOfStock):
            await place_order(session, GRACE, {1: 1, 7: 1})
    assert (await stock(sessions), await count_orders(sessions)) == (12, 0)


async def test_a_buyer_who_does_not_exist_is_our_mistake(sessions):
    """A violation that is no second use of a key is not tried again."""
    with pytest.raises(IntegrityError):
        await buy(sessions, {1: 1}, buyer=99)
    with pytest.raises(IntegrityError):
        await buy(sessions, {1: 1}, "a", buyer=99)


async def test_a_key_that_comes_again_buys_nothing(sessions):
    """The second request gets the order of the first; another buyer's same key is another key."""
    first = await buy(sessions, {1: 2}, "monday")
    assert first[1] is True
    assert await buy(sessions, {1: 2}, "monday") == (first[0], False)
    assert await stock(sessions) == 10
    assert (await buy(sessions, {1: 2}, "monday", buyer=ALAN))[1] is True
    assert (await buy(sessions, {1: 2}, "tuesday"))[1] is True
    assert await stock(sessions) == 6


@pytest.mark.parametrize("wanted", [{1: 3}, {2: 2}, {1: 2, 2: 1}])
async def test_a_key_belongs_to_one_order(sessions, wanted: dict[int, int]):
    """The key of another order is refused: the client made a mistake, and would not see it."""
    await buy(sessions, {1: 2}, "monday")
    with pytest.raises(KeyReused):
        await buy(sessions, wanted, "monday")
    assert await stock(sessions) == 10


@pytest.mark.parametrize("left", [12, 1])
async def test_one_key_many_times_at_once(ready_sessions, left: int):
    """All get the same order, and it is bought once, even if it takes the last unit."""
    async with ready_sessions.begin() as session:
        (await session.get_one(Item, 1)).stock = left
    answers = await asyncio.gather(*(buy(ready_sessions, {1: 1}, "monday") for _ in range(10)))
    assert Counter(new for _, new in answers) == {True: 1, False: 9}
    assert len({order_id for order_id, _ in answers}) == 1
    assert (await stock(ready_sessions), await count_orders(ready_sessions)) == (left - 1, 1)


async def test_a_key_of_an_order_that_was_refused_is_free(sessions):
    """Nothing was stored, so the request may come again and is refused again, or not."""
    with pytest.raises(OutOfStock):
        await buy(sessions, {7: 1}, "monday")
    async with sessions.begin() as session:
        (await session.get_one(Item, 7)).stock = 1
    assert (await buy(sessions, {7: 1}, "monday"))[1] is True


@pytest.mark.parametrize("losses", [0, 1, MAX_ATTEMPTS - 1, MAX_ATTEMPTS])
async def test_the_optimistic_way_tries_again_and_gives_up(sessions, losses: int):
    """Who loses a race starts again with what is there now, a bounded number of times."""
    attempts = 0

    async def take(session, wanted):
        nonlocal attempts
        attempts += 1
        if attempts > losses:
            return await take_with_versions(session, wanted)
        # Something is written first: an attempt that failed must leave nothing behind.
        await take_in_one_statement(session, {2: 1})
        raise ItemChanged(1)

    async with sessions() as session:
        ended = await how(place_order(session, GRACE, {1: 1}, take=take))
        await session.commit()
    assert ended == ("done" if losses < MAX_ATTEMPTS else TooManyBuyers.__name__)
    assert attempts == min(losses + 1, MAX_ATTEMPTS)
    assert await stock(sessions, 2) == 5
    assert await stock(sessions, 1) == (11 if ended == "done" else 12)


@pytest.mark.parametrize("backend", SERVER_BACKENDS)
async def test_an_order_that_a_deadlock_ended_is_tried_again(sessions, backend: str):
    """Another transaction takes the same rows the other way round; both get what they want."""
    mine_locked, others_locked = asyncio.Event(), asyncio.Event()
    attempts = 0

    async def take(session, wanted):
        nonlocal attempts
        attempts += 1
        await take_in_one_statement(session, {1: 1})
        mine_locked.set()
        await others_locked.wait()
        if backend == "postgresql" and attempts == 1:
            # It looks for a deadlock once, a second after it began to wait: too early for another
            # one that does not wait by then.
            while not await session.scalar(text(WAITS_FOR_ME)):  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.01)
        return {1: Decimal(1), **await take_in_one_statement(session, {2: 1})}

    async def change_all_but_the_first() -> None:
        async with sessions.begin() as session:
            # The order is to be the one that is ended: the first to look on PostgreSQL, the one
            # that changed fewer rows on MariaDB.
            if backend == "postgresql":
                await session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
            await mine_locked.wait()
            await session.execute(update(Item).where(Item.id > 1).values(stock=20))
            others_locked.set()
            await session.execute(update(Item).where(Item.id == 1).values(stock=20))

    async def order() -> None:
        async with sessions() as session:
            await place_order(session, GRACE, {1: 1, 2: 1}, take=take)
            await session.commit()

    await asyncio.gather(order(), change_all_but_the_first())
    assert attempts == 2
    assert [await stock(sessions, item_id) for item_id in (1, 2)] == [19, 19]


async def test_an_order_that_waited_in_vain_is_not_tried_again(sessions):
    """A lock that was not to be had for so long is left to the client to try for."""
    attempts = 0

    async def take(session, wanted):
        nonlocal attempts
        attempts += 1
        raise OperationalError("UPDATE", {}, Exception(1205, "Lock wait timeout exceeded"))

    async with sessions() as session:
        with pytest.raises(OperationalError):
            await place_order(session, GRACE, {1: 1}, take=take)
    assert attempts == 1


async def test_cancelling_gives_the_stock_back(sessions):
    """All units of all lines, and the order says so."""
    order_id, _ = await buy(sessions, {1: 2, 2: 5})
    async with sessions.begin() as session:
        order = await move_order(session, order_id, OrderStatus.CANCELLED, buyer_id=GRACE)
        assert order.status is OrderStatus.CANCELLED
        assert order.updated_at > order.created_at
    assert [await stock(sessions, item_id) for item_id in (1, 2)] == [12, 5]


async def test_cancelling_many_times_at_once_gives_back_once(ready_sessions):
    """One cancels, the others are told that it is done."""
    order_id, _ = await buy(ready_sessions, {1: 2, 2: 1})

    async def cancel() -> None:
        async with ready_sessions.begin() as session:
            await move_order(session, order_id, OrderStatus.CANCELLED)

    ends = Counter(await asyncio.gather(*(how(cancel()) for _ in range(8))))
    assert ends == {"done": 1, "WrongOrderStatus": 7}
    assert [await stock(ready_sessions, item_id) for item_id in (1, 2)] == [12, 5]


async def test_buying_and_cancelling_at_once(ready_sessions):
    """Whoever comes first, nothing is lost: what is left and what is held make up the whole."""
    placed = [(await buy(ready_sessions, {1: 1, 2: 1}))[0] for _ in range(4)]

    async def cancel(order_id: int) -> None:
        async with ready_sessions.begin() as session:
            await move_order(session, order_id, OrderStatus.CANCELLED)

    actions = [cancel(order_id) for order_id in placed]
    actions += [buy(ready_sessions, {2: 1, 1: 1}) for _ in range(4)]
    ends = Counter(await asyncio.gather(*map(how, actions)))
    assert set(ends) <= {"done", "OutOfStock"}
    bought = ends["done"] - 4
    assert [await stock(ready_sessions, item_id) for item_id in (1, 2)] == [12 - bought, 5 - bought]


async def test_the_ways_of_an_order(sessions):
    """Placed, paid, shipped; cancelled before that. There is no way back and none twice."""
    order_id, _ = await buy(sessions, {1: 1})
    ways = set()
    for status in OrderStatus:
        for to in CAME_FROM:
            async with sessions() as session:
                await session.execute(update(Order).values(status=status))
                try:
                    assert (await move_order(session, order_id, to)).status is to
                    ways.add((status, to))
                except WrongOrderStatus:
                    assert (await session.get_one(Order, order_id)).status is status
    assert ways == {
        ("placed", "paid"),
        ("paid", "shipped"),
        ("placed", "cancelled"),
        ("paid", "cancelled"),
    }


async def test_a_way_that_there_is_not_is_named(sessions):
    """Where the order is, and where it was to go."""
    await buy(sessions, {1: 1})
    async with sessions() as session:
        with pytest.raises(WrongOrderStatus, match="order 1 is placed and cannot become shipped"):
            await move_order(session, 1, OrderStatus.SHIPPED)


def test_no_order_becomes_new_again():
    """Nothing leads back to the beginning."""
    assert set(OrderStatus) - set(CAME_FROM) == {OrderStatus.PLACED}


@pytest.mark.parametrize("order_id", [1, 99])
async def test_an_order_of_somebody_else_is_not_moved(sessions, order_id: int):
    """It looks as if it were not there, and stays as it is."""
    await buy(sessions, {1: 2})
    async with sessions.begin() as session:
        with pytest.raises(OrderNotFound):
            await move_order(session, order_id, OrderStatus.CANCELLED, buyer_id=ALAN)
    assert await stock(sessions) == 10
    async with sessions() as session:
        assert (await session.get_one(Order, 1)).status is OrderStatus.PLACED

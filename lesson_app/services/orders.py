"""Placing an order, and what may become of it."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.core.constraints import Violation, violation
from lesson_app.core.contention import Contention, contention
from lesson_app.core.exceptions import (
    ItemChanged,
    KeyReused,
    OutOfStock,
    TooManyBuyers,
    WrongOrderStatus,
)
from lesson_app.crud import order as order_crud
from lesson_app.models import Order, OrderLine, OrderStatus
from lesson_app.services.notifications import ORDER_PLACED
from lesson_app.services.outbox import add_message
from lesson_app.services.stock import Quantities, TakeStock, give_back, take_in_one_statement

MAX_ATTEMPTS = 5
"""How often an order is tried while others change the same rows. Trying without end would make a
busy moment a standstill."""

CAME_FROM: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PAID: frozenset({OrderStatus.PLACED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.PAID}),
    OrderStatus.CANCELLED: frozenset({OrderStatus.PLACED, OrderStatus.PAID}),
}
"""Into each status, the ones that an order can come from. What is not here cannot happen."""


async def place_order(
    session: AsyncSession,
    buyer_id: int,
    wanted: Quantities,
    *,
    key: str | None = None,
    take: TakeStock = take_in_one_statement,
) -> tuple[Order, bool]:
    """Take stock and store an order with the prices of this moment; say whether it is new.

    The transaction of `session` belongs to this function: it is rolled back between attempts, so
    write nothing in it before, and read again what was read before. The caller commits, and not
    with `async with session.begin()`, which ends with the first rollback.

    Args:
        session: the caller's session.
        buyer_id: who buys.
        wanted: how many units of each item, by the item's id.
        key: what the buyer calls this request. With a key of an order that exists, that order
            is returned and nothing is sold: a client that got no answer can ask again.
        take: how to take the stock.

    Raises:
        UnknownItem: an item does not exist.
        OutOfStock: of an item, less is left than is wanted.
        KeyReused: the key belongs to an order of other things.
        TooManyBuyers: others were faster, `MAX_ATTEMPTS` times.
    """
    refused: OutOfStock | None = None
    for _ in range(MAX_ATTEMPTS):
        earlier = await order_crud.find_by_key(session, buyer_id, key) if key is not None else None
        if earlier is not None:
            if {line.item_id: line.quantity for line in earlier.lines} != dict(wanted):
                raise KeyReused
            return earlier, False
        if refused is not None:
            raise refused
        try:
            prices = await take(session, wanted)
            lines = [
                OrderLine(item_id=item_id, quantity=quantity, unit_price=prices[item_id])
                for item_id, quantity in sorted(wanted.items())
            ]
            order = Order(buyer_id=buyer_id, idempotency_key=key, lines=lines)
            session.add(order)
            await session.flush()
        except OutOfStock as error:
            if key is None:
                raise
            # The stock may have gone to this very order, asked for twice at once. Look again.
            refused = error
        except ItemChanged:
            pass
        except IntegrityError as error:
            # The same request, twice at once: the other one's order is found in the next round.
            if key is None or violation(error) is not Violation.UNIQUE:
                raise
        except DBAPIError as error:
            # A deadlock: the other one went on. After a long wait, no second one.
            if contention(error) is not Contention.ROLLED_BACK:
                raise
        else:
            payload = {"order_id": order.id, "buyer_id": buyer_id, "item_ids": sorted(wanted)}
            add_message(session, ORDER_PLACED, payload)
            return order, True
        await session.rollback()
    raise TooManyBuyers


async def move_order(
    session: AsyncSession, order_id: int, to: OrderStatus, *, buyer_id: int | None = None
) -> Order:
    """Bring an order into another status, and return it. A cancelled one gives its stock back.

    One UPDATE tests where the order is and moves it, so that of two who cancel it at once, one
    gives the stock back and the other is told.

    Args:
        session: the caller's session; the caller commits.
        order_id: which order.
        to: where it is to go.
        buyer_id: whose order it must be. Without it, any.

    Raises:
        OrderNotFound: there is no such order, or it is somebody else's.
        WrongOrderStatus: it cannot go there from where it is.
    """
    move = (
        update(Order)
        .where(Order.id == order_id, Order.status.in_(CAME_FROM[to]))
        .values(status=to)
        .execution_options(synchronize_session=False)
    )
    if buyer_id is not None:
        move = move.where(Order.buyer_id == buyer_id)
    moved = cast("CursorResult[Any]", await session.execute(move)).rowcount == 1
    order = await order_crud.get_order(session, order_id, buyer_id=buyer_id)
    if not moved:
        raise WrongOrderStatus(order_id, order.status, to)
    if to is OrderStatus.CANCELLED:
        await give_back(session, {line.item_id: line.quantity for line in order.lines})
    return order

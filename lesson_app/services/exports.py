"""All rows of a table, one after the other, in constant memory.

Two ways side by side. A server-side cursor reads one consistent result and keeps its connection
until the slowest client has read it all. Keyset batches take a connection for each batch only; a
row that is added meanwhile may come too.
"""

from collections.abc import AsyncGenerator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from lesson_app.models import Item, Order
from lesson_app.services.outbox import Sessions

BATCH = 200
"""Rows that are in memory at once."""


async def stream_items(session: AsyncSession) -> AsyncGenerator[Item]:
    """Yield every item, oldest first, from a cursor of the database.

    The session must stay open for as long as this runs.
    """
    query = select(Item).order_by(Item.id).execution_options(yield_per=BATCH)
    async for item in await session.stream_scalars(query):
        yield item


async def stream_orders(sessions: Sessions, *, buyer_id: int | None) -> AsyncGenerator[Order]:
    """Yield every order with its lines, oldest first; each batch has a session of its own.

    Args:
        sessions: where the orders are.
        buyer_id: whose. None is everybody's.
    """
    query = select(Order).options(selectinload(Order.lines)).order_by(Order.id).limit(BATCH)
    if buyer_id is not None:
        query = query.where(Order.buyer_id == buyer_id)
    last_id = 0
    while True:
        async with sessions() as session:
            orders = (await session.scalars(query.where(Order.id > last_id))).all()
        for order in orders:
            yield order
        if len(orders) < BATCH:
            return
        last_id = orders[-1].id

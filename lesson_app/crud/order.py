"""Reading orders with their lines, in as few statements for many orders as for one."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from lesson_app.core.exceptions import OrderNotFound
from lesson_app.models import Order
from lesson_app.schemas.order import OrderQuery

# One more statement loads the lines of all orders of a page. populate_existing: what the session
# holds may be older than an UPDATE that it sent.
_WITH_LINES = (
    select(Order).options(selectinload(Order.lines)).execution_options(populate_existing=True)
)


async def list_orders(session: AsyncSession, query: OrderQuery) -> tuple[Sequence[Order], int]:
    """Return one page of orders, newest first, and how many there are in all."""
    conditions = []
    if query.buyer_id is not None:
        conditions.append(Order.buyer_id == query.buyer_id)
    if query.status is not None:
        conditions.append(Order.status == query.status)
    page = _WITH_LINES.where(*conditions).order_by(Order.id.desc())
    orders = (await session.scalars(page.limit(query.limit).offset(query.offset))).all()
    total = await session.scalar(select(func.count()).select_from(Order).where(*conditions))
    return orders, total or 0


async def get_order(session: AsyncSession, order_id: int, *, buyer_id: int | None = None) -> Order:
    """Return one order.

    Raises:
        OrderNotFound: no order has this id, or with `buyer_id`, it is somebody else's.
    """
    query = _WITH_LINES.where(Order.id == order_id)
    if buyer_id is not None:
        query = query.where(Order.buyer_id == buyer_id)
    order = (await session.scalars(query)).one_or_none()
    if order is None:
        raise OrderNotFound(order_id)
    return order


async def find_by_key(session: AsyncSession, buyer_id: int, key: str) -> Order | None:
    """Return the order that the buyer placed with an idempotency key, if there is one."""
    query = _WITH_LINES.where(Order.buyer_id == buyer_id, Order.idempotency_key == key)
    return (await session.scalars(query)).one_or_none()

"""Listing items: search, filters, order, and two ways to page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from lesson_app.models import Item
from lesson_app.schemas.item_query import (
    ItemCursor,
    ItemFilters,
    ItemSort,
    KeysetItemQuery,
    OffsetItemQuery,
)

_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "id": Item.id,
    "name": Item.name,
    "price": Item.price,
}


async def list_items(session: AsyncSession, query: OffsetItemQuery) -> tuple[Sequence[Item], int]:
    """Return one page of the items that `query` asks for, and how many there are in all."""
    conditions = _conditions(query)
    page = _in_order(select(Item).where(*conditions), query.sort)
    items = (await session.scalars(page.limit(query.limit).offset(query.offset))).all()
    total = await session.scalar(select(func.count()).select_from(Item).where(*conditions))
    return items, total or 0


async def list_items_after(
    session: AsyncSession, query: KeysetItemQuery
) -> tuple[Sequence[Item], bool]:
    """Return the items that follow `query.after`, and whether more follow them.

    One statement, however far down: an index leads to the first row. Nothing counts the rest.
    """
    statement = select(Item).where(*_conditions(query))
    if (cursor := query.cursor) is not None:
        statement = statement.where(_after(cursor))
    # One more than was asked for: if it comes, there is a next page.
    page = _in_order(statement, query.sort).limit(query.limit + 1)
    items = (await session.scalars(page)).all()
    return items[: query.limit], len(items) > query.limit


def _conditions(query: ItemFilters) -> list[ColumnElement[bool]]:
    conditions = []
    if query.q is not None:
        # icontains: both sides in lower case. autoescape: %, _ and the escape stand for themselves.
        conditions.append(
            or_(
                Item.name.icontains(query.q, autoescape=True),
                Item.description.icontains(query.q, autoescape=True),
            )
        )
    if query.min_price is not None:
        conditions.append(Item.price >= query.min_price)
    if query.max_price is not None:
        conditions.append(Item.price <= query.max_price)
    if query.in_stock is not None:
        conditions.append(Item.stock > 0 if query.in_stock else Item.stock == 0)
    if query.owner_id is not None:
        conditions.append(Item.owner_id == query.owner_id)
    return conditions


def _in_order(statement: Select[Item], sort: ItemSort) -> Select[Item]:
    # The id comes last, so that the order is total: without it a database may return rows of
    # one price in another order on each page.
    keys = [_COLUMNS[sort.column], Item.id]
    return statement.order_by(*(key.desc() if sort.descending else key.asc() for key in keys))


def _after(cursor: ItemCursor) -> ColumnElement[bool]:
    """Say that a row comes later than the place of `cursor`.

    It means `(column, id) > (value, last id)`. Written out, MariaDB finds the first row with an
    index; a comparison of rows it would apply to every row.
    """
    column, value = _COLUMNS[cursor.sort.column], getattr(cursor, cursor.sort.column)
    if cursor.sort.descending:
        return and_(column <= value, or_(column < value, Item.id < cursor.id))
    return and_(column >= value, or_(column > value, Item.id > cursor.id))

"""Taking stock when many buyers want it at once: three ways, side by side.

Each takes all of `wanted` or raises, within the transaction of its caller, and returns what one
unit of each item costs now. None sells a unit twice. They differ in who has to wait:

- `take_in_one_statement` lets the database test and change a row at once. There is nothing
  between reading and writing, so nothing has to be locked or compared. The shop uses it.
- `take_with_locks`, the pessimistic way, locks the rows when it reads them: others wait until the
  transaction ends. It is for a decision that SQL cannot make, where conflicts are frequent.
- `take_with_versions`, the optimistic way, locks nothing. When it writes, it says which version
  it read; if that is gone, it fails and the caller starts again. It is for a decision that takes
  long, where conflicts are rare.

All go through the items in the order of their ids: two orders that want the same two items in
opposite orders would otherwise each hold one and wait for the other, which is a deadlock.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import CursorResult, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from lesson_app.core.exceptions import ItemChanged, OutOfStock, UnknownItem
from lesson_app.database import begin_exclusive
from lesson_app.models import Item
from lesson_app.schemas.fields import MAX_INTEGER

type Quantities = Mapping[int, int]
"""How many units of each item, by the item's id."""

type Prices = Mapping[int, Decimal]
"""What one unit of each item costs, by the item's id."""

type TakeStock = Callable[[AsyncSession, Quantities], Awaitable[Prices]]


async def take_in_one_statement(session: AsyncSession, wanted: Quantities) -> Prices:
    """Take stock with one conditional UPDATE for each item.

    Raises:
        UnknownItem: an item does not exist.
        OutOfStock: of an item, less is left than is wanted.
    """
    for item_id, quantity in sorted(wanted.items()):
        take = (
            update(Item)
            .where(Item.id == item_id, Item.stock >= quantity)
            # The version too: whoever read the item before must not write it back as it was.
            .values(stock=Item.stock - quantity, version=Item.version + 1)
            # No object of this session is to be changed along; `place_order` holds none.
            .execution_options(synchronize_session=False)
        )
        if not await _changed(session, take):
            if await session.scalar(select(Item.id).where(Item.id == item_id)) is None:
                raise UnknownItem(item_id)
            raise OutOfStock(item_id)
    # Read after the rows were changed: until the commit nobody else can change a price.
    rows = await session.execute(select(Item.id, Item.price).where(Item.id.in_(wanted)))
    return dict(rows.all())


async def take_with_locks(session: AsyncSession, wanted: Quantities) -> Prices:
    """Take stock from rows that were locked when they were read: the pessimistic way.

    Raises:
        UnknownItem: an item does not exist.
        OutOfStock: of an item, less is left than is wanted.
    """
    # SQLite ignores FOR UPDATE; there this locks the database.
    await begin_exclusive(session)
    locked = (
        select(Item)
        .where(Item.id.in_(wanted))
        # The rows are locked in the order in which they are read.
        .order_by(Item.id)
        .with_for_update()
        # What the session holds already is from before the lock, and so may be old.
        .execution_options(populate_existing=True)
    )
    return await _take(session, (await session.scalars(locked)).all(), wanted)


async def take_with_versions(session: AsyncSession, wanted: Quantities) -> Prices:
    """Take stock from rows that are compared when they are written: the optimistic way.

    Raises:
        UnknownItem: an item does not exist.
        OutOfStock: of an item, less is left than is wanted.
        ItemChanged: another transaction changed an item meanwhile. Roll back, then try again.
    """
    query = select(Item).where(Item.id.in_(wanted)).execution_options(populate_existing=True)
    items = (await session.scalars(query)).all()
    try:
        # `Item.version` is a version_id_col: each UPDATE says WHERE version = the one that was
        # read. SQLAlchemy writes the rows of one table in the order of their keys.
        return await _take(session, items, wanted)
    except StaleDataError as error:
        raise ItemChanged(min(wanted)) from error


async def give_back(session: AsyncSession, quantities: Quantities) -> None:
    """Put units back into stock, with one UPDATE for each item.

    No stock grows beyond the largest number of its column: its owner may have written that into
    it meanwhile, and the order could never be cancelled.
    """
    for item_id, quantity in sorted(quantities.items()):
        # Compared before it is added: a sum that is too large is an error already.
        is_full = Item.stock > MAX_INTEGER - quantity
        await session.execute(
            update(Item)
            .where(Item.id == item_id)
            .values(
                stock=case((is_full, MAX_INTEGER), else_=Item.stock + quantity),
                version=Item.version + 1,
            )
            .execution_options(synchronize_session=False)
        )


async def _take(session: AsyncSession, items: Sequence[Item], wanted: Quantities) -> Prices:
    found = {item.id: item for item in items}
    for item_id, quantity in sorted(wanted.items()):
        if (item := found.get(item_id)) is None:
            raise UnknownItem(item_id)
        if item.stock < quantity:
            raise OutOfStock(item_id)
        item.stock -= quantity
    await session.flush()
    return {item.id: item.price for item in items}


async def _changed(session: AsyncSession, statement: Any) -> bool:
    # `execute` is typed as what a SELECT gives; an UPDATE gives a CursorResult, with a count.
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount == 1

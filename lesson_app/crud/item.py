"""Reading and writing items."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from lesson_app.core.constraints import Violation, violation
from lesson_app.core.exceptions import (
    DuplicateItem,
    ItemChanged,
    ItemNotFound,
    ItemSold,
    OutOfDate,
)
from lesson_app.models import Item
from lesson_app.schemas.item import ItemCreate, ItemUpdate


async def get_item(session: AsyncSession, item_id: int) -> Item:
    """Return one item.

    Raises:
        ItemNotFound: no item has this id.
    """
    item = await session.get(Item, item_id)
    if item is None:
        raise ItemNotFound(item_id)
    return item


async def get_items(session: AsyncSession, ids: Sequence[int]) -> Sequence[Item]:
    """Return items in the order of `ids`, by one statement.

    Raises:
        ItemNotFound: no item has one of the ids.
    """
    found = {item.id: item for item in await session.scalars(select(Item).where(Item.id.in_(ids)))}
    for item_id in ids:
        if item_id not in found:
            raise ItemNotFound(item_id)
    return [found[item_id] for item_id in ids]


async def create_item(session: AsyncSession, data: ItemCreate, *, owner_id: int) -> Item:
    """Add an item and return it with its id.

    Raises:
        DuplicateItem: the owner already has an item of this name.
    """
    item = Item(**data.model_dump(), owner_id=owner_id)
    session.add(item)
    try:
        await session.flush()
    except IntegrityError as error:
        # The constraint is asked, not a SELECT before: between the two, another request fits.
        if violation(error) is Violation.UNIQUE:
            raise DuplicateItem(data.name) from error
        raise
    return item


async def update_item(
    session: AsyncSession,
    item_id: int,
    data: ItemUpdate,
    *,
    expected: Collection[int] | None = None,
) -> Item:
    """Change the fields that `data` has, leave the others, and return the item.

    Args:
        session: the caller's session; the caller commits.
        item_id: which item.
        data: what to change.
        expected: change it only if its version is one of these. Without them, whatever it is.

    Raises:
        ItemNotFound: no item has this id.
        OutOfDate: the item has a version that was not expected.
        DuplicateItem: the owner already has another item of this name.
        ItemChanged: another transaction changed the item after it was read here.
    """
    item = await _get_expected(session, item_id, expected)
    for field, value in data.model_dump().items():
        setattr(item, field, value)
    # Taken now: after a failed flush the item's attributes can no longer be read.
    name = item.name
    try:
        await session.flush()
    except StaleDataError as error:
        raise ItemChanged(item_id) from error
    except IntegrityError as error:
        if violation(error) is Violation.UNIQUE:
            raise DuplicateItem(name) from error
        raise
    return item


async def delete_item(
    session: AsyncSession, item_id: int, *, expected: Collection[int] | None = None
) -> None:
    """Delete an item; with `expected`, only if its version is one of these.

    Raises:
        ItemNotFound: no item has this id.
        OutOfDate: the item has a version that was not expected.
        ItemSold: the item stands in an order.
        ItemChanged: another transaction changed the item after it was read here.
    """
    item = await _get_expected(session, item_id, expected)
    await session.delete(item)
    try:
        await session.flush()
    except StaleDataError as error:
        raise ItemChanged(item_id) from error
    except IntegrityError as error:
        if violation(error) is Violation.FOREIGN_KEY:
            raise ItemSold(item_id) from error
        raise


async def _get_expected(
    session: AsyncSession, item_id: int, expected: Collection[int] | None
) -> Item:
    item = await get_item(session, item_id)
    # Between here and the write another transaction may still be faster: ItemChanged says so.
    if expected is not None and item.version not in expected:
        raise OutOfDate(item_id)
    return item

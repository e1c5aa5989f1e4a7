"""Queries on items, without HTTP."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from lesson_app.core.exceptions import DuplicateItem, ItemChanged, ItemNotFound, ItemSold, OutOfDate
from lesson_app.crud import item as item_crud
from lesson_app.models import Item, Order, OrderLine
from lesson_app.schemas.item import ItemCreate, ItemUpdate

pytestmark = pytest.mark.anyio

KITE = ItemCreate(name="Kite", price=Decimal("9.50"))


async def test_nothing_is_committed(sessions):
    """The caller's transaction decides: without its commit a new item is gone."""
    async with sessions() as session:
        item = await item_crud.create_item(session, KITE, owner_id=1)
    async with sessions() as session:
        with pytest.raises(ItemNotFound):
            await item_crud.get_item(session, item.id)


async def test_create_item_names_a_duplicate(sessions):
    """The unique constraint becomes DuplicateItem."""
    async with sessions() as session:
        await item_crud.create_item(session, KITE, owner_id=1)
        with pytest.raises(DuplicateItem, match="'Kite'"):
            await item_crud.create_item(session, KITE, owner_id=1)


async def test_a_violation_that_is_our_own_mistake_stays_one(sessions):
    """A value that the schema should have refused is not blamed on the client."""
    free = KITE.model_copy(update={"price": Decimal(0)})
    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await item_crud.create_item(session, free, owner_id=1)
    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await item_crud.update_item(session, 1, ItemUpdate.model_construct(stock=-1))


async def test_update_item_names_a_duplicate(sessions):
    """Taking the name of the owner's other item is refused."""
    async with sessions() as session:
        with pytest.raises(DuplicateItem, match="'Fountain pen'"):
            await item_crud.update_item(session, 1, ItemUpdate(name="Fountain pen"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda session: item_crud.update_item(session, 1, ItemUpdate(stock=10)), id="update"
        ),
        pytest.param(lambda session: item_crud.delete_item(session, 1), id="delete"),
    ],
)
async def test_a_change_that_came_between_is_not_lost(sessions, change):
    """Two transactions read one version; the second to write is told, not obeyed."""
    async with sessions() as slow:
        # Held by name, so that the session keeps the item as it was read.
        read = await slow.get_one(Item, 1)
        async with sessions.begin() as fast:
            await item_crud.update_item(fast, 1, ItemUpdate(stock=11))
        assert read.stock == 12
        with pytest.raises(ItemChanged):
            await change(slow)
    async with sessions() as session:
        assert (await item_crud.get_item(session, 1)).stock == 11


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda session, **expected: item_crud.update_item(
                session, 1, ItemUpdate(stock=10), **expected
            ),
            id="update",
        ),
        pytest.param(
            lambda session, **expected: item_crud.delete_item(session, 1, **expected), id="delete"
        ),
    ],
)
async def test_only_an_expected_version_is_changed(sessions, change):
    """With versions named, an item that has another one is left as it is."""
    async with sessions() as session:
        for expected in (set(), {2, 3}):
            with pytest.raises(OutOfDate, match="item 1"):
                await change(session, expected=expected)
        assert (await item_crud.get_item(session, 1)).stock == 12
        await change(session, expected={1, 7})


async def test_an_item_that_was_sold_stays(sessions):
    """The books name it."""
    async with sessions() as session:
        line = OrderLine(item_id=1, quantity=1, unit_price=Decimal(1))
        session.add(Order(buyer_id=2, lines=[line]))
        await session.flush()
        with pytest.raises(ItemSold, match="item 1"):
            await item_crud.delete_item(session, 1)


async def test_a_mistake_of_ours_while_deleting_stays_one(sessions):
    """A violation that is no foreign key is not blamed on an order."""
    async with sessions() as session:
        # Both are read before, so that no query writes what is wrong earlier than the deletion.
        read = [await item_crud.get_item(session, item_id) for item_id in (1, 2)]
        read[1].stock = -1
        with pytest.raises(IntegrityError):
            await item_crud.delete_item(session, 1)


async def test_several_items_come_in_the_order_asked(sessions):
    """One that is not there is an error, not a gap."""
    async with sessions() as session:
        assert [item.id for item in await item_crud.get_items(session, [3, 1])] == [3, 1]
        with pytest.raises(ItemNotFound, match="id 99"):
            await item_crud.get_items(session, [1, 99])

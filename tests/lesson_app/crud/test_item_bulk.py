"""Many new items in one statement, and upserts."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from lesson_app.core.exceptions import DuplicateItems
from lesson_app.crud.item_bulk import create_items, put_item
from lesson_app.models import Item
from lesson_app.schemas.item import ItemCreate, ItemPut

pytestmark = pytest.mark.anyio

NAMES = [f"Kite {number}" for number in range(100)]


def kites(*names: str) -> list[ItemCreate]:
    return [
        ItemCreate(name=name, price=Decimal("1.50") + number) for number, name in enumerate(names)
    ]


async def count(session) -> int:
    return await session.scalar(select(func.count()).select_from(Item))


async def test_audit_8_10_many_items_are_one_statement(sessions, statements):
    """Audit 8.10: a hundred rows are one INSERT, and come back complete, in the order given."""
    async with sessions() as session:
        statements.clear()
        items = await create_items(session, kites(*reversed(NAMES)), owner_id=2)
        assert len(statements) == 1
        assert [item.name for item in items] == list(reversed(NAMES))
        assert [str(item.price) for item in items[:2]] == ["1.50", "2.50"]
        assert {(item.owner_id, item.version, item.stock) for item in items} == {(2, 1, 0)}
        assert all(item.created_at.tzinfo and item.id > 12 for item in items)


async def test_many_items_are_added_completely_or_not_at_all(sessions):
    """One name that is taken refuses them all."""
    async with sessions() as session:
        with pytest.raises(DuplicateItems):
            await create_items(session, kites("Kite", "Teapot", "Ball"), owner_id=1)
        await session.rollback()
        assert await count(session) == 12


async def test_a_mistake_of_ours_is_not_called_a_duplicate(sessions):
    """An owner who does not exist is no conflict of names."""
    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await create_items(session, kites("Kite"), owner_id=99)


async def test_put_an_item_that_is_new(sessions):
    """It gets what was sent, and counts from version 1."""
    async with sessions() as session:
        item, new = await put_item(session, 1, "Kite", ItemPut(price=Decimal("9.50"), stock=4))
        assert (item.name, item.owner_id, item.stock, item.version) == ("Kite", 1, 4, 1)
        assert (item.description, str(item.price), new) == (None, "9.50", True)


async def test_audit_8_10_put_an_item_that_is_there(sessions):
    """Audit 8.10: same id and birth, all else as sent; its version and its time move on."""
    async with sessions() as session:
        # Held by name, so that the session still has the item as it was.
        held = await session.get_one(Item, 1)
        born, changed = held.created_at, held.updated_at
        item, new = await put_item(
            session, 1, "Teapot", ItemPut(price=Decimal(25), description="Blue.")
        )
        assert (item.id, item.stock, item.version, new) == (1, 0, 2, False)
        assert (item.description, str(item.price)) == ("Blue.", "25.00")
        assert item.created_at == born
        assert item.updated_at > changed


async def test_put_looks_at_the_owner_too(sessions):
    """Somebody else's item of this name is another item."""
    async with sessions() as session:
        item, new = await put_item(session, 2, "Teapot", ItemPut(price=Decimal(1)))
        assert (item.owner_id, new) == (2, True)
        await session.flush()
        assert str((await session.get_one(Item, 1)).price) == "24.90"


async def test_put_the_same_item_many_times_at_once(ready_sessions):
    """One of them adds it, all of them count, and none fails."""

    async def put() -> bool:
        async with ready_sessions.begin() as session:
            _, new = await put_item(session, 1, "Kite", ItemPut(price=Decimal(1)))
            return new

    assert Counter(await asyncio.gather(*(put() for _ in range(10)))) == {True: 1, False: 9}
    async with ready_sessions() as session:
        assert await session.scalar(select(Item.version).where(Item.name == "Kite")) == 10

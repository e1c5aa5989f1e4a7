"""Writing items in one statement: many new ones, or one that may be there already."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Insert

from lesson_app.core.constraints import Violation, violation
from lesson_app.core.exceptions import DuplicateItems
from lesson_app.database import utc_now
from lesson_app.models import Item
from lesson_app.schemas.item import ItemCreate, ItemPut


async def create_items(
    session: AsyncSession, data: Sequence[ItemCreate], owner_id: int
) -> list[Item]:
    """Add items of different names, all or none, and return them in the order they were given.

    One INSERT with many rows. `session.add_all` would send one for each row on SQLite, where
    the ids of several new rows cannot be matched with their objects. Here the name matches them.

    Raises:
        DuplicateItems: the owner already has an item of one of these names.
    """
    rows = [{**one.model_dump(), "owner_id": owner_id} for one in data]
    try:
        added = (await session.scalars(insert(Item).returning(Item), rows)).all()
    except IntegrityError as error:
        if violation(error) is Violation.UNIQUE:
            raise DuplicateItems from error
        raise
    by_name = {item.name: item for item in added}
    return [by_name[one.name] for one in data]


async def put_item(
    session: AsyncSession, owner_id: int, name: str, data: ItemPut
) -> tuple[Item, bool]:
    """Add the owner's item of this name or replace what it says; return it, and whether it is new.

    Asking first and then writing would let another request in between; an upsert asks and writes
    in one statement. Each database spells it in a way of its own.
    """
    row = {**data.model_dump(), "owner_id": owner_id, "name": name, "version": 1}
    statement = _UPSERTS[session.get_bind().dialect.name](
        row,
        # Nothing fills these in by itself when the row is there already.
        {**data.model_dump(), "version": Item.version + 1, "updated_at": utc_now()},
    )
    await session.execute(statement)
    # Not RETURNING, which MySQL lacks. The row is locked until the commit, so it is still ours;
    # populate_existing, because the session may hold it as it was before.
    query = select(Item).where(Item.owner_id == owner_id, Item.name == name)
    item = (await session.scalars(query.execution_options(populate_existing=True))).one()
    return item, item.version == 1


def _on_conflict(dialect: Any) -> Any:
    def upsert(row: dict[str, Any], changes: dict[str, Any]) -> Insert:
        return (
            dialect.insert(Item)
            .values(row)
            .on_conflict_do_update(index_elements=[Item.owner_id, Item.name], set_=changes)
        )

    return upsert


def _on_duplicate_key(row: dict[str, Any], changes: dict[str, Any]) -> Insert:
    return mysql.insert(Item).values(row).on_duplicate_key_update(changes)


_UPSERTS = {
    "sqlite": _on_conflict(sqlite),
    "postgresql": _on_conflict(postgresql),
    "mysql": _on_duplicate_key,
    # The name of the dialect when the address starts with mariadb.
    "mariadb": _on_duplicate_key,
}

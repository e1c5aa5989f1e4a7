"""Searching, filtering, ordering and paging items, without HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from lesson_app.crud.item_listing import list_items, list_items_after
from lesson_app.models import Item
from lesson_app.schemas.item import ItemOut
from lesson_app.schemas.item_query import (
    ItemSort,
    KeysetItemQuery,
    OffsetItemQuery,
    write_cursor,
)

pytestmark = pytest.mark.anyio


async def ids(session, **query: Any) -> list[int]:
    items, _ = await list_items(session, OffsetItemQuery(limit=100, **query))
    return [item.id for item in items]


async def walk(session, *, sort: ItemSort, limit: int, **filters: Any) -> list[int]:
    """The ids of all pages, in the order in which a client reads them."""
    found: list[int] = []
    query = KeysetItemQuery(sort=sort, limit=limit, **filters)
    more = True
    while more:
        items, more = await list_items_after(session, query)
        found += [item.id for item in items]
        if items:
            last = ItemOut.model_validate(items[-1])
            query = query.model_copy(update={"after": write_cursor(sort, last)})
    return found


async def test_a_page_has_a_stable_order(sessions, backend: str):
    """Pages follow each other by id and count every item once."""
    async with sessions() as session:
        if backend == "sqlite":
            # Its own aid for finding a query that forgot its ORDER BY.
            await session.execute(text("PRAGMA reverse_unordered_selects = ON"))
        pages = [
            await list_items(session, OffsetItemQuery(limit=5, offset=offset))
            for offset in (0, 5, 10)
        ]
    assert [item.id for items, _ in pages for item in items] == list(range(1, 13))
    assert [total for _, total in pages] == [12, 12, 12]


async def test_audit_8_5_a_search_has_no_wildcards(sessions):
    """Audit 8.5: percent sign, underscore and backslash find themselves and nothing else."""
    names = ["100% wool", "100 wool", "snake_case", "snakeXcase", r"back\slash", "back/slash"]
    async with sessions() as session:
        for number, name in enumerate(names, start=20):
            session.add(Item(id=number, name=name, price=Decimal(1), owner_id=1))
        await session.flush()
        found = {q: await ids(session, q=q) for q in ("%", "_", "\\", "/", "0% W", "k\\s")}
    assert found == {"%": [20], "_": [22], "\\": [24], "/": [25], "0% W": [20], "k\\s": [24]}


async def test_a_search_knows_no_case(sessions):
    """Names and descriptions are found in any case, letters beyond ASCII too."""
    async with sessions() as session:
        (await session.get_one(Item, 2)).description = "Für die Küche, ÉCLAIR-förmig"
        (await session.get_one(Item, 3)).name = "Äpfel"
        await session.flush()
        searches = ("TEAPOT", "tea", "éclair", "KÜCHE", "äPF", "eclair", "kettle")
        found = {q: await ids(session, q=q) for q in searches}
    assert found == {
        "TEAPOT": [1],
        "tea": [1],
        "éclair": [2],
        "KÜCHE": [2],
        "äPF": [3],
        "eclair": [],
        "kettle": [],
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"min_price": "58.00"}, [4, 8, 10]),
        ({"max_price": "9.95"}, [3, 5]),
        ({"min_price": "9.95", "max_price": "11.10"}, [5, 12]),
        ({"in_stock": False}, [7]),
        ({"in_stock": True, "owner_id": 1}, [1, 4, 10]),
        ({"owner_id": 99}, []),
        ({"q": "p", "max_price": "20", "owner_id": 3}, [12]),
    ],
)
async def test_filters(sessions, filters: dict[str, Any], expected: list[int]):
    """Each filter takes away what does not fit, its own bound included; all of them together."""
    async with sessions() as session:
        assert await ids(session, **filters) == expected
        items, total = await list_items(session, OffsetItemQuery(limit=1, **filters))
    assert (len(items), total) == (min(1, len(expected)), len(expected))


@pytest.mark.parametrize("sort", ItemSort)
async def test_both_ways_to_page_have_one_order(sessions, sort: ItemSort):
    """Whatever the order and the size of a page, each item comes once; equals go by their id."""
    async with sessions() as session:
        for item_id in (2, 5, 9, 11):
            (await session.get_one(Item, item_id)).price = Decimal("14.25")
        (await session.get_one(Item, 8)).name = "Teapot"
        await session.flush()
        items = {item.id: item for item in (await list_items(session, OffsetItemQuery()))[0]}
        expected = sorted(
            items,
            key=lambda item_id: (getattr(items[item_id], sort.column), item_id),
            reverse=sort.descending,
        )
        counted = await ids(session, sort=sort)
        walked = {limit: await walk(session, sort=sort, limit=limit) for limit in (1, 5, 12, 100)}
    assert counted == expected
    assert walked == dict.fromkeys((1, 5, 12, 100), expected)


async def test_a_cursor_keeps_the_filters(sessions):
    """Every page has the items that were asked for, and no other."""
    async with sessions() as session:
        found = await walk(session, sort=ItemSort.PRICE_DOWN, limit=1, owner_id=1)
    assert found == [10, 4, 1, 7]


async def test_rows_that_come_and_go_move_no_page(sessions):
    """The page after item 3 begins with 4, though an offset of 3 does not mean that any more."""
    async with sessions() as session:
        items, _ = await list_items_after(session, KeysetItemQuery(limit=3))
        after = write_cursor(ItemSort.OLDEST, ItemOut.model_validate(items[-1]))
        await session.delete(items[0])
        await session.delete(items[-1])
        await session.flush()
        following, _ = await list_items_after(session, KeysetItemQuery(limit=3, after=after))
        counted, _ = await list_items(session, OffsetItemQuery(limit=3, offset=3))
    assert [item.id for item in following] == [4, 5, 6]
    assert [item.id for item in counted] == [6, 7, 8]


async def test_how_many_statements_a_list_takes(sessions, statements):
    """However many rows: one for a page, and one more where they are counted."""
    counts = {}
    async with sessions() as session:
        for limit in (1, 12):
            statements.clear()
            await list_items(session, OffsetItemQuery(limit=limit))
            by_offset = len(statements)
            await list_items_after(session, KeysetItemQuery(limit=limit))
            counts[limit] = (by_offset, len(statements) - by_offset)
    assert counts == {1: (2, 1), 12: (2, 1)}

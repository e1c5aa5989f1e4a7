"""Cursors, and what a query for items may say."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lesson_app.schemas.item import ItemOut
from lesson_app.schemas.item_query import (
    ItemSort,
    KeysetItemQuery,
    OffsetItemQuery,
    read_cursor,
    write_cursor,
)

MORNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def item(**changes: Any) -> ItemOut:
    shown = {
        "id": 7,
        "name": "Käse 🧀 %/\\",
        "description": None,
        "price": Decimal("9.50"),
        "stock": 1,
        "owner_id": 1,
        "version": 1,
        "created_at": MORNING,
        "updated_at": MORNING,
    }
    return ItemOut.model_validate({**shown, **changes})


def letters(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", ItemSort)
def test_a_cursor_comes_back_as_it_was(sort: ItemSort):
    """The place of an item survives the way through an address, for every order."""
    cursor = write_cursor(sort, item())
    query = KeysetItemQuery(sort=sort, after=cursor)
    place = query.cursor
    assert place == read_cursor(cursor)
    assert place is not None
    assert (place.sort, place.id) == (sort, 7)
    assert getattr(place, sort.column) == getattr(item(), sort.column)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_longest_cursor_is_accepted():
    """A name of a hundred characters that take four bytes each fits."""
    cursor = write_cursor(ItemSort.NAME, item(name="🧀" * 100))
    assert KeysetItemQuery(sort=ItemSort.NAME, after=cursor).after == cursor


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "*",
        "é",
        "A",
        letters("teapot"),
        letters({}),
        letters({"sort": "id"}),
        letters({"sort": "id", "id": 0}),
        letters({"sort": "id", "id": 2**31}),
        letters({"sort": "stock", "stock": 1, "id": 1}),
        letters({"sort": "price", "price": "NaN", "id": 1}),
        letters({"sort": "price", "price": "1e400", "id": 1}),
        letters({"sort": "name", "name": "a\0b", "id": 1}),
        letters({"sort": "name", "name": ["a"], "id": 1}),
    ],
)
def test_a_cursor_that_was_made_up(cursor: str):
    """Whatever is wrong with it, it is one mistake in one field, and no other error."""
    with pytest.raises(ValidationError) as refused:
        KeysetItemQuery(after=cursor)
    (error,) = refused.value.errors()
    assert (error["loc"], "is no cursor" in error["msg"]) == (("after",), True)


def test_a_cursor_of_another_order():
    """It is refused; when the order itself is wrong, that is the only mistake."""
    cursor = write_cursor(ItemSort.PRICE, item())
    with pytest.raises(ValidationError, match="belongs to another order"):
        KeysetItemQuery(sort=ItemSort.PRICE_DOWN, after=cursor)
    with pytest.raises(ValidationError) as refused:
        KeysetItemQuery.model_validate({"sort": "stock", "after": cursor})
    assert [error["loc"] for error in refused.value.errors()] == [("sort",)]


def test_no_cursor_is_the_first_page():
    """Without a place, a list starts at its beginning."""
    assert (KeysetItemQuery().cursor, KeysetItemQuery(after=None).cursor) == (None, None)


@pytest.mark.parametrize("query", [OffsetItemQuery, KeysetItemQuery])
def test_an_unknown_filter_is_refused(query):
    """`colour=blue` is not a list of everything."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        query.model_validate({"colour": "blue"})

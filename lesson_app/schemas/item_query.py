"""What a client may ask a list of items for: search, filters, order, and where to go on.

Two ways to page share all but the paging itself. An offset counts rows from the start, which is
slow far down, and skips or repeats rows when others come and go meanwhile. A cursor names the
last row that the client has seen, and the next page starts after it.
"""

import base64
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    field_validator,
)

from lesson_app.schemas.fields import Id, Price
from lesson_app.schemas.item import ItemOut
from lesson_app.schemas.page import Limit, PageParams

# PostgreSQL takes every character except this one, in a comparison too.
_Text = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]


class ItemSort(StrEnum):
    """The orders that a list can have. A list and not any column: each one has an index."""

    OLDEST = "id"
    NEWEST = "-id"
    NAME = "name"
    NAME_DOWN = "-name"
    PRICE = "price"
    PRICE_DOWN = "-price"

    @property
    def column(self) -> Literal["id", "name", "price"]:
        """The name of the column that comes first in the order."""
        name = self.value.removeprefix("-")
        assert name in ("id", "name", "price")
        return name

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return self.value.startswith("-")


class ItemFilters(BaseModel):
    """Which items to list, and in which order."""

    # A misspelt filter is an error, not a list of everything.
    model_config = ConfigDict(extra="forbid")

    q: _Text | None = Field(
        default=None,
        description="Only items whose name or description contains this, in any case. Every "
        "character stands for itself: there are no wildcards.",
    )
    min_price: Price | None = None
    max_price: Price | None = None
    in_stock: bool | None = Field(default=None, description="Only what is in stock, or is not.")
    owner_id: Id | None = None
    sort: ItemSort = Field(
        default=ItemSort.OLDEST, description="A minus turns the order round. Equals go by id."
    )


class OffsetItemQuery(ItemFilters, PageParams):
    """A page that is found by counting."""


class _ById(BaseModel):
    sort: Literal[ItemSort.OLDEST, ItemSort.NEWEST]
    id: Id


class _ByName(BaseModel):
    sort: Literal[ItemSort.NAME, ItemSort.NAME_DOWN]
    name: _Text
    id: Id


class _ByPrice(BaseModel):
    sort: Literal[ItemSort.PRICE, ItemSort.PRICE_DOWN]
    price: Price
    id: Id


type ItemCursor = Annotated[_ById | _ByName | _ByPrice, Field(discriminator="sort")]
"""The place of one item in an order: what the order compares, then the id."""

_CURSOR: TypeAdapter[ItemCursor] = TypeAdapter(ItemCursor)


def write_cursor(sort: ItemSort, item: ItemOut) -> str:
    """Return the place of `item` in an order, as letters that fit into an address."""
    place = {"sort": sort, sort.column: getattr(item, sort.column), "id": item.id}
    data = _CURSOR.dump_json(_CURSOR.validate_python(place))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(text: str) -> ItemCursor:
    """Return the place that `write_cursor` wrote.

    It is checked and not signed: a client that makes one up can name no place that it could not
    reach by paging, and everything in it is bound to a query as a value.

    Raises:
        ValueError: it is not one. pydantic's ValidationError and base64's error are kinds of it.
    """
    padded = text + "=" * (-len(text) % 4)
    return _CURSOR.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))


class KeysetItemQuery(ItemFilters):
    """A page that starts after an item."""

    limit: Limit = 20
    after: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        default=None,
        description="Where to go on: taken from the `next` of the page before, never made up.",
    )

    @field_validator("after")
    @classmethod
    def _is_a_cursor_of_this_order(cls, after: str | None, info: ValidationInfo) -> str | None:
        if after is None:
            return None
        try:
            cursor = read_cursor(after)
        except ValueError:
            raise ValueError("this is no cursor; take the next page's from this one") from None
        # An order that is not valid is a mistake of its own, and is not in `data`.
        if cursor.sort != info.data.get("sort", cursor.sort):
            raise ValueError("this cursor belongs to another order: start again without it")
        return after

    @property
    def cursor(self) -> ItemCursor | None:
        """Where to go on, or None for the first page."""
        return None if self.after is None else read_cursor(self.after)

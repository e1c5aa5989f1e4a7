"""What a client sends and receives about items."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import MISSING, AfterValidator, BaseModel, ConfigDict, Field

from lesson_app.schemas.fields import Count, Description, Name, Price


class ItemCreate(BaseModel):
    """A new item. Its owner is who sends it."""

    # A misspelt field is an error, not a value that disappears.
    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Description | None = None
    price: Price
    stock: Count = 0


def _have_different_names(items: list[ItemCreate]) -> list[ItemCreate]:
    if len({item.name for item in items}) < len(items):
        raise ValueError("two of these items have one name")
    return items


class ItemsCreate(BaseModel):
    """Several new items at once, up to a hundred. Their owner is who sends them."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[
        list[ItemCreate],
        Field(min_length=1, max_length=100),
        AfterValidator(_have_different_names),
    ]


class ItemUpdate(BaseModel):
    """Changes to an item: a field that is left out stays as it is.

    `MISSING` tells "left out" from `null`: null clears the description and is refused elsewhere.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name | MISSING = MISSING
    description: Description | MISSING | None = MISSING
    price: Price | MISSING = MISSING
    stock: Count | MISSING = MISSING


class ItemPut(BaseModel):
    """All that an owner says of an item, its name excepted: what is left out gets its default."""

    model_config = ConfigDict(extra="forbid")

    description: Description | None = None
    price: Price
    stock: Count = 0


class ItemOut(BaseModel):
    """An item as the shop shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: str | None
    price: Decimal = Field(description="An exact amount, written as text.")
    stock: int
    owner_id: int
    version: int = Field(description="Grows by one with every change.")
    created_at: datetime
    updated_at: datetime

"""What a client sends and receives about orders."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, computed_field

from lesson_app.models import OrderStatus
from lesson_app.schemas.fields import MAX_INTEGER, Id, JsonInt
from lesson_app.schemas.page import PageParams

MAX_LINES = 50
"""Each line locks a row until the order is stored, and others wait."""

IdempotencyKey = Annotated[
    # Visible ASCII: what a header can carry and every database compares alike.
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$"),
]


class OrderLineCreate(BaseModel):
    """An item and how many of it."""

    model_config = ConfigDict(extra="forbid")

    item_id: Annotated[JsonInt, Field(ge=1, le=MAX_INTEGER)]
    quantity: Annotated[JsonInt, Field(ge=1, le=1000)]


def _names_each_item_once(lines: list[OrderLineCreate]) -> list[OrderLineCreate]:
    if len({line.item_id for line in lines}) < len(lines):
        raise ValueError("name each item once, with its whole quantity")
    return lines


class OrderCreate(BaseModel):
    """A new order. The price of each item is the one that it has when the order is placed."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[
        list[OrderLineCreate],
        Field(min_length=1, max_length=MAX_LINES),
        AfterValidator(_names_each_item_once),
    ]


class OrderQuery(PageParams):
    """Which orders to list, newest first."""

    model_config = ConfigDict(extra="forbid")

    status: OrderStatus | None = None
    buyer_id: Id | None = Field(
        default=None, description="Whose orders. Only an administrator sees those of others."
    )


class OrderLineOut(BaseModel):
    """An item that was bought."""

    model_config = ConfigDict(from_attributes=True)

    item_id: int
    quantity: int
    unit_price: Decimal = Field(description="The price when the order was placed, as text.")


class OrderOut(BaseModel):
    """An order as its buyer sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    buyer_id: int
    status: OrderStatus
    lines: list[OrderLineOut]
    created_at: datetime
    updated_at: datetime

    @computed_field(description="What all lines cost together, as text.")
    @property
    def total(self) -> Decimal:
        """The sum over the lines: kept nowhere, so it cannot be wrong."""
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))

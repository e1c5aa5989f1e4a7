"""The types of the graph. Each is made from a row, and gets what belongs to it by a loader."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry
from strawberry import Info, Private

from lesson_app.graphql.context import Context
from lesson_app.models import Item, Order, OrderLine, OrderStatus, User
from lesson_app.schemas.item_query import ItemSort

type ShopInfo = Info[Context, None]

# It leaves a mark on the class, which stays what it is.
strawberry.enum(OrderStatus)
strawberry.enum(ItemSort)


@strawberry.type(name="Seller", description="Who sells an item.")
class SellerType:
    id: int
    display_name: str

    @classmethod
    def of(cls, user: User) -> Self:
        """Make it of a row: no address, which is nobody else's business."""
        return cls(id=user.id, display_name=user.display_name)


@strawberry.type(name="Item", description="Something for sale.")
class ItemType:
    id: int
    name: str
    description: str | None
    price: Decimal
    stock: int
    owner_id: Private[int]

    @classmethod
    def of(cls, item: Item) -> Self:
        """Make it of a row."""
        return cls(
            id=item.id,
            name=item.name,
            description=item.description,
            price=item.price,
            stock=item.stock,
            owner_id=item.owner_id,
        )

    @strawberry.field(description="Who sells it.")
    async def owner(self, info: ShopInfo) -> SellerType:
        return SellerType.of(await info.context.users.load(self.owner_id))


@strawberry.type(name="ItemPage", description="One page of a list of items.")
class ItemPageType:
    items: list[ItemType]
    total: int


@strawberry.type(name="OrderLine", description="An item that was bought.")
class OrderLineType:
    quantity: int
    unit_price: Decimal
    item_id: Private[int]

    @classmethod
    def of(cls, line: OrderLine) -> Self:
        """Make it of a row."""
        return cls(quantity=line.quantity, unit_price=line.unit_price, item_id=line.item_id)

    @strawberry.field(description="The item, as it is today.")
    async def item(self, info: ShopInfo) -> ItemType:
        return ItemType.of(await info.context.items.load(self.item_id))


@strawberry.type(name="Order", description="A purchase of yours.")
class OrderType:
    id: int
    status: OrderStatus
    created_at: datetime
    lines: list[OrderLineType]

    @classmethod
    def of(cls, order: Order) -> Self:
        """Make it of a row whose lines are loaded."""
        return cls(
            id=order.id,
            status=order.status,
            created_at=order.created_at,
            lines=[OrderLineType.of(line) for line in order.lines],
        )


@strawberry.type(name="OrderPage", description="One page of your orders.")
class OrderPageType:
    orders: list[OrderType]
    total: int


@strawberry.input(name="OrderLineInput", description="An item and how many of it.")
class OrderLineInput:
    item_id: int
    quantity: int

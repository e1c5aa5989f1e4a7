"""The `orders` and `order_lines` tables: who bought what, how many, at what price."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lesson_app.database import MONEY, TABLE_OPTIONS, Base, one_of, utc_now

if TYPE_CHECKING:
    from lesson_app.models.item import Item
    from lesson_app.models.user import User


class OrderStatus(StrEnum):
    """How far an order has come. A cancelled order has given its stock back."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Order(Base):
    """A purchase: one buyer, one or more lines."""

    __tablename__ = "orders"
    # Two orders without a key do not collide: NULL equals nothing, not even NULL.
    __table_args__ = (UniqueConstraint("buyer_id", "idempotency_key"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    # RESTRICT: the books of the shop outlive the wish to delete an account.
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    status: Mapped[OrderStatus] = mapped_column(
        one_of(OrderStatus, "status"), default=OrderStatus.PLACED
    )
    # What the client called its request, so that a second try does not order twice.
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    buyer: Mapped["User"] = relationship(lazy="raise")
    # passive_deletes: the database deletes the lines with their order, unread.
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order",
        lazy="raise",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="OrderLine.id",
    )


class OrderLine(Base):
    """One item of an order. An item stands in an order once, with a quantity."""

    __tablename__ = "order_lines"
    __table_args__ = (
        # Its first column serves as the index of that foreign key too.
        UniqueConstraint("order_id", "item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price > 0", name="unit_price_positive"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # CASCADE: a line without its order means nothing.
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    # RESTRICT: what was sold can be taken out of stock, not out of the books.
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="RESTRICT"), index=True)
    quantity: Mapped[int] = mapped_column()
    # The price at the time of sale: the item's may change later.
    unit_price: Mapped[Decimal] = mapped_column(MONEY)

    order: Mapped["Order"] = relationship(back_populates="lines", lazy="raise")
    item: Mapped["Item"] = relationship(lazy="raise")

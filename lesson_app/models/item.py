"""The `items` table: what the shop sells."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lesson_app.database import MONEY, TABLE_OPTIONS, Base, utc_now

if TYPE_CHECKING:
    from lesson_app.models.user import User


class Item(Base):
    """Something for sale. One owner cannot have two items of the same name."""

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        # The orders that a list can have, beside that of the ids.
        Index("ix_items_name_id", "name", "id"),
        Index("ix_items_price_id", "price", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(String(2000))
    price: Mapped[Decimal] = mapped_column(MONEY)
    stock: Mapped[int] = mapped_column(default=0)
    # Only MariaDB indexes a foreign key by itself.
    # RESTRICT: a user who still sells something cannot be deleted.
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    owner: Mapped["User"] = relationship(back_populates="items", lazy="raise")

    # Every UPDATE names the version it read and adds one to it. When another transaction was
    # faster, no row matches and SQLAlchemy raises StaleDataError: no change is lost in silence.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # not annotated by SQLAlchemy either

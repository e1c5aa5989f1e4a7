"""The `notifications` table: an outbox of what is still to be said to the world.

A message is written in the transaction that it tells of, so that neither exists without the
other; a worker sends it afterwards, at least once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lesson_app.database import TABLE_OPTIONS, Base, utc_now


class Notification(Base):
    """A message to send."""

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        # What a worker asks for: not sent yet, due by now.
        Index("ix_notifications_sent_at_due_at", "sent_at", "due_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # What happened, such as order.placed.
    topic: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # Not to be sent before this: moved into the future when an attempt fails.
    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    # Why the last attempt failed.
    last_error: Mapped[str | None] = mapped_column(String(500))

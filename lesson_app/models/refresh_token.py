"""The `refresh_tokens` table: which logins can still be prolonged."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lesson_app.database import TABLE_OPTIONS, Base, utc_now

if TYPE_CHECKING:
    from lesson_app.models.user import User


class RefreshToken(Base):
    """A token that can be exchanged once for the next one of its family.

    A family is one login and all tokens that follow from it. A token that comes a second time
    was copied: either the thief or the owner used it first, so the whole family is revoked.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # CASCADE: a login of nobody is of no use.
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # SHA-256 in hexadecimal: who reads the table gets no token that works.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    family_id: Mapped[str] = mapped_column(String(32), index=True)
    # What the login may do, with spaces between; the next token of the family inherits it.
    scope: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # When it was exchanged; null means that it is the newest of its family.
    used_at: Mapped[datetime | None] = mapped_column()
    # When its family was ended by a logout, a new password or a reuse.
    revoked_at: Mapped[datetime | None] = mapped_column()

    user: Mapped["User"] = relationship(lazy="raise")

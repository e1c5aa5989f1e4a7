"""The `users` table: the people who buy and sell."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from lesson_app.database import TABLE_OPTIONS, Base, one_of, utc_now

if TYPE_CHECKING:
    from lesson_app.models.item import Item


class Role(StrEnum):
    """What a user may do beyond using an account of their own."""

    PLAIN = "plain"
    ADMIN = "admin"


def email_key(email: str) -> str:
    """Return what all spellings of one address have in common: `ada@example.com`.

    Made here and not by `lower()` in SQL, because SQLite's knows no letter beyond ASCII.
    """
    return unicodedata.normalize("NFC", email).casefold()


class User(Base):
    """A person with an account. One address has one account, however it is written."""

    __tablename__ = "users"
    __table_args__ = TABLE_OPTIONS

    id: Mapped[int] = mapped_column(primary_key=True)
    # 254 is the longest address that mail can be sent to (RFC 5321).
    email: Mapped[str] = mapped_column(String(254))
    # Set together with `email`; to find an address, compare this. One letter folds into up to
    # three, and 762 of them are as many as an index of MariaDB takes.
    email_key: Mapped[str] = mapped_column(String(762), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[Role] = mapped_column(one_of(Role, "role"), default=Role.PLAIN)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Empty for a user who cannot log in with a password.
    hashed_password: Mapped[str | None] = mapped_column(String(255))
    # An access token that was issued before this is no longer good.
    password_changed_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    # lazy="raise": a query that was forgotten is an error here, not a slow page later.
    # passive_deletes="all": the foreign key decides what deleting a user does to the items.
    items: Mapped[list["Item"]] = relationship(
        back_populates="owner", lazy="raise", passive_deletes="all"
    )

    @validates("email")
    def _set_email_key(self, attribute: str, email: str) -> str:
        self.email_key = email_key(email)
        return email

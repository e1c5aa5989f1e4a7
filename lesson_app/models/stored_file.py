"""The `stored_files` table: what users uploaded. The bytes are in the upload folder."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lesson_app.database import TABLE_OPTIONS, Base, utc_now

if TYPE_CHECKING:
    from lesson_app.models.user import User


class StoredFile(Base):
    """An uploaded file: the name we gave it and the name it came with."""

    __tablename__ = "stored_files"
    __table_args__ = (CheckConstraint("size >= 0", name="size_not_negative"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    # RESTRICT: a row that went by itself would leave its file behind on the disk.
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    # Generated, never taken from the client: it becomes a path.
    storage_name: Mapped[str] = mapped_column(String(64), unique=True)
    # What the client called it: to show, never to open.
    original_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    # In bytes; four bytes would end at 2 GiB.
    size: Mapped[int] = mapped_column(BigInteger)
    # In hexadecimal.
    sha256: Mapped[str] = mapped_column(String(64))
    # Whether everybody may download it, or its owner only.
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    owner: Mapped["User"] = relationship(lazy="raise")

    # Of two who delete a file at once, the second finds no row: SQLAlchemy would warn of that.
    __mapper_args__ = {"confirm_deleted_rows": False}  # noqa: RUF012  # not annotated by SQLAlchemy either

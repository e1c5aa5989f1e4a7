"""Give each address one account, however it is written.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24

A migration of data: the new column is filled from what the rows hold, then becomes required.
"""

import unicodedata
from collections import defaultdict

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None

USERS = sa.table("users", sa.column("id"), sa.column("email"), sa.column("email_key"))


def email_key(email: str) -> str:
    # Written here again: what the application makes of an address may change one day.
    return unicodedata.normalize("NFC", email).casefold()


def upgrade() -> None:
    if context.is_offline_mode():
        raise CommandError("0002 reads the rows: run it on the database, without --sql")
    keys = _read_keys()

    op.add_column("users", sa.Column("email_key", sa.String(762)))
    if keys:
        fill = (
            sa.update(USERS)
            .where(USERS.c.id == sa.bindparam("user_id"))
            .values(email_key=sa.bindparam("key"))
        )
        rows = [{"user_id": user_id, "key": key} for user_id, key in keys.items()]
        op.get_bind().execute(fill, rows)

    with op.batch_alter_table("users", table_args=_checks()) as users:
        users.alter_column("email_key", existing_type=sa.String(762), nullable=False)
        users.create_unique_constraint(op.f("uq_users_email_key"), ["email_key"])
        users.drop_constraint(op.f("uq_users_email"), type_="unique")


def downgrade() -> None:
    with op.batch_alter_table("users", table_args=_checks()) as users:
        users.create_unique_constraint(op.f("uq_users_email"), ["email"])
        users.drop_constraint(op.f("uq_users_email_key"), type_="unique")
        users.drop_column("email_key")


def _checks() -> tuple[sa.CheckConstraint]:
    """The rules that a batch would lose: it copies the table on SQLite, and reads all but these."""
    return (sa.CheckConstraint("role IN ('plain', 'admin')", name=op.f("ck_users_role_known")),)


def _read_keys() -> dict[int, str]:
    """Return the key of each user, by id.

    Raises:
        CommandError: two accounts have one address. Nothing was changed yet, and only people
            can say which account is to stay. MariaDB could not undo what had been changed.
    """
    keys: dict[int, str] = {}
    accounts: dict[str, list[int]] = defaultdict(list)
    users = sa.select(USERS.c.id, USERS.c.email).order_by(USERS.c.id)
    for user_id, email in op.get_bind().execute(users):
        keys[user_id] = email_key(email)
        accounts[keys[user_id]].append(user_id)
    if doubled := [ids for ids in accounts.values() if len(ids) > 1]:
        raise CommandError(f"these users share an address; merge or rename them first: {doubled}")
    return keys

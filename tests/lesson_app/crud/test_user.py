"""Queries on users, without HTTP."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from lesson_app.core.exceptions import UserNotFound
from lesson_app.crud import user as user_crud

pytestmark = pytest.mark.anyio


async def test_a_violation_that_is_our_own_mistake_stays_one(sessions):
    """A value that the schema should have refused is not taken for an address with an account."""
    nothing: Any = None
    async with sessions() as session:
        with pytest.raises(IntegrityError):
            await user_crud.create_user(
                session, email="carol@example.com", display_name=nothing, hashed_password="hash"
            )


async def test_a_user_is_found_by_any_spelling(sessions):
    """Letters beyond ASCII are compared in the same way on each database."""
    async with sessions() as session:
        user = await user_crud.create_user(
            session, email="Größe@example.com", display_name="Größe", hashed_password="hash"
        )
        found = [
            await user_crud.find_user(session, email)
            for email in ("GRÖSSE@EXAMPLE.COM", "gro\u0308ße@example.com", "grosse@example.com")
        ]
    assert found == [user, user, None]


async def test_several_users_come_in_the_order_asked(sessions):
    """One that is not there is an error, not a gap."""
    async with sessions() as session:
        assert [user.id for user in await user_crud.get_users(session, [3, 1])] == [3, 1]
        with pytest.raises(UserNotFound, match="id 99"):
            await user_crud.get_users(session, [1, 99])

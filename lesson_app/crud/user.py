"""Reading and writing users."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.core.constraints import Violation, violation
from lesson_app.core.exceptions import EmailTaken, UserNotFound
from lesson_app.models import User, email_key


async def get_user(session: AsyncSession, user_id: int) -> User:
    """Return one user.

    Raises:
        UserNotFound: no user has this id.
    """
    user = await session.get(User, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def get_users(session: AsyncSession, ids: Sequence[int]) -> Sequence[User]:
    """Return users in the order of `ids`, by one statement.

    Raises:
        UserNotFound: no user has one of the ids.
    """
    found = {user.id: user for user in await session.scalars(select(User).where(User.id.in_(ids)))}
    for user_id in ids:
        if user_id not in found:
            raise UserNotFound(user_id)
    return [found[user_id] for user_id in ids]


async def find_user(session: AsyncSession, email: str) -> User | None:
    """Return the user with this address, however it is written."""
    return await session.scalar(select(User).where(User.email_key == email_key(email)))


async def list_users(
    session: AsyncSession, *, limit: int, offset: int
) -> tuple[Sequence[User], int]:
    """Return one page of users, oldest first, and how many there are in all."""
    page = select(User).order_by(User.id).limit(limit).offset(offset)
    users = (await session.scalars(page)).all()
    total = await session.scalar(select(func.count()).select_from(User))
    return users, total or 0


async def create_user(
    session: AsyncSession, *, email: str, display_name: str, hashed_password: str
) -> User:
    """Add a user and return it with its id.

    Raises:
        EmailTaken: the address has an account already.
    """
    user = User(email=email, display_name=display_name, hashed_password=hashed_password)
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        # The constraint is asked, not a SELECT before: between the two, another request fits.
        if violation(error) is Violation.UNIQUE:
            raise EmailTaken from error
        raise
    return user


async def lock_users(session: AsyncSession, which: ColumnElement[bool]) -> Sequence[User]:
    """Read users, as they are now, and keep other transactions from changing them.

    The caller has called `database.begin_exclusive` before.
    """
    query = (
        select(User)
        .where(which)
        # In the order of their ids, so that two transactions cannot wait for each other.
        .order_by(User.id)
        # key_share: on PostgreSQL, an order that refers to the user need not wait.
        .with_for_update(key_share=True)
        # What this session has read before may be out of date.
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).all()


async def lock_user(session: AsyncSession, user_id: int) -> User | None:
    """Do so with one user, or return None when there is no such user."""
    users = await lock_users(session, User.id == user_id)
    return users[0] if users else None

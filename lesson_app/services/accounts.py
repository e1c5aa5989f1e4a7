"""Opening an account and changing what it may do."""

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.config import Settings
from lesson_app.core.exceptions import LastAdministrator, UserNotFound, WrongPassword
from lesson_app.core.passwords import Passwords
from lesson_app.crud import refresh_token as token_crud
from lesson_app.crud import user as user_crud
from lesson_app.database import begin_exclusive, utc_now
from lesson_app.models import RefreshToken, Role, User
from lesson_app.services.logins import Caller, TokenPair, start_login
from lesson_app.services.notifications import USER_REGISTERED
from lesson_app.services.outbox import add_message


async def register(
    session: AsyncSession, passwords: Passwords, *, email: str, display_name: str, password: str
) -> User:
    """Open an account and return it.

    Raises:
        EmailTaken: the address has an account already.
    """
    # Before the first query, so that no connection waits for it.
    hashed_password = await passwords.hash(password)
    user = await user_crud.create_user(
        session, email=email, display_name=display_name, hashed_password=hashed_password
    )
    add_message(session, USER_REGISTERED, {"user_id": user.id})
    return user


async def change_password(
    session: AsyncSession,
    settings: Settings,
    passwords: Passwords,
    caller: Caller,
    *,
    current_password: str,
    new_password: str,
) -> TokenPair:
    """Set a new password, end every login of the user, and start a new one for the caller.

    Commits before the passwords are hashed, as `logins.log_in` does.

    Raises:
        WrongPassword: `current_password` is another than the stored one.
    """
    stored_hash = caller.user.hashed_password
    await session.commit()
    verification = await passwords.verify(current_password, stored_hash)
    if not verification.matches:
        raise WrongPassword
    new_hash = await passwords.hash(new_password)
    await begin_exclusive(session)
    user = await user_crud.lock_user(session, caller.user.id)
    # Another request may have changed it while this one was hashing.
    if user is None or user.hashed_password != stored_hash:
        raise WrongPassword
    user.hashed_password = new_hash
    user.password_changed_at = utc_now()
    await token_crud.revoke_tokens(session, RefreshToken.user_id == user.id)
    return await start_login(session, settings, user, caller.scopes)


async def change_access(
    session: AsyncSession,
    user_id: int,
    *,
    role: Role | None = None,
    is_active: bool | None = None,
) -> User:
    """Change the role of a user, or whether the account is active; None leaves it as it is.

    Deactivating an account ends its logins: a later activation does not revive them.

    Raises:
        UserNotFound: no user has this id.
        LastAdministrator: nobody active would be an administrator any more.
    """
    await begin_exclusive(session)
    administrates = and_(User.role == Role.ADMIN, User.is_active)
    # The other administrators too: two of them must not depose each other at once.
    locked = await user_crud.lock_users(session, or_(User.id == user_id, administrates))
    user = next((one for one in locked if one.id == user_id), None)
    if user is None:
        raise UserNotFound(user_id)
    if role is not None:
        user.role = role
    if is_active is not None:
        user.is_active = is_active
    if not any(one.is_active and one.role is Role.ADMIN for one in locked):
        raise LastAdministrator
    if not user.is_active:
        await token_crud.revoke_tokens(session, RefreshToken.user_id == user_id)
    await session.flush()
    return user

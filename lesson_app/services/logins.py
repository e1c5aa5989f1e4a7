"""Logging in, staying logged in, and logging out.

A login is a family of refresh tokens: each is good for one exchange, for an access token and the
next of the family. Whoever exchanges a token a second time has a copy of it, or was robbed of it;
nobody can tell which, so the whole login ends and the owner has to log in again. Access tokens
name their login and end with it. Source: RFC 9700, section 4.14.

Every change here locks the row of the user first. So a new token cannot slip past a logout, nor
past a change of the password, that happens at the same moment.
"""

import secrets
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.config import Settings
from lesson_app.core.access_tokens import read_access_token, sign_access_token
from lesson_app.core.exceptions import InvalidToken, WrongCredentials
from lesson_app.core.passwords import Passwords
from lesson_app.core.scopes import Scope
from lesson_app.crud import refresh_token as token_crud
from lesson_app.crud import user as user_crud
from lesson_app.database import begin_exclusive, utc_now
from lesson_app.models import RefreshToken, Role, User

_SCOPES_OF_ROLE = {
    Role.PLAIN: frozenset[str]({Scope.SHOP}),
    Role.ADMIN: frozenset[str]({Scope.SHOP, Scope.ADMIN}),
}


@dataclass(frozen=True)
class Caller:
    """Who sends a request, and what they may do with it."""

    user: User
    login_id: str
    scopes: frozenset[str]
    """What both the token and the user's role allow."""

    @property
    def is_admin(self) -> bool:
        """Whether this request may do what administrators do."""
        return Scope.ADMIN in self.scopes

    def may_change(self, owner_id: int) -> bool:
        """Say whether this request may change what belongs to a user."""
        return self.is_admin or self.user.id == owner_id


@dataclass(frozen=True)
class TokenPair:
    """What a login or a refresh gives. The tokens are secrets: they are not in the repr."""

    access_token: str
    refresh_token: str
    scopes: frozenset[str]

    def __repr__(self) -> str:
        return f"TokenPair(scopes={sorted(self.scopes)})"


async def identify(session: AsyncSession, settings: Settings, access_token: str) -> Caller:
    """Find out who sends an access token, with one query.

    Raises:
        InvalidToken: the token is not good, its login has ended, the password was changed after
            it was issued, or the user is not active or does not exist.
    """
    token = read_access_token(settings, access_token)
    caller = await find_caller(session, token.user_id, token.login_id, token.scopes)
    changed = caller.user.password_changed_at
    if changed is not None and token.issued_at < changed:
        raise InvalidToken
    return caller


async def find_caller(
    session: AsyncSession, user_id: int, login_id: str, scopes: frozenset[str]
) -> Caller:
    """Return the user of a login that is still alive.

    Raises:
        InvalidToken: the login has ended, or the user is not active or does not exist.
    """
    login_is_alive = exists().where(
        RefreshToken.family_id == login_id,
        RefreshToken.user_id == User.id,
        RefreshToken.used_at.is_(None),
        RefreshToken.revoked_at.is_(None),
        RefreshToken.expires_at > utc_now(),
    )
    query = select(User).where(User.id == user_id, User.is_active, login_is_alive)
    user = await session.scalar(query)
    if user is None:
        raise InvalidToken
    return Caller(user, login_id, scopes & _SCOPES_OF_ROLE[user.role])


async def log_in(
    session: AsyncSession,
    settings: Settings,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    scopes: frozenset[str] = frozenset(),
) -> TokenPair:
    """Start a login. It may do what is asked for and the user's role allows; by default, all.

    Commits before the password is verified: that takes long, and a connection that waits for it
    is one that no other request can have.

    Raises:
        WrongCredentials: there is no such user, the password is another, or the user is not
            active. All of these take the same work.
    """
    user = await user_crud.find_user(session, email)
    user_id, stored_hash = (user.id, user.hashed_password) if user else (0, None)
    await session.commit()
    verification = await passwords.verify(password, stored_hash)
    if not verification.matches:
        raise WrongCredentials
    await begin_exclusive(session)
    user = await user_crud.lock_user(session, user_id)
    # It may have changed while the password was verified.
    if user is None or not user.is_active or user.hashed_password != stored_hash:
        raise WrongCredentials
    if verification.new_hash is not None:
        user.hashed_password = verification.new_hash
    return await start_login(session, settings, user, scopes)


async def start_login(
    session: AsyncSession, settings: Settings, user: User, scopes: frozenset[str]
) -> TokenPair:
    """Give the first tokens of a new login to a user, whose row is locked."""
    allowed = _SCOPES_OF_ROLE[user.role]
    granted = scopes & allowed if scopes else allowed
    await token_crud.delete_expired_tokens(session, user.id)
    return await _give_tokens(session, settings, user, uuid4().hex, granted)


async def refresh(session: AsyncSession, settings: Settings, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for the next pair of tokens.

    Raises:
        InvalidToken: the token is unknown, has expired, was revoked, or its user is not active.
            Also when it was exchanged before: then its login is ended, which is committed.
    """
    await begin_exclusive(session)
    token = await token_crud.find_token(session, refresh_token)
    if token is None:
        raise InvalidToken
    user = await user_crud.lock_user(session, token.user_id)
    # Read again: until the user was locked, another request could exchange it.
    token = await token_crud.find_token(session, refresh_token)
    if user is None or token is None or not user.is_active:
        raise InvalidToken
    now = utc_now()
    if token.used_at is not None:
        await token_crud.revoke_tokens(session, RefreshToken.family_id == token.family_id)
        # The request fails, and so would be rolled back.
        await session.commit()
        raise InvalidToken
    if not token_crud.is_alive(token, now):
        raise InvalidToken
    token.used_at = now
    scopes = frozenset(token.scope.split())
    return await _give_tokens(session, settings, user, token.family_id, scopes)


async def log_out(session: AsyncSession, refresh_token: str) -> None:
    """End the login that a refresh token belongs to, if it is one of ours."""
    await begin_exclusive(session)
    token = await token_crud.find_token(session, refresh_token)
    if token is not None:
        await user_crud.lock_user(session, token.user_id)
        await token_crud.revoke_tokens(session, RefreshToken.family_id == token.family_id)


async def log_out_everywhere(session: AsyncSession, user_id: int) -> None:
    """End every login of a user."""
    await begin_exclusive(session)
    await user_crud.lock_user(session, user_id)
    await token_crud.revoke_tokens(session, RefreshToken.user_id == user_id)


async def _give_tokens(
    session: AsyncSession,
    settings: Settings,
    user: User,
    login_id: str,
    scopes: frozenset[str],
) -> TokenPair:
    refresh_token = secrets.token_urlsafe(32)
    await token_crud.add_token(
        session,
        refresh_token,
        user_id=user.id,
        family_id=login_id,
        scope=" ".join(sorted(scopes)),
        lifetime=settings.refresh_token_lifetime,
    )
    access_token = sign_access_token(settings, user_id=user.id, login_id=login_id, scopes=scopes)
    return TokenPair(access_token, refresh_token, scopes)

"""Reading and writing refresh tokens."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.database import utc_now
from lesson_app.models import RefreshToken


def hash_token(token: str) -> str:
    """Return what is stored of a token.

    Fast, unlike the hash of a password: a token has 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(token.encode()).hexdigest()


async def find_token(session: AsyncSession, token: str) -> RefreshToken | None:
    """Return what is stored about a token, as it is now."""
    query = select(RefreshToken).where(RefreshToken.token_hash == hash_token(token))
    return await session.scalar(query.execution_options(populate_existing=True))


async def add_token(
    session: AsyncSession,
    token: str,
    *,
    user_id: int,
    family_id: str,
    scope: str,
    lifetime: timedelta,
) -> None:
    """Store a new token of a family."""
    now = utc_now()
    session.add(
        RefreshToken(
            user_id=user_id,
            token_hash=hash_token(token),
            family_id=family_id,
            scope=scope,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    await session.flush()


async def revoke_tokens(session: AsyncSession, which: ColumnElement[bool]) -> None:
    """End every login that `which` selects and that had not ended before."""
    await session.execute(
        update(RefreshToken)
        .where(which, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=utc_now())
        .execution_options(synchronize_session=False)
    )


async def delete_expired_tokens(session: AsyncSession, user_id: int) -> None:
    """Forget the tokens of a user that have expired. Until then a used one shows a reuse."""
    await session.execute(
        delete(RefreshToken)
        .where(RefreshToken.user_id == user_id, RefreshToken.expires_at <= utc_now())
        .execution_options(synchronize_session=False)
    )


def is_alive(token: RefreshToken, now: datetime) -> bool:
    """Say whether a token can still be exchanged."""
    return token.used_at is None and token.revoked_at is None and token.expires_at > now

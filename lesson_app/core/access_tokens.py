"""Access tokens: signed, short-lived statements of who asks and what for.

They are JSON Web Tokens (RFC 7519) with the claims that RFC 9068 names, signed with HS256.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import jwt
from pydantic import BaseModel, Field

from lesson_app.config import Settings
from lesson_app.core.exceptions import InvalidToken

ALGORITHM = "HS256"
TOKEN_TYPE = "at+jwt"
REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti", "sid", "scope"]

CLOCK_SKEW = timedelta(seconds=5)
"""How far the clocks of two servers of the shop may differ: a token that one has issued is not
from the future for the other."""


class _Claims(BaseModel):
    # A subject is text (RFC 7519, section 4.1.2), and ours is the number of a user.
    sub: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,9}$")]
    sid: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    scope: str
    iat: Annotated[float, Field(ge=0, le=2**33)]


@dataclass(frozen=True)
class AccessToken:
    """What a valid token says."""

    user_id: int
    login_id: str
    """The login that it belongs to, which can be revoked: the family of its refresh tokens."""
    scopes: frozenset[str]
    issued_at: datetime


def sign_access_token(
    settings: Settings, *, user_id: int, login_id: str, scopes: frozenset[str]
) -> str:
    """Return a token that is good from now on for `settings.access_token_lifetime`."""
    now = datetime.now(UTC)
    claims = {
        "iss": settings.jwt_issuer,
        # The shop issues tokens for itself alone.
        "aud": settings.jwt_issuer,
        "sub": str(user_id),
        # With the fraction of the second: whether a token is older than a change of the password
        # must not depend on rounding.
        "iat": now.timestamp(),
        "exp": now + settings.access_token_lifetime,
        "jti": uuid4().hex,
        "sid": login_id,
        "scope": " ".join(sorted(scopes)),
    }
    key = settings.jwt_secret.get_secret_value()
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"typ": TOKEN_TYPE})


def read_access_token(settings: Settings, token: str) -> AccessToken:
    """Return what a token says.

    Raises:
        InvalidToken: it is not one of ours, was changed, or has expired. Which of these is
            not said: it helps nobody but a forger.
    """
    try:
        decoded = jwt.decode_complete(
            token,
            settings.jwt_secret.get_secret_value(),
            # Never the algorithm that the token itself names.
            algorithms=[ALGORITHM],
            issuer=settings.jwt_issuer,
            audience=settings.jwt_issuer,
            leeway=CLOCK_SKEW,
            options={"require": REQUIRED_CLAIMS},
        )
        claims = _Claims.model_validate(decoded["payload"])
    # PyJWT lets errors of its own through when a date is no number, or one without end. A claim
    # that pydantic refuses is a ValueError.
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise InvalidToken from error
    if decoded["header"].get("typ") != TOKEN_TYPE:
        raise InvalidToken
    return AccessToken(
        user_id=int(claims.sub),
        login_id=claims.sid,
        scopes=frozenset(claims.scope.split()),
        issued_at=datetime.fromtimestamp(claims.iat, UTC),
    )

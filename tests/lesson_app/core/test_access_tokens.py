"""Signing and reading access tokens."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from lesson_app import InMemorySettings
from lesson_app.core.access_tokens import AccessToken, read_access_token, sign_access_token
from lesson_app.core.exceptions import InvalidToken

SETTINGS = InMemorySettings()
KEY = SETTINGS.jwt_secret.get_secret_value()
LOGIN = "a" * 32
TOKEN = sign_access_token(SETTINGS, user_id=7, login_id=LOGIN, scopes=frozenset({"shop", "admin"}))
CLAIMS = jwt.decode(TOKEN, options={"verify_signature": False})


def forged(
    changes: dict[str, Any], key: str = KEY, algorithm: str = "HS256", typ: str = "at+jwt"
) -> str:
    """A token that we would have signed, but for what is given; None leaves a claim out."""
    merged = {**CLAIMS, **changes}
    kept = {name: value for name, value in merged.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"typ": typ})


def unsigned() -> str:
    def encode(part: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    return f"{encode({'typ': 'at+jwt', 'alg': 'none'})}.{encode(CLAIMS)}."


def test_a_token_says_what_was_signed():
    """Who, in which login, what for, and since when."""
    before = datetime.now(UTC)
    token = sign_access_token(SETTINGS, user_id=7, login_id=LOGIN, scopes=frozenset({"shop"}))
    read = read_access_token(SETTINGS, token)
    assert read == AccessToken(7, LOGIN, frozenset({"shop"}), read.issued_at)
    assert before <= read.issued_at <= datetime.now(UTC)


def test_audit_10_2_a_token_has_an_issuer_an_end_and_an_id():
    """Audit 10.2: the claims of RFC 9068, and the login that the token belongs to."""
    expected = {
        "iss": "shop",
        "aud": "shop",
        "sub": "7",
        "iat": CLAIMS["iat"],
        "exp": int(CLAIMS["iat"]) + 900,
        "jti": CLAIMS["jti"],
        "sid": LOGIN,
        "scope": "admin shop",
    }
    assert expected == CLAIMS
    other = sign_access_token(SETTINGS, user_id=7, login_id=LOGIN, scopes=frozenset())
    assert jwt.decode(other, options={"verify_signature": False})["jti"] != CLAIMS["jti"]


def test_the_clock_of_another_server_may_be_ahead():
    """A token of a server whose clock is two seconds ahead is good at once."""
    token = forged({"iat": datetime.now(UTC) + timedelta(seconds=2)})
    assert read_access_token(SETTINGS, token).user_id == 7


# Audit 10.4: a bad subject was a 500; X3: a token without an end was accepted.
BAD_TOKENS = {
    "empty": "",
    "not a token": "teapot",
    "not ASCII": "tée.pöt.ß",
    "not base64": "a.b.c",
    "signed with another key": forged({}, key="k" * 32),
    "changed": TOKEN[:-6] + "AAAAAA",
    "algorithm none": unsigned(),
    "another algorithm": forged({}, algorithm="HS512"),
    "another type": forged({}, typ="JWT"),
    "another issuer": forged({"iss": "other"}),
    "another audience": forged({"aud": "other"}),
    "expired": forged({"exp": datetime.now(UTC) - timedelta(minutes=1)}),
    "from the future": forged({"iat": datetime.now(UTC) + timedelta(hours=1)}),
    "subject is text": forged({"sub": "abc"}),
    "subject is zero": forged({"sub": "0"}),
    "subject is other digits": forged({"sub": "७"}),
    "subject of 24 digits": forged({"sub": "9" * 24}),
    "huge number as a date": forged({"iat": 10**400, "exp": 10**401}),
    "list as a date": forged({"exp": []}),
    "scope is a list": forged({"scope": ["admin"]}),
    "login is text": forged({"sid": "teapot"}),
    "infinite date": forged({"iat": float("inf")}),
    "no number as a date": forged({"iat": float("nan")}),
    **{
        f"without {claim}": forged({claim: None})
        for claim in ("iss", "aud", "sub", "iat", "exp", "jti", "sid", "scope")
    },
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_audit_10_2_a_bad_token_is_refused_in_one_way(token: str):
    """Audit 10.2: whatever is wrong with it, there is one error, and no word of the reason."""
    with pytest.raises(InvalidToken, match=r"^The token is missing or not valid\. Log in"):
        read_access_token(SETTINGS, token)

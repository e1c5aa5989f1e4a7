"""Registration, login, refresh, logout and change of password over HTTP."""

import asyncio
import json
import logging
from collections import Counter
from datetime import timedelta

import bcrypt
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.pool import Pool

from lesson_app import InMemorySettings, create_app
from lesson_app.core.access_tokens import sign_access_token
from lesson_app.core.passwords import Passwords
from lesson_app.core.scopes import SCOPES
from lesson_app.database import utc_now
from lesson_app.models import RefreshToken, User
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"
CAROL = {"email": "carol@example.com", "display_name": "Carol", "password": "correct horse"}
# Where no query is special, one database tells as much as three.
one_database = pytest.mark.parametrize("backend", ["sqlite"])

NOT_AUTHENTICATED = {
    "type": "urn:problem-type:not-authenticated",
    "title": "Not authenticated",
    "status": 401,
    "detail": "The token is missing or not valid. Log in to get a new one.",
}


async def log_in(http, email="grace@example.com", password=DEMO_PASSWORD, **more):
    return await http.post(f"{AUTH}/login", data={"username": email, "password": password, **more})


async def refresh(http, tokens: dict):
    return await http.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})


async def read_me(http, tokens: dict):
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return await http.get(ME, headers=headers)


# -- Registration -------------------------------------------------------------------------


async def test_register_and_log_in(http):
    """A new account is shown without its password, and can be used at once."""
    response = await http.post(f"{AUTH}/register", json=CAROL)
    created = response.json()
    assert response.status_code == 201
    assert {**created, "created_at": None} == {
        "id": 4,
        "email": "carol@example.com",
        "display_name": "Carol",
        "role": "plain",
        "is_active": True,
        "created_at": None,
    }
    tokens = (await log_in(http, CAROL["email"], CAROL["password"])).json()
    assert (await read_me(http, tokens)).json() == created


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@EXAMPLE.COM", " Ada@Example.com "])
async def test_an_address_has_one_account(http, email: str):
    """However it is written, the unique constraint sees one address."""
    response = await http.post(f"{AUTH}/register", json={**CAROL, "email": email})
    assert (response.status_code, response.json()["title"]) == (409, "Email taken")


async def test_audit_19_2_of_many_who_register_one_address_at_once_one_succeeds(
    ready_http, monkeypatch
):
    """Audit 19.2: the constraint decides, not a look before; nobody gets a server error."""
    all_hashed = asyncio.Barrier(10)

    async def hash_together(self: Passwords, password: str) -> str:
        await all_hashed.wait()
        return "hash"

    monkeypatch.setattr(Passwords, "hash", hash_together)
    answers = await asyncio.gather(
        *(ready_http.post(f"{AUTH}/register", json=CAROL) for _ in range(10))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}


@one_database
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "..@..c"),
        ("email", "carol"),
        ("email", "carol\x00@example.com"),
        ("email", "c" * 250 + "@example.com"),
        ("display_name", " "),
        ("password", "7 chars"),
        ("password", "x" * 201),
        ("role", "admin"),
        ("is_active", True),
    ],
)
async def test_a_registration_is_checked(http, field: str, value):
    """Nobody registers with half an address, a short password, or a role of their choice."""
    response = await http.post(f"{AUTH}/register", json={**CAROL, field: value})
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", field]]


@one_database
async def test_audit_3_3_no_answer_and_no_log_repeats_a_password(http, caplog):
    """Audit 3.3: not when the request is refused, not when it succeeds, not in the log."""
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-hunter2"
    answers = [
        await http.post(f"{AUTH}/register", json={**CAROL, "email": "?", "password": secret}),
        await http.post(f"{AUTH}/register", json={**CAROL, "password": secret[:7]}),
        await http.post(f"{AUTH}/register", json={**CAROL, "password": [secret]}),
        await http.post(f"{AUTH}/register", json={**CAROL, "password": secret}),
        await log_in(http, password=secret),
        await log_in(http, "", secret),
        await http.post(f"{AUTH}/login", data={"password": secret}),
        await http.post(f"{AUTH}/login", json={"username": "ada", "password": secret}),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [422, 422, 422, 201, 401, 422, 422, 422]
    assert [answer for answer in answers if "hunter2" in answer.text] == []
    # The database driver logs the parameters of statements: a hash, never the password.
    assert "hunter2" not in caplog.text


@one_database
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("register", {**CAROL, "password": "\ud800" * 8}, "password"),
        ("refresh", {"refresh_token": "\ud800"}, "refresh_token"),
        ("logout", {"refresh_token": "\udfff"}, "refresh_token"),
    ],
)
async def test_half_a_character_is_no_error_of_ours(http, path: str, body: dict, field: str):
    """JSON can write what no encoding can, and hashing needs bytes."""
    response = await http.post(
        f"{AUTH}/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", field]]


# -- Login --------------------------------------------------------------------------------


@one_database
async def test_log_in(http):
    """The answer is what OAuth 2.0 says, and nobody may keep a copy of it."""
    response = await log_in(http)
    tokens = response.json()
    assert {**tokens, "access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": "",
        "scope": "shop",
    }
    assert response.headers["cache-control"] == "no-store"
    assert (await read_me(http, tokens)).json()["id"] == 2


@one_database
async def test_the_address_may_be_written_differently(http):
    """Who registered as grace@… may log in as GRACE@…."""
    assert (await log_in(http, "GRACE@Example.COM")).status_code == 200


async def test_audit_10_3_every_wrong_login_gets_one_answer_after_one_verification(
    http, sessions, monkeypatch
):
    """Audit 10.3: neither the answer nor the work behind it tells who has an account."""
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == 3).values(is_active=False))
        session.add(User(email="mute@example.com", display_name="Mute"))
    verified: list[str | None] = []
    verify = Passwords._verify

    def counting_verify(self: Passwords, password: str, stored_hash: str):
        verified.append(password)
        return verify(self, password, stored_hash)

    monkeypatch.setattr(Passwords, "_verify", counting_verify)
    answers = [
        await log_in(http, password="wrong"),
        await log_in(http, "nobody@example.com"),
        await log_in(http, "not an address"),
        await log_in(http, "mute@example.com"),
        await log_in(http, "alan@example.com"),
    ]
    assert [answer.json() for answer in answers] == [
        {
            "type": "urn:problem-type:wrong-credentials",
            "title": "Wrong credentials",
            "status": 401,
            "detail": "The email address or the password is wrong.",
        }
    ] * 5
    assert [answer.headers["www-authenticate"] for answer in answers] == ["Bearer"] * 5
    assert len(verified) == 5


async def test_audit_10_3_a_password_is_verified_while_no_connection_waits(http, monkeypatch):
    """Audit 10.3: a flood of logins does not take the database away from everybody else."""
    checked_out = 0
    seen: list[int] = []
    verify = Passwords.verify

    def count(change: int):
        def listen(*arguments) -> None:
            nonlocal checked_out
            checked_out += change

        return listen

    async def watching_verify(self: Passwords, password: str, stored_hash: str | None):
        seen.append(checked_out)
        return await verify(self, password, stored_hash)

    listeners = {"checkout": count(1), "checkin": count(-1)}
    for name, listener in listeners.items():
        event.listen(Pool, name, listener)
    try:
        monkeypatch.setattr(Passwords, "verify", watching_verify)
        tokens = (await log_in(http)).json()
        body = {"current_password": DEMO_PASSWORD, "new_password": "correct horse"}
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        await http.post(f"{AUTH}/password", json=body, headers=headers)
    finally:
        for name, listener in listeners.items():
            event.remove(Pool, name, listener)
    assert seen == [0, 0]


async def test_audit_10_1_a_bcrypt_hash_is_replaced_at_login(http, sessions):
    """Audit 10.1: a user of an older shop logs in as before; afterwards the hash is Argon2id."""
    old = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == 2).values(hashed_password=old))
    assert (await log_in(http, password="secret")).status_code == 200
    async with sessions() as session:
        stored = await session.scalar(select(User.hashed_password).where(User.id == 2))
    assert stored.startswith("$argon2id$")
    assert (await log_in(http, password="secret")).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"hashed_password": "another"}, {"is_active": False}],
    ids=["password", "deactivated"],
)
async def test_what_changes_during_the_verification_counts(
    http, sessions, monkeypatch, changes: dict
):
    """A login that began with the old password is not let in after a change of it."""
    verify = Passwords.verify

    async def slow_verify(self: Passwords, password: str, stored_hash: str | None):
        async with sessions.begin() as session:
            await session.execute(update(User).where(User.id == 2).values(**changes))
        return await verify(self, password, stored_hash)

    monkeypatch.setattr(Passwords, "verify", slow_verify)
    assert (await log_in(http)).status_code == 401


@one_database
@pytest.mark.parametrize(
    ("email", "asked", "granted"),
    [
        ("ada@example.com", "", "admin shop"),
        ("ada@example.com", "shop", "shop"),
        ("grace@example.com", "shop admin", "shop"),
        ("grace@example.com", "admin", ""),
    ],
)
async def test_scopes(http, email: str, asked: str, granted: str):
    """A login may do what was asked for and its role allows, and so may what follows from it."""
    tokens = (await log_in(http, email, scope=asked)).json()
    next_tokens = (await refresh(http, tokens)).json()
    assert (tokens["scope"], next_tokens["scope"]) == (granted, granted)


# -- Access tokens ------------------------------------------------------------------------


async def test_audit_10_4_every_bad_token_gets_one_answer(http, sessions, app):
    """Audit 10.4: missing, malformed, expired, forged, revoked, of nobody: one 401, never a 500."""
    settings: InMemorySettings = app.state.settings
    past = settings.model_copy(update={"access_token_lifetime": timedelta(minutes=-1)})
    other = settings.model_copy(update={"jwt_issuer": "other"})
    alive = (await log_in(http)).json()
    async with sessions() as session:
        login = {
            "login_id": await session.scalar(select(RefreshToken.family_id)),
            "scopes": frozenset({"shop"}),
        }
    good = {"Authorization": f"Bearer {sign_access_token(settings, user_id=2, **login)}"}
    assert (await http.get(ME, headers=good)).status_code == 200
    headers = [
        {},
        {"Authorization": "Basic Z3JhY2U6c2VjcmV0"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer teapot"},
        {"Authorization": f"Bearer {alive['refresh_token']}"},
        *(
            {"Authorization": f"Bearer {token}"}
            for token in (
                sign_access_token(past, user_id=2, **login),
                sign_access_token(other, user_id=2, **login),
                sign_access_token(settings, user_id=99, **login),
                # Somebody else's login.
                sign_access_token(settings, user_id=1, **login),
            )
        ),
    ]
    answers = [await http.get(ME, headers=one) for one in headers]
    # The same token, after its user was deactivated, and after its login was revoked.
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == 2).values(is_active=False))
    answers.append(await http.get(ME, headers=good))
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == 2).values(is_active=True))
        await session.execute(update(RefreshToken).values(revoked_at=utc_now()))
    answers.append(await http.get(ME, headers=good))
    assert [answer.json() for answer in answers] == [NOT_AUTHENTICATED] * 11
    assert [answer.headers["www-authenticate"] for answer in answers] == ["Bearer"] * 11


async def test_a_token_from_before_a_change_of_the_password(http, sessions):
    """It is refused even though its login is alive."""
    tokens = (await log_in(http)).json()
    async with sessions.begin() as session:
        await session.execute(
            update(User).where(User.id == 2).values(password_changed_at=utc_now())
        )
    assert (await read_me(http, tokens)).json() == NOT_AUTHENTICATED


@one_database
async def test_the_docs_can_log_in(app):
    """OpenAPI says where tokens come from, which scopes there are, and who needs one."""
    document = app.openapi()
    assert document["components"]["securitySchemes"] == {
        "OAuth2PasswordBearer": {
            "type": "oauth2",
            "flows": {
                "password": {
                    "tokenUrl": "/api/v1/auth/login",
                    "scopes": {scope.value: meaning for scope, meaning in SCOPES.items()},
                }
            },
        }
    }
    assert "security" not in document["paths"]["/api/v1/items"]["get"]
    assert document["paths"][ME]["get"]["security"] == [{"OAuth2PasswordBearer": ["shop"]}]


# -- Refresh ------------------------------------------------------------------------------


async def test_a_refresh_gives_the_next_pair(http, sessions):
    """The login goes on with new tokens; none of them is stored as it is."""
    first = (await log_in(http)).json()
    response = await refresh(http, first)
    second = response.json()
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert second["refresh_token"] != first["refresh_token"]
    assert (await read_me(http, second)).status_code == 200
    assert (await read_me(http, first)).status_code == 200
    async with sessions() as session:
        stored = (await session.scalars(select(RefreshToken.token_hash))).all()
    assert [len(one) for one in stored] == [64, 64]
    assert not {first["refresh_token"], second["refresh_token"]} & set(stored)


async def test_audit_10_6_a_refresh_token_is_good_once(http):
    """Audit 10.6: a second use means that it was copied: the whole login ends, and no other."""
    elsewhere = (await log_in(http)).json()
    stolen = (await log_in(http)).json()
    newest = (await refresh(http, stolen)).json()
    reuse = await refresh(http, stolen)
    assert reuse.json() == NOT_AUTHENTICATED
    assert (await refresh(http, newest)).json() == NOT_AUTHENTICATED
    assert (await read_me(http, newest)).json() == NOT_AUTHENTICATED
    assert (await refresh(http, elsewhere)).status_code == 200


async def test_audit_10_6_of_many_parallel_refreshes_one_wins(ready_http, sessions):
    """Audit 10.6: one token, ten requests: one pair of tokens, then the reuse ends the login."""
    tokens = (await log_in(ready_http)).json()
    answers = await asyncio.gather(*(refresh(ready_http, tokens) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 9}
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert (await refresh(ready_http, winner)).status_code == 401
    async with sessions() as session:
        alive = select(func.count()).where(RefreshToken.revoked_at.is_(None))
        assert await session.scalar(alive) == 0


async def test_audit_10_6_the_user_is_checked_again(http, sessions):
    """Audit 10.6: a deactivated user gets no new tokens; an activation is not taken for a reuse."""
    tokens = (await log_in(http)).json()
    for is_active, status in ((False, 401), (True, 200)):
        async with sessions.begin() as session:
            change = update(User).where(User.id == 2).values(is_active=is_active)
            await session.execute(change)
        assert (await refresh(http, tokens)).status_code == status


async def test_a_refresh_token_expires(http, sessions):
    """After its time it is refused; the next login clears it away."""
    tokens = (await log_in(http)).json()
    async with sessions.begin() as session:
        await session.execute(
            update(RefreshToken).values(
                created_at=utc_now() - timedelta(days=31), expires_at=utc_now()
            )
        )
    assert (await refresh(http, tokens)).json() == NOT_AUTHENTICATED
    assert (await read_me(http, tokens)).json() == NOT_AUTHENTICATED
    await log_in(http)
    async with sessions() as session:
        assert await session.scalar(select(func.count(RefreshToken.id))) == 1


async def test_an_unknown_refresh_token(http):
    """An access token, or anything else, is not one."""
    tokens = (await log_in(http)).json()
    for text in ("teapot", "\x00", tokens["access_token"][:200]):
        assert (await refresh(http, {"refresh_token": text})).json() == NOT_AUTHENTICATED


# -- Logout and passwords -----------------------------------------------------------------


async def test_log_out(http):
    """The login ends, with its access tokens; another login of the user goes on."""
    here, elsewhere = [(await log_in(http)).json() for _ in range(2)]
    body = {"refresh_token": here["refresh_token"]}
    for _ in range(2):
        assert (await http.post(f"{AUTH}/logout", json=body)).status_code == 204
    answers = [
        await read_me(http, here),
        await refresh(http, here),
        await read_me(http, elsewhere),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]


@one_database
async def test_log_out_with_an_unknown_token(http):
    """The answer does not tell whether the token was one."""
    response = await http.post(f"{AUTH}/logout", json={"refresh_token": "teapot"})
    assert (response.status_code, response.content) == (204, b"")


async def test_log_out_everywhere(http):
    """Every login of this user ends; another user's goes on."""
    here, elsewhere = [(await log_in(http)).json() for _ in range(2)]
    others = (await log_in(http, "alan@example.com")).json()
    headers = {"Authorization": f"Bearer {here['access_token']}"}
    response = await http.post(f"{AUTH}/logout-everywhere", headers=headers)
    answers = [await refresh(http, tokens) for tokens in (here, elsewhere, others)]
    assert response.status_code == 204
    assert [answer.status_code for answer in answers] == [401, 401, 200]


async def test_a_new_token_does_not_slip_past_a_logout(ready_http):
    """Refreshes and a logout at one moment: whatever comes first, no login is left."""
    tokens = (await log_in(ready_http)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    refreshed, _ = await asyncio.gather(
        refresh(ready_http, tokens), ready_http.post(f"{AUTH}/logout-everywhere", headers=headers)
    )
    if refreshed.status_code == 200:
        assert (await refresh(ready_http, refreshed.json())).status_code == 401


async def test_change_the_password(http):
    """The old password and all older tokens are worth nothing; the new ones are."""
    here, elsewhere = [(await log_in(http)).json() for _ in range(2)]
    response = await http.post(
        f"{AUTH}/password",
        json={"current_password": DEMO_PASSWORD, "new_password": "correct horse"},
        headers={"Authorization": f"Bearer {here['access_token']}"},
    )
    answers = [
        await read_me(http, here),
        await refresh(http, here),
        await refresh(http, elsewhere),
        await log_in(http),
        await read_me(http, response.json()),
        await refresh(http, response.json()),
        await log_in(http, password="correct horse"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 200, 200, 200]


@one_database
async def test_a_new_password_needs_the_current_one(http, as_grace):
    """Who found an unlocked screen cannot lock its owner out."""
    response = await http.post(
        f"{AUTH}/password",
        json={"current_password": "wrong", "new_password": "correct horse"},
        headers=as_grace,
    )
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "loc": ["body", "current_password"],
            "msg": "This is not the current password.",
            "type": "wrong_password",
        }
    ]
    assert (await http.get(ME, headers=as_grace)).status_code == 200


async def test_of_two_changes_of_the_password_at_once_one_wins(ready_http):
    """The second proved its right with a password that is no longer the current one."""
    logins = [(await log_in(ready_http)).json() for _ in range(2)]
    answers = await asyncio.gather(
        *(
            ready_http.post(
                f"{AUTH}/password",
                json={"current_password": DEMO_PASSWORD, "new_password": f"password {number}"},
                headers={"Authorization": f"Bearer {tokens['access_token']}"},
            )
            for number, tokens in enumerate(logins)
        )
    )
    statuses = sorted(answer.status_code for answer in answers)
    # The loser is told so, or was logged out by the winner before it was heard.
    assert statuses in ([200, 401], [200, 422])


# -- Limits -------------------------------------------------------------------------------


def limited(**rates: str):
    return create_app(InMemorySettings.model_validate({"rate_limits": True, **rates}))


async def test_audit_10_3_logins_of_one_client_are_limited(running):
    """Audit 10.3: after the limit the answer is 429, even with the right password."""
    async with running(limited(login_rate_limit="2/hour")) as http:
        answers = [await log_in(http, f"user{number}@example.com") for number in range(2)]
        refused = await log_in(http)
    assert [answer.status_code for answer in answers] == [401, 401]
    assert refused.status_code == 429
    assert 3500 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"] == "Too many requests"


async def test_audit_10_3_wrong_passwords_for_one_account_are_limited(running):
    """Audit 10.3: however the address is written; a right password in time clears the count."""
    async with running(limited(account_rate_limit="2/hour", login_rate_limit="99/hour")) as http:
        passwords = ["wrong", DEMO_PASSWORD, "wrong", "wrong", DEMO_PASSWORD]
        emails = ["grace@example.com", "GRACE@example.com"]
        answers = [
            await log_in(http, emails[number % 2], password)
            for number, password in enumerate(passwords)
        ]
        other = await log_in(http, "alan@example.com")
    statuses = [answer.status_code for answer in answers]
    assert (statuses, other.status_code) == ([401, 200, 401, 401, 429], 200)


async def test_a_stolen_access_token_is_no_way_to_try_passwords(running, sign_in):
    """The change of a password counts for the account as a login does."""
    async with running(limited(account_rate_limit="2/hour")) as http:
        headers = await sign_in(http, "grace@example.com")
        body = {"current_password": "wrong", "new_password": "correct horse"}
        answers = [
            await http.post(f"{AUTH}/password", json=body, headers=headers) for _ in range(3)
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 429]


async def test_registrations_are_limited(running):
    """One client cannot open a thousand accounts."""
    async with running(limited(register_rate_limit="1/hour")) as http:
        answers = [
            await http.post(f"{AUTH}/register", json={**CAROL, "email": f"{name}@example.com"})
            for name in ("carol", "dave")
        ]
    assert [answer.status_code for answer in answers] == [201, 429]


async def test_audit_10_3_no_limits_in_a_lesson(running):
    """Audit 10.3: a notebook logs in as often as it likes."""
    async with running(create_app()) as http:
        answers = [await log_in(http) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 8

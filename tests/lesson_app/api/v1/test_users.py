"""Accounts over HTTP: one's own, and those an administrator manages."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import update

from lesson_app.database import begin_exclusive
from lesson_app.models import User
from lesson_app.services import accounts

pytestmark = pytest.mark.anyio

USERS = "/api/v1/users"

# Where no query is special, one database tells as much as three.
one_database = pytest.mark.parametrize("backend", ["sqlite"])

ADA = {
    "id": 1,
    "email": "ada@example.com",
    "display_name": "Ada",
    "role": "admin",
    "is_active": True,
    "created_at": "2026-01-05T09:00:00Z",
}


async def test_audit_x9_no_answer_holds_the_hash(http, as_ada):
    """Audit X9: an account is shown field by field; the hash of its password is none of them."""
    me = await http.get(f"{USERS}/me", headers=as_ada)
    one = await http.get(f"{USERS}/1", headers=as_ada)
    page = await http.get(USERS, headers=as_ada, params={"limit": 1})
    changed = await http.patch(f"{USERS}/1", headers=as_ada, json={})
    assert [me.json(), one.json(), changed.json()] == [ADA] * 3
    assert page.json() == {"items": [ADA], "total": 3, "limit": 1, "offset": 0}


@one_database
async def test_change_ones_own_name(http, as_grace):
    """The name changes, and only the name can."""
    renamed = await http.patch(f"{USERS}/me", headers=as_grace, json={"display_name": "Grace H."})
    refused = await http.patch(f"{USERS}/me", headers=as_grace, json={"role": "admin"})
    assert (renamed.status_code, refused.status_code) == (200, 422)
    assert (await http.get(f"{USERS}/me", headers=as_grace)).json() == renamed.json()
    assert (renamed.json()["display_name"], renamed.json()["role"]) == ("Grace H.", "plain")


@one_database
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/1"), ("PATCH", "/1")])
async def test_audit_10_5_administrators_only(http, as_grace, method: str, path: str):
    """Audit 10.5: another user gets 403, which names the scope; somebody unknown gets 401."""
    body = {} if method == "PATCH" else None
    unknown = await http.request(method, USERS + path, json=body)
    plain = await http.request(method, USERS + path, json=body, headers=as_grace)
    assert unknown.status_code == 401
    assert plain.json() == {
        "type": "urn:problem-type:missing-scope",
        "title": "Missing scope",
        "status": 403,
        "detail": "This needs the scope 'admin'.",
    }
    assert plain.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="admin"'


@one_database
async def test_a_token_without_a_scope_is_good_for_nothing(http):
    """Grace asked for `admin` alone, which her role does not allow."""
    form = {"username": "grace@example.com", "password": "learn-fastapi", "scope": "admin"}
    token = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
    answer = await http.get(f"{USERS}/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "This needs the scope 'shop'.")


@one_database
async def test_a_role_that_was_taken_away_is_gone_at_once(http, as_ada, sessions):
    """The token still says admin; the user is none any more."""
    async with sessions.begin() as session:
        await session.execute(update(User).where(User.id == 1).values(role="plain"))
    assert (await http.get(USERS, headers=as_ada)).status_code == 403


async def test_deactivate_and_activate(http, as_ada, sign_in):
    """A deactivated user is logged out, and stays so after the activation."""
    as_grace = await sign_in(http, "grace@example.com")
    statuses = []
    for is_active in (False, True):
        changed = await http.patch(f"{USERS}/2", headers=as_ada, json={"is_active": is_active})
        assert changed.json()["is_active"] is is_active
        statuses.append((await http.get(f"{USERS}/me", headers=as_grace)).status_code)
    assert statuses == [401, 401]
    again = await sign_in(http, "grace@example.com")
    assert (await http.get(f"{USERS}/me", headers=again)).status_code == 200


async def test_appoint_an_administrator(http, as_ada, sign_in):
    """A new role counts from the next login on, and lets the last administrator go."""
    await http.patch(f"{USERS}/2", headers=as_ada, json={"role": "admin"})
    as_grace = await sign_in(http, "grace@example.com")
    deposed = await http.patch(f"{USERS}/1", headers=as_grace, json={"role": "plain"})
    assert (deposed.status_code, deposed.json()["role"]) == (200, "plain")


@pytest.mark.parametrize("change", [{"role": "plain"}, {"is_active": False}])
async def test_the_last_administrator_stays(http, as_ada, change: dict):
    """Else nobody could manage the shop any more."""
    response = await http.patch(f"{USERS}/1", headers=as_ada, json=change)
    assert (response.status_code, response.json()["title"]) == (409, "Last administrator")
    assert (await http.get(f"{USERS}/me", headers=as_ada)).json() == ADA


async def test_two_administrators_do_not_depose_each_other(
    ready_http, as_ada, sign_in, monkeypatch
):
    """Of two who try at once, when both are administrators still, one stays."""
    await ready_http.patch(f"{USERS}/2", headers=as_ada, json={"role": "admin"})
    as_grace = await sign_in(ready_http, "grace@example.com")
    both_are_known = asyncio.Barrier(2)

    async def begin_together(session) -> None:
        await both_are_known.wait()
        await begin_exclusive(session)

    monkeypatch.setattr(accounts, "begin_exclusive", begin_together)
    answers = await asyncio.gather(
        ready_http.patch(f"{USERS}/2", headers=as_ada, json={"role": "plain"}),
        ready_http.patch(f"{USERS}/1", headers=as_grace, json={"role": "plain"}),
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}


@one_database
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_user_who_is_not_there(http, as_ada, method: str):
    """An unknown id is a 404."""
    body = {"role": "plain"} if method == "PATCH" else None
    response = await http.request(method, f"{USERS}/99", headers=as_ada, json=body)
    assert (response.status_code, response.json()["detail"]) == (404, "No user has the id 99.")


@one_database
@pytest.mark.parametrize(("field", "value"), [("limit", 101), ("offset", -1)])
async def test_the_list_is_bounded(http, as_ada, field: str, value: int):
    """No client can ask for all accounts at once."""
    response = await http.get(USERS, headers=as_ada, params={field: value})
    assert [error["loc"] for error in response.json()["errors"]] == [["query", field]]


@one_database
@pytest.mark.parametrize("change", [{"role": "king"}, {"role": None}, {"is_active": None}])
async def test_access_is_checked(http, as_ada, change: dict):
    """Neither an unknown role nor nothing at all."""
    response = await http.patch(f"{USERS}/2", headers=as_ada, json=change)
    assert response.status_code == 422

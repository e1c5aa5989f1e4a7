"""The admin pages: who gets in, and what they show and change."""

import re

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from lesson_app import InMemorySettings, create_app
from lesson_app.admin.authentication import COOKIE
from lesson_app.admin.views import VIEWS
from lesson_app.core.exceptions import Busy
from lesson_app.core.rate_limits import RateLimits
from lesson_app.models import Item, Role, User
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio

ADA, GRACE = "ada@example.com", "grace@example.com"


def make_app(**settings) -> FastAPI:
    return create_app(InMemorySettings.model_validate({"admin_panel": True, **settings}))


@pytest.fixture
def app(settings: InMemorySettings) -> FastAPI:
    return create_app(settings.model_copy(update={"admin_panel": True}))


async def log_in(http: httpx.AsyncClient, email: str = ADA, password: str = DEMO_PASSWORD):
    return await http.post("/admin/login", data={"username": email, "password": password})


@pytest.fixture
async def ada(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser in which Ada is logged in."""
    assert (await log_in(http)).status_code == 303
    return http


@pytest.fixture
async def sessions(app: FastAPI, http: httpx.AsyncClient):
    """Sessions on the database of the running shop."""
    return app.state.admin_sessions


# -- Who gets in --------------------------------------------------------------------------


async def test_a_shop_has_no_admin_pages_by_default(running):
    """Nothing is there that nobody asked for."""
    async with running(create_app()) as http:
        assert (await http.get("/admin/")).status_code == 404


async def test_a_stranger_is_sent_to_the_login(http):
    """No page is shown, and nothing is changed."""
    answers = [
        await http.get("/admin/"),
        await http.get("/admin/user/list"),
        await http.post("/admin/user/edit/2", data={"role": "admin"}),
        await http.delete("/admin/item/delete?pks=1"),
    ]
    assert [one.status_code for one in answers] == [302] * 4
    assert {one.headers["location"] for one in answers} == {"http://shop.test/admin/login"}


async def test_an_administrator_gets_in(ada):
    """With the password of the API."""
    page = await ada.get("/admin/")
    assert page.status_code == 200
    assert "Notifications" in page.text


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ADA, "wrong"),
        ("nobody@example.com", DEMO_PASSWORD),
        (GRACE, DEMO_PASSWORD),
        ("", ""),
        ("ada\0@example.com", DEMO_PASSWORD),
    ],
)
async def test_others_do_not(http, email: str, password: str):
    """A wrong password, an unknown address and a user without the role look the same."""
    answer = await log_in(http, email, password)
    assert answer.status_code == 400
    assert "Invalid credentials" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_login_without_its_fields(http):
    """It is refused like a wrong password."""
    assert (await http.post("/admin/login", data={})).status_code == 400
    files = {"username": ("a.txt", b"x"), "password": ("b.txt", b"x")}
    assert (await http.post("/admin/login", files=files)).status_code == 400


async def test_a_refused_user_has_no_login(app, http, as_grace):
    """Trying the door of the administrators ends and begins nothing."""
    await log_in(http, GRACE)
    assert (await http.get("/api/v1/users/me", headers=as_grace)).status_code == 200


async def test_the_cookie_is_for_these_pages_only(http):
    """No script reads it, no other site sends it, and the API does not look at it."""
    cookie = (await log_in(http)).headers["set-cookie"].lower()
    parts = set(cookie.split("; "))
    assert {"httponly", "samesite=strict", "path=/admin", "max-age=28800"} <= parts
    assert "secure" not in parts
    token = http.cookies[COOKIE]
    answer = await http.get("/api/v1/users/me", headers={"Cookie": f"{COOKIE}={token}"})
    assert answer.status_code == 401


async def test_in_production_the_cookie_goes_over_https_only(running):
    """There it is marked as secure."""
    settings = InMemorySettings(admin_panel=True).model_copy(update={"environment": "production"})
    async with running(create_app(settings)) as http:
        cookie = (await log_in(http)).headers["set-cookie"].lower()
    assert "secure" in cookie.split("; ")


async def test_the_token_may_not_shop(ada):
    """Its scope is the one that these pages need."""
    headers = {"Authorization": f"Bearer {ada.cookies[COOKIE]}"}
    assert (await ada.get("/api/v1/users/me", headers=headers)).status_code == 403


async def test_logging_out_ends_the_session_everywhere(ada):
    """A copy of the cookie is of no use any more."""
    copy = ada.cookies[COOKIE]
    answer = await ada.get("/admin/logout")
    assert answer.headers["location"].endswith("/admin/login")
    assert COOKIE not in ada.cookies
    headers = {"Cookie": f"{COOKIE}={copy}"}
    assert (await ada.get("/admin/", headers=headers)).status_code == 302
    assert (await ada.get("/admin/logout", headers=headers)).status_code == 303


async def test_who_loses_the_role_loses_the_session(ada, sessions):
    """The account is looked at with every page, not at the login only."""
    async with sessions.begin() as session:
        user = (await session.scalars(select(User).where(User.email == ADA))).one()
        user.role = Role.PLAIN
    assert (await ada.get("/admin/")).status_code == 302


async def test_a_page_of_another_origin_changes_nothing(ada):
    """A subdomain is of the same site, so the cookie comes along; the origin tells."""
    headers = {"Origin": "http://evil.shop.test"}
    answer = await ada.delete("/admin/item/delete?pks=1", headers=headers)
    assert answer.status_code == 403
    assert (await ada.get("/api/v1/items/1")).status_code == 200


async def test_attempts_are_counted_together_with_those_of_the_api(running):
    """One door with two handles: five tries, and then no more at either."""
    async with running(make_app(rate_limits=True)) as http:
        for _ in range(3):
            await log_in(http, password="wrong")
        form = {"username": ADA, "password": "wrong"}
        for _ in range(2):
            await http.post("/api/v1/auth/login", data=form)
        answer = await log_in(http)
    assert answer.status_code == 429
    assert "Too many requests. Try again in" in answer.text


async def test_attempts_that_cannot_be_counted_are_refused(running, monkeypatch):
    """The counter went away after the request was let in: the form says to come again."""

    async def count(self, rate: str, *key: str) -> None:
        if key[0] == "login":
            raise Busy

    monkeypatch.setattr(RateLimits, "count", count)
    async with running(make_app(rate_limits=True)) as http:
        answer = await log_in(http)
    assert answer.status_code == 503
    assert "The shop is busy right now" in answer.text


async def test_a_login_forgets_the_mistakes_before(running):
    """Who knows the password is not locked out by earlier typing errors."""
    app = make_app(rate_limits=True, account_rate_limit="2/hour")
    async with running(app) as http:
        await log_in(http, password="wrong")
        for _ in range(2):
            assert (await log_in(http)).status_code == 303


# -- What they show -----------------------------------------------------------------------


async def test_the_pages_keep_their_security_headers(ada):
    """They are pages, with scripts of their own, in no frame of another site."""
    for path in ("/admin/", "/admin/user/list", "/admin/statics/js/main.js"):
        headers = (await ada.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize("view", ["user", "item", "order", "notification"])
async def test_every_list_and_its_first_row(ada, as_grace, view: str):
    """Each table can be looked through, on the same database as the API."""
    order = {"lines": [{"item_id": 1, "quantity": 1}]}
    assert (await ada.post("/api/v1/orders", json=order, headers=as_grace)).status_code == 201
    for page in ("list", "details/1"):
        assert (await ada.get(f"/admin/{view}/{page}")).status_code == 200
    assert (await ada.get(f"/admin/{view}/create")).status_code == 403
    assert (await ada.get(f"/admin/{view}/export/csv")).status_code == 403


async def test_no_page_shows_a_hash(ada):
    """Neither the list, nor the details, nor the form of a user."""
    for page in ("list", "details/1", "edit/1"):
        text = (await ada.get(f"/admin/user/{page}")).text
        assert "argon2" not in text
        assert "hashed_password" not in text


async def test_names_are_shown_as_text(ada, as_grace):
    """An item cannot bring a script into the pages of the administrators."""
    item = {"name": "<script>alert(1)</script>", "price": "1.00"}
    await ada.post("/api/v1/items", json=item, headers=as_grace)
    text = (await ada.get("/admin/item/details/13")).text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


async def test_a_search(ada):
    """By the name, in any case."""
    text = (await ada.get("/admin/item/list?search=teap")).text
    assert "Teapot" in text
    assert "Umbrella" not in text


@pytest.mark.parametrize(
    "pk", ["abc", "0", "1.0", "1_0", "%D9%A1", "%00", "99999999999", "9" * 5000]
)
async def test_an_id_that_is_none(ada, pk: str):
    """No row has it. The database is not asked: it would raise an error, each one its own."""
    paths = [f"{view}/details/{pk}" for view in ("user", "item", "order", "notification")]
    paths += [f"{view}/edit/{pk}" for view in ("user", "item")]
    answers = [await ada.get(f"/admin/{path}") for path in paths]
    answers += [await ada.delete(f"/admin/item/delete?pks=12,{pk}")]
    assert {one.status_code for one in answers} == {404}
    assert (await ada.get("/api/v1/items/12")).status_code == 200


async def test_a_deletion_of_nothing(ada):
    """It is the request that is wrong, and not the shop."""
    assert (await ada.delete("/admin/item/delete")).status_code == 400


async def test_no_column_is_a_file(ada):
    """SQLAdmin would take the value of any column for a path on the server."""
    for page in ("item/1/name/download/", "item/1/id/preview/", "item/abc/id/download/"):
        assert (await ada.get(f"/admin/{page}")).status_code == 404


@pytest.mark.parametrize("view", ["user", "item"])
async def test_a_search_for_what_no_database_stores(ada, view: str):
    """Nothing is found."""
    page = await ada.get(f"/admin/{view}/list?search=e%00")
    assert page.status_code == 200
    assert "details/1" not in page.text
    assert "details/1" in (await ada.get(f"/admin/{view}/list?search=e")).text


# -- What they change ---------------------------------------------------------------------


def test_only_what_is_meant_to_change_can_be_changed():
    """A form with one field more would be noticed here."""
    forms = {view.name: [str(column) for column in view.form_columns] for view in VIEWS}
    assert forms == {
        "User": ["User.role", "User.is_active"],
        "Item": ["Item.name", "Item.description", "Item.price", "Item.stock"],
        "Order": [],
        "Notification": [],
    }


async def test_an_account_is_deactivated(ada, as_grace):
    """Its logins end, as they do by the API."""
    answer = await ada.post("/admin/user/edit/2", data={"role": "plain"})
    assert answer.status_code == 302
    assert (await ada.get("/api/v1/users/me", headers=as_grace)).status_code == 401


async def test_a_form_shows_what_is_stored(ada):
    """Saving it without a change changes nothing: the administrator is not made a plain user."""
    text = (await ada.get("/admin/user/edit/1")).text
    assert re.findall(r"<option selected value=\"(\w+)\"", text) == ["admin"]


async def test_a_password_cannot_be_slipped_in(ada, sessions):
    """A field that the form does not have is not read."""
    form = {"role": "plain", "is_active": "y", "hashed_password": "x", "email": "e@example.com"}
    await ada.post("/admin/user/edit/2", data=form)
    async with sessions() as session:
        user = await session.get(User, 2)
    assert user.email == GRACE
    assert user.hashed_password.startswith("$argon2id$")


async def test_the_last_administrator_stays_one(ada):
    """The form says why it was not saved."""
    answer = await ada.post("/admin/user/edit/1", data={"role": "plain", "is_active": "y"})
    assert answer.status_code == 400
    assert "This is the last active administrator." in answer.text


async def test_an_item_is_changed_by_the_rules_of_the_api(ada, sessions):
    """What the API refuses, the form refuses."""
    form = {"name": " Kettle ", "description": "", "price": "19.90", "stock": "3"}
    assert (await ada.post("/admin/item/edit/1", data=form)).status_code == 302
    refused = await ada.post("/admin/item/edit/1", data={**form, "price": "0"})
    assert refused.status_code == 400
    assert "price: Input should be greater than 0" in refused.text
    async with sessions() as session:
        item = await session.get(Item, 1)
    assert (item.name, str(item.price), item.stock) == ("Kettle", "19.90", 3)


async def test_an_item_is_deleted_unless_it_was_sold(ada, as_grace):
    """The books keep what was sold; the list says so."""
    order = {"lines": [{"item_id": 1, "quantity": 1}]}
    await ada.post("/api/v1/orders", json=order, headers=as_grace)
    sold = await ada.delete("/admin/item/delete?pks=1")
    assert "was+sold+already" in sold.text or "was%20sold%20already" in sold.text
    await ada.delete("/admin/item/delete?pks=2")
    found = [(await ada.get(f"/api/v1/items/{id_}")).status_code for id_ in (1, 2)]
    assert found == [200, 404]


async def test_what_a_form_refuses_is_no_error_in_the_log(ada, log_lines, monkeypatch):
    """A mistake of a person is not, and a mistake of ours is."""
    form = {"role": "plain", "is_active": "y"}
    await ada.post("/admin/user/edit/1", data=form)
    await ada.delete("/admin/item/delete?pks=777")
    assert [line["level"] for line in log_lines.all()] == ["info", "info"]

    async def fail(*args, **kwargs) -> None:
        raise KeyError("inside")

    monkeypatch.setattr("lesson_app.services.accounts.change_access", fail)
    await ada.post("/admin/user/edit/1", data=form)
    assert [line["event"] for line in log_lines.all() if line["level"] == "error"] == ["'inside'"]


async def test_two_shops_do_not_share_their_pages(running):
    """A view of SQLAdmin keeps its database on a class; each shop has classes of its own."""
    form = {"name": "Kettle", "description": "", "price": "19.90", "stock": "3"}
    async with running(make_app()) as one, running(make_app()) as other:
        for http in (one, other):
            await log_in(http)
        await one.post("/admin/item/edit/1", data=form)
        pages = [(await http.get("/admin/item/details/1")).text for http in (one, other)]
    assert [bool(re.search("Kettle", page)) for page in pages] == [True, False]

"""The items resource over HTTP."""

import asyncio
from collections import Counter
from datetime import datetime

import pytest

pytestmark = pytest.mark.anyio

ITEMS = "/api/v1/items"
KITE = {"name": "Kite", "price": "9.50"}
TEAPOT = {
    "id": 1,
    "name": "Teapot",
    "description": None,
    "price": "24.90",
    "stock": 12,
    "owner_id": 1,
    "version": 1,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-01-05T09:00:00Z",
}


@pytest.fixture
async def http(http, as_ada):
    """A client of the shop that is logged in as Ada, whose id is 1."""
    http.headers.update(as_ada)
    return http


async def test_create(http):
    """A new item is answered with 201 and the address where it can be read."""
    response = await http.post(ITEMS, json=KITE)
    created = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"{ITEMS}/13"
    assert created.items() >= {**KITE, "id": 13, "owner_id": 1, "stock": 0, "version": 1}.items()
    assert datetime.fromisoformat(created["created_at"]).tzinfo is not None
    assert (await http.get(response.headers["location"])).json() == created


async def test_create_a_duplicate(http):
    """A second item of one name for one owner is a conflict."""
    response = await http.post(ITEMS, json={**KITE, "name": "Teapot"})
    assert response.status_code == 409
    assert response.json() == {
        "type": "urn:problem-type:duplicate-item",
        "title": "Duplicate item",
        "status": 409,
        "detail": "This owner already has an item named 'Teapot'.",
    }


async def test_an_owner_cannot_be_chosen(http):
    """The owner is who asks; a request that names another one is refused."""
    response = await http.post(ITEMS, json={**KITE, "owner_id": 2})
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "owner_id"]]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ITEMS), ("PATCH", f"{ITEMS}/1"), ("DELETE", f"{ITEMS}/1")]
)
async def test_writing_needs_a_login(http, method: str, path: str):
    """Anyone may look around; who changes something must be known."""
    del http.headers["authorization"]
    response = await http.request(method, path, json={} if method == "PATCH" else None)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("item_id", "status"), [(1, 403), (2, 200)], ids=["somebody else's", "one's own"]
)
async def test_an_item_is_changed_by_its_owner(http, as_grace, item_id: int, status: int):
    """Grace may change her own item and not Ada's; Ada, the administrator, may change both."""
    path = f"{ITEMS}/{item_id}"
    change = {"json": {"stock": 7}}
    assert (await http.patch(path, **change, headers=as_grace)).status_code == status
    assert (await http.patch(path, **change)).status_code == 200
    assert (await http.delete(path, headers=as_grace)).status_code == (
        403 if status == 403 else 204
    )


async def test_an_administrator_who_asked_for_less_may_do_less(http):
    """A token without the scope `admin` changes only what its user owns."""
    form = {"username": "ada@example.com", "password": "learn-fastapi", "scope": "shop"}
    token = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answers = [await http.patch(f"{ITEMS}/{number}", json={}, headers=headers) for number in (1, 2)]
    assert [answer.status_code for answer in answers] == [200, 403]


async def test_create_the_same_item_many_times_at_once(ready_http):
    """However many ask at once, one gets the item and nobody gets a server error."""
    responses = await asyncio.gather(*(ready_http.post(ITEMS, json=KITE) for _ in range(30)))
    assert Counter(response.status_code for response in responses) == {201: 1, 409: 29}


async def test_create_many_items_at_once(ready_http):
    """Sessions that overlap wait for each other; none is lost."""
    bodies = [{**KITE, "name": f"Kite {number}"} for number in range(30)]
    responses = await asyncio.gather(*(ready_http.post(ITEMS, json=body) for body in bodies))
    assert Counter(response.status_code for response in responses) == {201: 30}
    assert (await ready_http.get(ITEMS)).json()["total"] == 42


async def test_list(http):
    """A page says what it holds and how much there is."""
    page = (await http.get(ITEMS, params={"limit": 2, "offset": 3})).json()
    assert [item["name"] for item in page["items"]] == ["Fountain pen", "Coffee mug"]
    assert {**page, "items": []} == {"items": [], "total": 12, "limit": 2, "offset": 3}


async def test_list_past_the_end(http):
    """A page past the last one is empty, not an error."""
    page = (await http.get(ITEMS, params={"offset": 2**31 - 1})).json()
    assert (page["items"], page["total"]) == ([], 12)


@pytest.mark.parametrize(
    ("field", "value"), [("limit", 0), ("limit", 101), ("offset", -1), ("offset", 2**31)]
)
async def test_audit_8_6_a_list_is_bounded(http, field: str, value: int):
    """Audit 8.6: a page that is too large, or no page at all, is refused."""
    response = await http.get(ITEMS, params={field: value})
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", field]]


async def test_the_largest_page(http):
    """A hundred items is still allowed."""
    assert (await http.get(ITEMS, params={"limit": 100})).status_code == 200


async def test_read(http):
    """One item, with its price as text and its times in UTC."""
    assert (await http.get(f"{ITEMS}/1")).json() == TEAPOT


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_item_that_is_not_there(http, method: str):
    """Reading, changing and deleting an unknown item answer the same 404."""
    response = await http.request(method, f"{ITEMS}/99", json={} if method == "PATCH" else None)
    assert response.status_code == 404
    assert response.json() == {
        "type": "urn:problem-type:item-not-found",
        "title": "Item not found",
        "status": 404,
        "detail": "No item has the id 99.",
    }


@pytest.mark.parametrize("item_id", ["0", "-1", str(2**31), "9" * 30, "teapot"])
async def test_an_id_that_cannot_be(http, item_id: str):
    """An id that no column can hold never reaches the database."""
    response = await http.get(f"{ITEMS}/{item_id}")
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["path", "item_id"]]


async def test_change_one_field(http):
    """What is sent changes, with version and time; the rest stays."""
    response = await http.patch(f"{ITEMS}/1", json={"stock": 3})
    changed = response.json()
    assert response.status_code == 200
    assert {**changed, "updated_at": None} == {
        **TEAPOT,
        "stock": 3,
        "version": 2,
        "updated_at": None,
    }
    assert changed["updated_at"] > TEAPOT["updated_at"]
    assert (await http.get(f"{ITEMS}/1")).json() == changed


async def test_change_nothing(http):
    """An empty change is allowed and leaves the version as it was."""
    assert (await http.patch(f"{ITEMS}/1", json={})).json() == TEAPOT


async def test_null_clears_the_description_only(http):
    """Null empties what may be empty and is refused elsewhere."""
    await http.patch(f"{ITEMS}/1", json={"description": "Blue."})
    cleared = await http.patch(f"{ITEMS}/1", json={"description": None})
    refused = await http.patch(f"{ITEMS}/1", json={"price": None})
    assert (cleared.json()["description"], refused.status_code) == (None, 422)


async def test_change_to_a_name_that_is_taken(http):
    """The owner's other item keeps its name."""
    response = await http.patch(f"{ITEMS}/1", json={"name": "Fountain pen"})
    assert (response.status_code, response.json()["title"]) == (409, "Duplicate item")


async def test_change_one_item_many_times_at_once(ready_http):
    """Every change is either counted or refused as a conflict; none is lost in silence."""
    responses = await asyncio.gather(
        *(ready_http.patch(f"{ITEMS}/1", json={"stock": stock}) for stock in range(100, 120))
    )
    counts = Counter(response.status_code for response in responses)
    assert set(counts) <= {200, 409}
    assert (await ready_http.get(f"{ITEMS}/1")).json()["version"] == 1 + counts[200]


async def test_delete(http):
    """A deleted item is gone, and so is its place in the list."""
    response = await http.delete(f"{ITEMS}/1")
    assert (response.status_code, response.content) == (204, b"")
    assert (await http.get(f"{ITEMS}/1")).status_code == 404
    assert (await http.get(ITEMS)).json()["total"] == 11


async def test_the_list_says_that_it_has_a_successor(http):
    """Programs can notice: since when, until when, and what to use instead."""
    headers = (await http.get(ITEMS)).headers
    assert headers["deprecation"] == "@1796083200"
    assert headers["sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
    assert headers["link"] == '</api/v2/items>; rel="successor-version"'
    assert "deprecation" not in (await http.get(f"{ITEMS}/1")).headers


async def test_search_filter_and_sort(http):
    """All of them at once, and the total counts what fits."""
    query = {"q": "P", "max_price": "60", "in_stock": True, "sort": "-price", "limit": 2}
    page = (await http.get(ITEMS, params=query)).json()
    assert [item["name"] for item in page["items"]] == ["Fountain pen", "Desk lamp"]
    assert page["total"] == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sort", "hashed_password"),
        ("colour", "blue"),
        ("q", "a\0b"),
        ("q", "x" * 101),
        ("min_price", "-1"),
        ("max_price", "1e99"),
        ("in_stock", "maybe"),
        ("owner_id", "0"),
    ],
)
async def test_a_filter_that_is_not_one(http, field: str, value: str):
    """An order that is not on the list, a misspelt filter and a wrong value are refused."""
    response = await http.get(ITEMS, params={field: value})
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", field]]


async def test_a_version_can_be_expected(http):
    """The tag of an answer allows one change; the same tag again is refused and changes nothing."""
    tag = (await http.get(f"{ITEMS}/1")).headers["etag"]
    first, second = [
        await http.patch(f"{ITEMS}/1", json={"stock": stock}, headers={"If-Match": tag})
        for stock in (3, 4)
    ]
    deleted = await http.delete(f"{ITEMS}/1", headers={"If-Match": tag})
    assert (tag, first.status_code, first.headers["etag"]) == ('"1"', 200, '"2"')
    assert second.json() == {
        "type": "urn:problem-type:out-of-date",
        "title": "Out of date",
        "status": 412,
        "detail": "The item 1 has another version now. Read it again, then retry.",
    }
    assert deleted.status_code == 412
    assert (await http.get(f"{ITEMS}/1")).json()["stock"] == 3


async def test_of_many_who_expect_one_version_one_changes_it(ready_http):
    """412 for who came later, 409 for who came in the same instant."""
    tag = {"If-Match": '"1"'}
    responses = await asyncio.gather(
        *(ready_http.patch(f"{ITEMS}/1", json={"stock": n}, headers=tag) for n in range(100, 115))
    )
    counts = Counter(response.status_code for response in responses)
    assert (counts[200], counts[409] + counts[412]) == (1, 14)


async def test_create_many(http):
    """All in one request, answered in its order."""
    response = await http.post(
        f"{ITEMS}/bulk", json={"items": [{**KITE, "name": name} for name in ("Kite", "Ball")]}
    )
    assert response.status_code == 201
    assert [item["name"] for item in response.json()] == ["Kite", "Ball"]
    assert {item["owner_id"] for item in response.json()} == {1}


@pytest.mark.parametrize(
    ("names", "status"), [(["Kite", "Teapot"], 409), (["Kite", " Kite "], 422), ([], 422)]
)
async def test_create_many_or_none(http, names: list[str], status: int):
    """A name that is taken or comes twice refuses all; the limit is tested with the schema."""
    body = {"items": [{**KITE, "name": name} for name in names]}
    assert (await http.post(f"{ITEMS}/bulk", json=body)).status_code == status
    assert (await http.get(ITEMS)).json()["total"] == 12


async def test_put(http):
    """New the first time, replaced the second; what is left out gets its default."""
    address = f"{ITEMS}/by-name/Kite%20A%2FB"
    made = await http.put(address, json={"price": "9.50", "stock": 2})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert (await http.get(made.headers["location"])).json() == made.json()
    replaced = await http.put(address, json={"price": "8", "description": "Red."})
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    assert "location" not in replaced.headers
    item = replaced.json()
    assert (item["id"], item["name"]) == (made.json()["id"], "Kite A/B")
    assert (item["price"], item["stock"], item["description"]) == ("8.00", 0, "Red.")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/bulk"), ("PUT", "/by-name/Kite"), ("POST", "")]
)
async def test_who_writes_is_known(http, method: str, path: str):
    """Nobody writes without a token."""
    del http.headers["authorization"]
    assert (await http.request(method, f"{ITEMS}{path}", json={})).status_code == 401


async def test_a_sold_item_stays(http):
    """It can be taken out of stock, not out of the books."""
    order = {"lines": [{"item_id": 1, "quantity": 1}]}
    assert (await http.post("/api/v1/orders", json=order)).status_code == 201
    response = await http.delete(f"{ITEMS}/1")
    assert (response.status_code, response.json()["title"]) == (409, "Item sold")

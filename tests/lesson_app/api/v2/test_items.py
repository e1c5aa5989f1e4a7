"""Version 2 of the list of items over HTTP."""

import pytest

from lesson_app.api.v1.items import LIST_DEPRECATION

pytestmark = pytest.mark.anyio

ITEMS = "/api/v2/items"


async def test_follow_next_to_the_end(http, statements):
    """Each page leads to the next with the same question, one statement a page; the last to none."""
    address = f"{ITEMS}?limit=2&sort=-price&q=p&in_stock=true"
    names: list[str] = []
    pages = 0
    while address is not None:
        statements.clear()
        response = await http.get(address)
        page = response.json()
        assert (response.status_code, len(statements)) == (200, 1)
        address, pages = page["next"], pages + 1
        expected = None if address is None else f'<{address}>; rel="next"'
        assert response.headers.get("link") == expected
        names += [item["name"] for item in page["items"]]
    assert (pages, names) == (
        3,
        ["Headphones", "Backpack", "Fountain pen", "Desk lamp", "Teapot", "Picture frame"],
    )


async def test_an_item_is_the_same_in_both_versions(http):
    """What changed is how the list is paged."""
    new, old = [(await http.get(f"/api/{version}/items")).json() for version in ("v2", "v1")]
    assert new == {"items": old["items"], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        {"after": "teapot"},
        {"after": "é"},
        {"after": "x" * 1001},
        {"after": ""},
        {"limit": "101"},
        {"limit": "0"},
        {"sort": "stock"},
        {"offset": "1"},
    ],
    ids=str,
)
async def test_what_cannot_be_asked(http, query: dict[str, str]):
    """A cursor that was made up, a page too large, the way of version 1: each is refused."""
    response = await http.get(ITEMS, params=query)
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", *query]]


async def test_a_cursor_of_another_order(http):
    """The place of an item by price says nothing about its place by name."""
    address = (await http.get(ITEMS, params={"sort": "price", "limit": 1})).json()["next"]
    response = await http.get(address.replace("sort=price", "sort=name"))
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", "after"]]


async def test_the_successor_of_the_old_list_exists(http, app):
    """The name that version 1 points to is the name of this list."""
    assert app.url_path_for(LIST_DEPRECATION.successor) == ITEMS

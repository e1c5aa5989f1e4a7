"""How many statements each list takes: as many for several rows as for one."""

import pytest

from lesson_app import create_app

pytestmark = pytest.mark.anyio

COUNTS = {
    # A page, and a count of all.
    "/api/v1/items": 2,
    # The caller too, who is an administrator.
    "/api/v1/users": 3,
    "/api/v1/files": 3,
    # And the lines of all orders of the page.
    "/api/v1/orders": 4,
    # Nothing counts all, and anybody may ask.
    "/api/v2/items": 1,
}
"""The statements that a request takes, by the address of the list."""


def test_every_list_is_counted_here():
    """An operation with a `limit` is a list."""
    lists = [
        path
        for path, operations in create_app().openapi()["paths"].items()
        if any(one["name"] == "limit" for one in operations.get("get", {}).get("parameters", []))
    ]
    assert sorted(lists) == sorted(COUNTS)


@pytest.fixture
async def http(http, as_ada):
    """A client who is logged in as Ada, with three of everything to list."""
    http.headers.update(as_ada)
    for number in range(3):
        order = {"lines": [{"item_id": item_id, "quantity": 1} for item_id in (1, 2)]}
        answers = [
            await http.post("/api/v1/orders", json=order),
            await http.post("/api/v1/files", files={"file": (f"{number}.txt", b"Hello")}),
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
    return http


@pytest.mark.parametrize(("path", "expected"), COUNTS.items())
async def test_how_many_statements_a_list_takes(http, statements, path: str, expected: int):
    """Audit 8.9: a row more is not a statement more."""
    counts = {}
    for limit in (1, 3):
        statements.clear()
        assert len((await http.get(path, params={"limit": limit})).json()["items"]) == limit
        counts[limit] = len(statements)
    assert counts == {1: expected, 3: expected}

"""The headers of an operation that has a successor."""

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from fastapi import Depends, FastAPI, Response

from lesson_app import create_app
from lesson_app.api.deprecation import Deprecation

OLD = Deprecation(
    # The same moment, however it is written.
    since=datetime(2026, 1, 5, 12, 0, tzinfo=timezone(timedelta(hours=1))),
    sunset=datetime(2027, 1, 5, tzinfo=UTC),
    successor="list_boxes",
)


@pytest.mark.anyio
async def test_the_headers():
    """Seconds since 1970, a date of HTTP, and a link beside the one that is there already."""
    app = FastAPI()

    def link(response: Response) -> None:
        response.headers["Link"] = '</help>; rel="help"'

    @app.get("/crates", dependencies=[Depends(link), Depends(OLD)])
    async def list_crates() -> list[str]:
        return []

    @app.get("/boxes")
    async def list_boxes() -> list[str]:
        return []

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        headers = (await http.get("/crates")).headers
    assert headers["deprecation"] == "@1767610800"
    assert headers["sunset"] == "Tue, 05 Jan 2027 00:00:00 GMT"
    assert headers.get_list("link") == [
        '</help>; rel="help"',
        '</boxes>; rel="successor-version"',
    ]


@pytest.mark.anyio
async def test_an_error_has_no_such_headers(running):
    """The document promises them for 200 only."""
    async with running(create_app()) as http:
        answers = [await http.get(f"/api/v1/items?limit={limit}") for limit in (1, "x")]
    marked = {one.status_code: "deprecation" in one.headers for one in answers}
    assert marked == {200: True, 422: False}


def test_the_document_says_so_too():
    """One operation is deprecated, with its headers; its successor is not."""
    paths = create_app().openapi()["paths"]
    deprecated = [
        operation["operationId"]
        for path in paths.values()
        for operation in path.values()
        if operation.get("deprecated")
    ]
    headers = paths["/api/v1/items"]["get"]["responses"]["200"]["headers"]
    assert (deprecated, set(headers)) == (["list_items"], {"Deprecation", "Sunset", "Link"})

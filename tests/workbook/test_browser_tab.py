"""The replayed browser where no browser is needed; `tests/cors` compares it with Chromium."""

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse

from workbook.browser_tab import BrowserTab
from workbook.client import client

pytestmark = pytest.mark.anyio

PAGE = "http://localhost:3000"


@pytest.fixture
def shop() -> FastAPI:
    """An API with a cookie and two redirects."""
    app = FastAPI()

    @app.get("/items")
    async def items(request: Request, response: Response) -> str:
        response.set_cookie("seen", "yes")
        return request.cookies.get("seen", "no")

    @app.put("/items")
    async def put() -> str:
        return "put"

    @app.get("/away")
    async def away() -> RedirectResponse:
        return RedirectResponse("https://elsewhere.example/")

    @app.get("/round")
    async def around() -> RedirectResponse:
        return RedirectResponse("/round")

    return app


async def test_own_origin_needs_no_permission(shop: FastAPI) -> None:
    """A page of the API's own origin reads everything but Set-Cookie, and sends its cookies."""
    tab = BrowserTab("http://shop.test")
    async with client(shop) as http:
        first = await tab.fetch(http, "GET", "/items")
        second = await tab.fetch(http, "GET", "/items")
    assert (first.blocked, first.preflights, first.json(), second.json()) == ("", (), "no", "yes")
    assert "set-cookie" not in first.headers


async def test_cookies_of_the_client_stay_its_own(shop: FastAPI) -> None:
    """Neither does the tab send them, nor do its answers change them."""
    async with client(shop, cookies={"seen": "by the client"}) as http:
        fetched = await BrowserTab("http://shop.test").fetch(http, "GET", "/items")
        assert fetched.json() == "no"
        assert dict(http.cookies) == {"seen": "by the client"}


async def test_card_tells_what_was_sent_and_what_the_script_gets(shop: FastAPI) -> None:
    """In words, and the same in HTML with everything from outside escaped."""
    async with client(shop) as http:
        fetched = await BrowserTab(PAGE).fetch(http, "PUT", "/items", headers={"X-Key": "<b>"})
    assert repr(fetched).splitlines() == [
        "A page of http://localhost:3000 calls http://shop.test",
        "1. OPTIONS /items (preflight)",
        "     origin: http://localhost:3000",
        "     access-control-request-method: PUT",
        "     access-control-request-headers: x-key",
        '   → 405 Method Not Allowed  {"detail":"Method Not Allowed"}',
        "The script gets `TypeError: Failed to fetch`. The request itself was never sent.",
        (
            "The console says: Response to preflight request doesn't pass access control check: "
            "No 'Access-Control-Allow-Origin' header is present on the requested resource."
        ),
    ]
    html = fetched._repr_mimebundle_()["text/html"]
    assert "<code>TypeError: Failed to fetch</code>" in html


async def test_opaque_answer_says_nothing(shop: FastAPI) -> None:
    """In the mode no-cors there is no error, and nothing to read."""
    async with client(shop) as http:
        fetched = await BrowserTab(PAGE).fetch(http, "GET", "/items", mode="no-cors")
        assert (fetched.blocked, fetched.status, fetched.text) == ("", 0, "")
        with pytest.raises(TypeError, match="'PUT' is unsupported in no-cors mode"):
            await BrowserTab(PAGE).fetch(http, "PUT", "/items", mode="no-cors")


async def test_headers_of_the_browser_are_not_the_scripts(shop: FastAPI) -> None:
    """A script that sets Origin or Cookie is not heard."""
    async with client(shop) as http:
        headers = {"Origin": "https://shop.example", "Cookie": "seen=stolen"}
        fetched = await BrowserTab(PAGE).fetch(http, "GET", "/items", headers=headers)
    request = fetched.exchanges[0].request
    assert request.headers["origin"] == PAGE
    assert "cookie" not in request.headers


async def test_redirects_are_followed_within_the_api(shop: FastAPI) -> None:
    """Without end they are blocked; to a third origin this replay says that it does not go."""
    shop.add_middleware(CORSMiddleware, allow_origins=[PAGE])
    tab = BrowserTab(PAGE)
    async with client(shop) as http:
        assert (await tab.fetch(http, "GET", "/items/")).json() == "no"
        assert (await tab.fetch(http, "GET", "/round")).blocked == "Too many redirects."
        with pytest.raises(ValueError, match=r"https://elsewhere\.example/ leads to a third"):
            await tab.fetch(http, "GET", "/away")


@pytest.mark.parametrize("origin", ["http://localhost:3000/", "https://shop.example/cart"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    """The mistake that makes every setting useless is said at once."""
    with pytest.raises(ValueError, match=r"is no origin; this one is 'https?://[^/]+'"):
        BrowserTab(origin)

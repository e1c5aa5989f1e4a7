"""The exercises of chapter 13, CORS, in the order in which it sets them.

A requirement asks as a browser does: `BrowserTab` replays a page of an origin over the client.
"""

import string
from random import Random

from workbook.adapters import arranged
from workbook.browser_tab import BrowserTab, Fetched
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect

_PAGE = "http://localhost:3000"


def _stranger(rng: Random) -> str:
    """The origin of a page that nobody has allowed."""
    name = "".join(rng.choices(string.ascii_lowercase, k=8))
    return f"https://{name}.example"


def _call(fetched: Fetched) -> str:
    request = fetched.exchanges[-1].request
    asked = request.headers.get("access-control-request-method")
    return f"{asked or request.method} {request.url.path}"


def _console(fetched: Fetched) -> str:
    message = f"the console's message: {fetched.blocked.rstrip('.')}"
    answer = fetched.exchanges[-1]
    if "access-control-request-method" in answer.request.headers and not answer.is_success:
        # The reason stands in the body of the preflight's answer, which no console shows.
        message += f" (the preflight got {answer.status_code}, {answer.text[:60]!r})"
    return message


def _can_read(fetched: Fetched, status: int, because: str) -> None:
    """The page's script sees an answer of that status."""
    ensure(
        not fetched.blocked,
        f"a page of {fetched.origin} to read {_call(fetched)}",
        got=_console(fetched),
        because=because,
        response=fetched.exchanges[-1],
    )
    ensure(
        fetched.status == status,
        f"status {status} for a page of {fetched.origin}",
        got=f"status {fetched.status}",
        because=because,
        response=fetched.exchanges[-1],
    )


def _reads_nothing(fetched: Fetched, because: str) -> None:
    """The browser blocks the call, or keeps its answer back."""
    ensure(
        bool(fetched.blocked),
        f"nothing of {_call(fetched)} for a page of {fetched.origin}",
        got="an answer that its script can read",
        because=because,
        response=fetched.exchanges[-1],
    )


async def _null_is_not_allowed(client: Client, path: str) -> None:
    response = await client.get(path, headers={"Origin": "null"})
    allowed = response.headers.get("access-control-allow-origin")
    ensure(
        allowed is None,
        "no permission for the origin null",
        got=f"Access-Control-Allow-Origin: {allowed}",
        because="`null` is what a sandboxed frame sends, and anybody can make one.",
        response=response,
    )


wrong_spelling = Exercise(
    "wrong_spelling",
    title="Three pages, all blocked",
    kind="bug hunt",
    section="13",
    hints=(
        (
            "Print the origin that each page sends, and put it beside the entry in the list. They "
            "are compared as text, character by character. Which one is too many, what is missing?"
        ),
        (
            "An origin is scheme, `://`, host, and the port if it is not the usual one of the "
            "scheme. There is no path and no slash at its end. Section 13, *What an origin is*."
        ),
        (
            "Each of the three entries has one mistake: a character at the end that no browser "
            "sends, a scheme that is missing, a port that is missing. The text of the task has all three "
            "origins as they should be."
        ),
    ),
)

_PAGES = ("http://localhost:3000", "https://shop.example", "https://admin.shop.example:8443")


@wrong_spelling.requirement("each of the three pages can read the items", points=3)
async def three_pages_read(client: Client, rng: Random) -> None:
    for origin in rng.sample(_PAGES, k=3):
        _can_read(
            await BrowserTab(origin).fetch(client, "GET", "/items"),
            200,
            "The entry in the list has to be the text that the browser sends.",
        )


@wrong_spelling.requirement("no other page can")
async def others_do_not_read(client: Client, rng: Random) -> None:
    for origin in (
        _stranger(rng),
        "http://shop.example",
        "https://shop.example:8443",
        "https://shopxexample",
        "https://admin.shop.example",
        "https://adminxshop.example:8443",
        "http://localhost:8000",
        "https://localhost:3000",
        "http://127.0.0.1:3000",
    ):
        _reads_nothing(
            await BrowserTab(origin).fetch(client, "GET", "/items"),
            "Name the pages that need the answer; a wider setting is a gift to all others.",
        )


allowed_pages = Exercise(
    "allowed_pages",
    title="What the admin page needs",
    kind="complete",
    section="13",
    hints=(
        (
            "Go through what the page does: read, change, send a token. For each, ask whether the "
            "browser asks first, and which word in the preflight needs a yes."
        ),
        (
            "`allow_methods` has GET alone by default. `allow_headers` is for headers that are not "
            "harmless by themselves; the content type is always allowed. Section 13, the table."
        ),
        (
            "Three settings: two origins as text, a list of two or three methods with `PUT` among "
            "them, and a list with the one header that carries the token. No star anywhere: it "
            "would allow DELETE too, or everybody."
        ),
    ),
)

_ADMINS = ("https://admin.example", _PAGE)


@allowed_pages.requirement("both pages can read the items")
async def admins_read(client: Client, rng: Random) -> None:
    for origin in rng.sample(_ADMINS, k=2):
        for headers in ({}, {"Authorization": "Bearer t"}):
            _can_read(
                await BrowserTab(origin).fetch(client, "GET", "/items", headers=headers),
                200,
                "Both are your own pages, and with a token the browser asks about a GET, too.",
            )


@allowed_pages.requirement("both can change a price, with their token in the header", points=2)
async def admins_change(client: Client, rng: Random) -> None:
    for origin in rng.sample(_ADMINS, k=2):
        _can_read(
            await BrowserTab(origin).fetch(
                client,
                "PUT",
                f"/items/{rng.randint(1, 99)}",
                headers={"Authorization": "Bearer t"},
                json={"price": rng.randint(1, 99) / 2},
            ),
            200,
            "The browser asks first: about the method, and about each header of the script's own.",
        )


@allowed_pages.requirement("nobody else can read or change anything", points=2)
async def strangers_do_nothing(client: Client, rng: Random) -> None:
    because = "The admin page's rights are for the admin page."
    for origin in (
        _stranger(rng),
        "http://admin.example",
        "https://evil-admin.example",
        "https://adminxexample",
        "http://localhost:3001",
        "https://localhost:3000",
    ):
        tab = BrowserTab(origin)
        _reads_nothing(await tab.fetch(client, "GET", "/items"), because)
        _reads_nothing(await tab.fetch(client, "PUT", "/items/1", json={"price": 1}), because)
    await _null_is_not_allowed(client, "/items")


@allowed_pages.requirement("`DELETE` stays forbidden for pages")
async def pages_do_not_delete(client: Client) -> None:
    for origin in _ADMINS:
        _reads_nothing(
            await BrowserTab(origin).fetch(client, "DELETE", "/items/1"),
            "A page that never deletes needs no permission to. Name the methods that it uses.",
        )


locked_preflight = Exercise(
    "locked_preflight",
    title="The key that is never sent",
    kind="bug hunt",
    section="13",
    hints=(
        (
            "Look at the card above the exercise: which request got the 401, and did it have a key? "
            "Could it have had one? Who should have answered it?"
        ),
        (
            "The middleware that was added last is outermost, and meets a request first. The one for "
            "CORS answers preflights by itself and marks every answer that passes it. Section 13, "
            "*Where the middleware stands*."
        ),
        (
            "Nothing in the two middlewares is wrong. Add the one that needs the key first, and the "
            "one for CORS after it, so that a preflight never gets as far as the key."
        ),
    ),
)


@locked_preflight.requirement("the page can read the items with its key", points=2)
async def reads_with_key(client: Client) -> None:
    _can_read(
        await BrowserTab(_PAGE).fetch(
            client, "GET", "/items", headers={"X-Key": "key-of-the-page"}
        ),
        200,
        "A preflight never carries the key, so nobody may ask it for one.",
    )


@locked_preflight.requirement("without the key the page reads a 401", points=2)
async def reads_the_refusal(client: Client, rng: Random) -> None:
    for headers in ({}, {"X-Key": _stranger(rng)}):
        _can_read(
            await BrowserTab(_PAGE).fetch(client, "GET", "/items", headers=headers),
            401,
            "A refusal is an answer too: the page wants to tell its user to log in.",
        )
    for method, path in (("GET", "/items"), ("GET", "/me"), ("PUT", "/items/1")):
        json = {"price": 1} if method == "PUT" else None
        response = await client.request(method, path, json=json)
        ensure(
            not response.is_success,
            f"{method} {path} without the key to be refused, when no page asks",
            got=f"status {response.status_code}",
            because="The key was for everybody and everything; only the order had to change.",
            response=response,
        )


@locked_preflight.requirement("another page can read neither")
async def stranger_reads_neither(client: Client, rng: Random) -> None:
    for headers in ({}, {"X-Key": "key-of-the-page"}):
        _reads_nothing(
            await BrowserTab(_stranger(rng)).fetch(client, "GET", "/items", headers=headers),
            "Only one page was to be allowed.",
        )


visible_500 = Exercise(
    "visible_500",
    title="A 500 that the page can read",
    kind="make",
    section="13",
    hints=(
        (
            "Which layer makes the 500, and on which side of your middleware is it? Is there a way "
            "to stand on the other side of it?"
        ),
        (
            "`CORSMiddleware` is an ASGI app that takes another one as its first argument. A "
            "finished FastAPI app can be that other one. Section 13, *Errors that the page can't "
            "read*."
        ),
        (
            "Make the shop without any middleware. Then make a CORSMiddleware by calling the class "
            "with the shop and with the origins, and give that the name `visible_500`. It can be "
            "served like any app."
        ),
    ),
)


@visible_500.requirement("the page can read the 500 of `/broken`", points=2)
async def reads_the_500(client: Client) -> None:
    fetched = await BrowserTab(_PAGE).fetch(client, "GET", "/broken")
    ensure(
        fetched.response is not None,
        "a GET of /broken to be sent",
        got=_console(fetched),
        because="It is a simple request, which no browser asks about.",
    )
    assert fetched.response is not None
    expect(fetched.response, status=500, because="The bug in `/broken` stays; it is no task.")
    _can_read(fetched, 500, "Without the header the console says CORS, and hides the bug.")


@visible_500.requirement("the page can read every other answer")
async def reads_the_others(client: Client, rng: Random) -> None:
    tab = BrowserTab(_PAGE)
    because = "What could be read before is still to be read."
    _can_read(await tab.fetch(client, "GET", "/items"), 200, because)
    _can_read(await tab.fetch(client, "GET", f"/{rng.randint(100, 999)}"), 404, because)


@visible_500.requirement("another page can read none of them")
async def stranger_reads_no_500(client: Client, rng: Random) -> None:
    tab = BrowserTab(_stranger(rng))
    fetched = await tab.fetch(client, "GET", "/broken")
    if fetched.response is not None:
        expect(fetched.response, status=500, because="The bug in `/broken` stays.")
    _reads_nothing(fetched, "Only one page was to be allowed.")
    _reads_nothing(await tab.fetch(client, "GET", "/items"), "Only one page was to be allowed.")


@visible_500.requirement("a client that is no browser is answered as before")
async def answers_others(client: Client) -> None:
    expect(
        await client.get("/items"),
        status=200,
        json=["tea", "cup"],
        because="CORS is about pages in browsers, and about nobody else.",
    )
    expect(
        await client.put("/items/1", json={"price": 3.5}),
        status=200,
        json={"price": 3.5},
        because="CORS is about pages in browsers, and about nobody else.",
    )


EDGE_LINES = {
    "A": "app.add_middleware(CORSMiddleware, **cors)",
    "B": "cors['expose_headers'] = ['X-Key']",
    "C": "cors['allow_headers'] = ['X-Key']",
    "D": "app.add_middleware(CORSMiddleware, allow_origins=['*'])",
    "E": "app.middleware('http')(need_key)",
    "F": "cors = {'allow_origins': ['http://localhost:3000']}",
    "G": "cors['expose_headers'] = ['X-Total-Count']",
    "H": "cors['allow_headers'] = ['X-Total-Count']",
}

edge_order = Exercise(
    "edge_order",
    title="Put the edge together",
    kind="arrange",
    section="13",
    serve=arranged(
        EDGE_LINES,
        given="from fastapi import FastAPI\n"
        "from fastapi.middleware.cors import CORSMiddleware\n"
        "from fastapi.responses import JSONResponse\n"
        "async def need_key(request, call_next):\n"
        "    if request.headers.get('x-key') != 'key-of-the-page':\n"
        "        return JSONResponse({'detail': 'A key is missing.'}, 401)\n"
        "    return await call_next(request)\n"
        "app = FastAPI()\n"
        "@app.get('/items')\n"
        "async def list_items():\n"
        "    return JSONResponse(['tea', 'cup'], headers={'X-Total-Count': '2'})\n",
    ),
    lines=EDGE_LINES,
    hints=(
        (
            "Two headers, two directions: the page *sends* one and *reads* the other. Which setting "
            "is for which? And which of the two middlewares has to be outermost?"
        ),
        (
            "`allow_headers` is about what a page may send, `expose_headers` about what it may "
            "read. A dictionary has to exist before something is put into it. Added last is "
            "outermost."
        ),
        (
            "Five lines: make the dictionary with the origin, put the key among what may be sent, "
            "put the count among what may be read, add the middleware that needs the key, add the "
            "one for CORS with the dictionary."
        ),
    ),
)


@edge_order.requirement("with the key the page reads the items and their number", points=2)
async def reads_the_count(client: Client) -> None:
    fetched = await BrowserTab(_PAGE).fetch(
        client, "GET", "/items", headers={"X-Key": "key-of-the-page"}
    )
    _can_read(fetched, 200, "The page sends `X-Key`, and the browser asks about it first.")
    ensure(
        fetched.headers.get("x-total-count") == "2",
        "X-Total-Count among the headers that the script can read",
        got=", ".join(fetched.headers) or "no header",
        because="The browser hides a header that the server does not expose.",
        response=fetched.response,
    )


@edge_order.requirement("without the key the page reads a 401")
async def reads_a_401(client: Client) -> None:
    _can_read(
        await BrowserTab(_PAGE).fetch(client, "GET", "/items"),
        401,
        "The refusal has to pass the CORS middleware on its way out.",
    )


@edge_order.requirement("another page can read neither")
async def stranger_reads_no_count(client: Client, rng: Random) -> None:
    for headers in ({}, {"X-Key": "key-of-the-page"}):
        _reads_nothing(
            await BrowserTab(_stranger(rng)).fetch(client, "GET", "/items", headers=headers),
            "One page was to be allowed.",
        )


cookie_pages = Exercise(
    "cookie_pages",
    title="Cookies for one page",
    kind="change",
    section="13",
    hints=(
        (
            "Which of the two settings says *who*, and which says *with cookies*? One of them is "
            "far too wide, and the other one is needed."
        ),
        (
            "With `allow_credentials` the middleware names the origin that asks, if it is allowed. "
            "So the list has to hold the pages that you trust with your visitors' cookies. Section "
            "13, *Cookies, and the star*."
        ),
        (
            "Keep `allow_credentials=True`. Replace the star in the list by the constant of the "
            "set-up cell that holds the origin of our own page. No other setting is needed."
        ),
    ),
)


@cookie_pages.requirement("our page reads `/me` as the visitor who is logged in", points=2)
async def page_reads_as_ada(client: Client) -> None:
    tab = BrowserTab(_PAGE, cookies={"session": "ada"})
    fetched = await tab.fetch(client, "GET", "/me", credentials="include")
    _can_read(
        fetched,
        200,
        "With cookies the browser wants the origin by its name, and a yes to credentials.",
    )
    ensure(
        "Ada" in fetched.text,
        "what `/me` tells of Ada",
        got=fetched.text,
        because="The cookie was sent; the app reads it as before.",
        response=fetched.response,
    )


@cookie_pages.requirement("no other page can, logged in or not", points=2)
async def no_other_page_reads_as_ada(client: Client, rng: Random) -> None:
    for origin in (
        _stranger(rng),
        "https://evil.example",
        "http://localhost:3001",
        "http://localhost:30000",
        "https://localhost:3000",
        "http://127.0.0.1:3000",
    ):
        tab = BrowserTab(origin, cookies={"session": "ada"})
        _reads_nothing(
            await tab.fetch(client, "GET", "/me", credentials="include"),
            "A page that your visitor merely opens would read and act in the visitor's name.",
        )
        _reads_nothing(
            await tab.fetch(client, "GET", "/items"),
            "Only one page was to be allowed.",
        )
    await _null_is_not_allowed(client, "/me")


preview_pages = Exercise(
    "preview_pages",
    title="Too many previews",
    kind="bug hunt",
    section="13",
    hints=(
        (
            "Write down two origins that must match and five that must not, such as one where your "
            "name is only the end of another name. Which part of the pattern lets those in?"
        ),
        (
            "The whole origin has to match. In a regular expression `.` is any character, `.*` any "
            "text; a real point is `\\.`, digits are `\\d+`, and `( … )?` may be missing."
        ),
        (
            "After the scheme comes a group that may be missing: `pr-`, some digits, a point, "
            "`preview` and another point. Then the name of the shop, its point escaped. Nothing "
            "else, neither before nor after."
        ),
    ),
)


@preview_pages.requirement("the shop and the previews of pull requests can read", points=2)
async def previews_read(client: Client, rng: Random) -> None:
    for origin in (
        "https://shop.example",
        f"https://pr-{rng.randint(1, 9)}.preview.shop.example",
        f"https://pr-{rng.randint(10, 99999)}.preview.shop.example",
    ):
        _can_read(
            await BrowserTab(origin).fetch(client, "GET", "/items"),
            200,
            "Every preview has the same form; only its number differs.",
        )


@preview_pages.requirement("names that only look like ours can not", points=3)
async def lookalikes_do_not_read(client: Client, rng: Random) -> None:
    number = rng.randint(1, 999)
    for origin in (
        "https://evilshop.example",
        "https://shop-example",
        "https://shopxexample",
        "https://shop.example.evil.example",
        f"https://pr-{number}.preview.evilshop.example",
        f"https://pr-{number}.previewxshop.example",
        f"https://pr-{number}.preview.shopxexample",
    ):
        _reads_nothing(
            await BrowserTab(origin).fetch(client, "GET", "/items"),
            "Anybody can buy such a name and put a page there.",
        )


@preview_pages.requirement("other pages under our own name can not")
async def other_subdomains_do_not_read(client: Client, rng: Random) -> None:
    for origin in (
        "http://shop.example",
        "https://shop.example:8443",
        "https://blog.shop.example",
        "https://preview.shop.example",
        "https://pr-.preview.shop.example",
        "https://pr-a.preview.shop.example",
        f"https://pr-{rng.choice('bcxyz')}.preview.shop.example",
        f"https://pr-{rng.randint(1, 9)}-{rng.randint(1, 9)}.preview.shop.example",
        f"https://pr{rng.randint(1, 9)}.preview.shop.example",
        f"https://prx{rng.randint(1, 9)}.preview.shop.example",
        f"https://qa-{rng.randint(1, 9)}.preview.shop.example",
        f"https://pr-{rng.randint(1, 9)}.shop.example",
        f"https://pr-{rng.randint(1, 9)}.staging.shop.example",
        f"http://pr-{rng.randint(1, 9)}.preview.shop.example",
        f"https://pr-{rng.randint(1, 9)}.preview.shop.example:8443",
        f"https://pr-{rng.randint(1, 9)}xpreview.shop.example",
        f"https://evil.pr-{rng.randint(1, 9)}.preview.shop.example",
        "https://pr-1.preview.pr-2.preview.shop.example",
    ):
        _reads_nothing(
            await BrowserTab(origin).fetch(client, "GET", "/items"),
            "The task names two kinds of pages. A blog with a hole should not read for them.",
        )

"""The exercises of chapter 2, FastAPI basics, in the order in which it sets them."""

import ast
import asyncio
import string
from random import Random
from typing import Any

import httpx
from fastapi import FastAPI

from workbook.adapters import arranged
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.trials import tried_on

frozen_shop = Exercise(
    "frozen_shop",
    title="The shop that freezes",
    kind="bug hunt",
    section="2.1",
    hints=(
        (
            "While one visitor waits for the warehouse, who else can be served? Look at how the "
            "endpoint that waits is declared, and at the call inside it: does it ever give the "
            "event loop back?"
        ),
        (
            "`ask_warehouse` is a blocking call: it keeps its thread until it is done. FastAPI runs "
            "an endpoint on a worker thread when it is a plain function. Section 2.1, the figure of "
            "overlapping requests, shows both."
        ),
        (
            "Take one word away from the line that declares `count_stock`, and leave the call as it "
            "is. Or keep that word and hand the call to `asyncio.to_thread`, which you await."
        ),
    ),
)

WAREHOUSE = {1: 12, 2: 0, 3: 7}
"""What the chapter's set-up cell gives the learner's app to count."""


@frozen_shop.requirement("while the warehouse is slow, `/health` is still answered", points=2)
async def answers_others_meanwhile(client: Client) -> None:
    answers: list[httpx.Response] = []
    counted: httpx.Response | None = None
    # Several tries: on a busy machine a right answer may get too little done in one of them, and
    # a loop that is held never answers more than two, however often it is asked.
    for _ in range(5):
        answers.clear()
        slow = asyncio.create_task(client.get("/stock/1"))
        try:
            while not slow.done():
                answers.append(await client.get("/health"))
                await asyncio.sleep(0.005)
            counted = await slow
        finally:
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
        if len(answers) >= 4 or not answers[0].is_success:
            break
    expect(
        answers[0],
        status=200,
        because="A shop that is up says so, however busy it is.",
        mistakes={404: "A repair keeps what was there: `/health` is gone."},
    )
    ensure(
        # One may slip in before the slow request has arrived, one may be sent just before its
        # answer has come back. More than that are answered only if the loop is free.
        len(answers) >= 4,
        "/health to go on answering while /stock/1 waits",
        got="silence until /stock/1 was answered",
        because="One blocking call in `async def` holds up every other visitor.",
        response=counted,
    )


@frozen_shop.requirement("the stock is still counted")
async def still_counts(client: Client, rng: Random) -> None:
    item_id = rng.choice(list(WAREHOUSE))
    expect(
        await client.get(f"/stock/{item_id}"),
        status=200,
        json={"item_id": item_id, "left": WAREHOUSE[item_id]},
        because="A repair keeps what the endpoint answered.",
    )


described_shop = Exercise(
    "described_shop",
    title="A description worth reading",
    kind="complete",
    section="2.2",
    hints=(
        (
            "Somebody who reads `/docs` for the first time sees a title, a version, and groups with "
            "a sentence about each. Which of these does your app still leave to the defaults?"
        ),
        (
            "`FastAPI(title=…, version=…, openapi_tags=…)` describe the app; `tags=[…]` puts a path "
            "operation into a group; `include_in_schema=…` decides whether it is shown. Section 2.2."
        ),
        (
            "The name of the tag in the list that describes the tags, and the name in the decorator, "
            "must be the same word. The health route takes one more argument in its decorator, "
            "with the value `False`."
        ),
    ),
)


@described_shop.requirement("the description has the title `Tea shop` and the version `2.0.0`")
async def has_title_and_version(client: Client) -> None:
    info = (await _description(client))["info"]
    for name, wanted in (("title", "Tea shop"), ("version", "2.0.0")):
        ensure(
            info[name] == wanted,
            f"the {name} {wanted!r}",
            got=repr(info[name]),
            because="It is the first thing that a reader of your API sees.",
        )


@described_shop.requirement("`GET /items` is in the group `items`, and the group has a sentence")
async def describes_the_tag(client: Client) -> None:
    expect(
        await client.get("/items"),
        status=200,
        because="To describe an operation is not to change what it answers.",
    )
    description = await _description(client)
    used = description["paths"].get("/items", {}).get("get", {}).get("tags", [])
    ensure(
        "items" in used,
        "GET /items with the tags ['items']",
        got=f"the tags {used}",
        because="`tags` is a list of words: a word by itself is taken for a list of letters."
        if used == list("items")
        else "Operations without a tag end up in one long list called default.",
    )
    told = {tag["name"]: tag.get("description", "") for tag in description.get("tags", [])}
    ensure(
        len(told.get("items", "").split()) >= 2,
        "a sentence about the tag 'items'",
        got=f"the description {told['items']!r}"
        if "items" in told
        else f"a description of {', '.join(map(repr, told)) or 'no tag'}",
        because="The name in `openapi_tags` must be the name in `tags`, and say what is in it.",
    )


@described_shop.requirement("`/health` answers, but is not part of the description")
async def hides_health(client: Client) -> None:
    expect(
        await client.get("/health"),
        status=200,
        because="To hide an operation is not to remove it: the monitor still calls it.",
    )
    ensure(
        "/health" not in (await _description(client))["paths"],
        "a description without /health",
        got="one that lists it",
        because="It is there for a monitor, and says nothing to a customer of the API.",
    )


async def _description(client: Client) -> dict[str, Any]:
    response = await client.get("/openapi.json")
    expect(response, status=200, because="The description is what /docs is drawn from.")
    return response.json()


WARM_CATALOGUE_LINES = {
    "A": "    return request.state.catalogue.name_of(item_id)",
    "B": "app = FastAPI(lifespan=lifespan)",
    "C": "    return catalogue.name_of(item_id)",
    "D": "async def lifespan(app: FastAPI):",
    "E": "async def read_item(item_id: int, request: Request) -> str:",
    "F": "        yield {'catalogue': catalogue}",
    "G": "@asynccontextmanager",
    "H": "app = FastAPI()",
    "I": "@app.get('/items/{item_id}')",
    "J": "    async with open_catalogue() as catalogue:",
}

_GIVEN = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request

class Catalogue:
    def __init__(self):
        self._names = {1: 'tea', 2: 'cup', 3: 'pot'}
    def name_of(self, item_id):
        return self._names[item_id]

@asynccontextmanager
async def open_catalogue():
    catalogue = Catalogue()
    try:
        yield catalogue
    finally:
        catalogue._names = {}
"""

warm_catalogue = Exercise(
    "warm_catalogue",
    title="A catalogue that is open before the first request",
    kind="arrange",
    section="2.3",
    serve=arranged(WARM_CATALOGUE_LINES, given=_GIVEN),
    lines=WARM_CATALOGUE_LINES,
    hints=(
        (
            "What must exist before the app can be made, and what before a route can be put on the "
            "app? Write the three blocks first, then choose the lines inside them."
        ),
        (
            "A lifespan is a function with a decorator in front of it, and it hands its state over "
            "with `yield`, not with `return`. The app is told of it when it is made. Section 2.3."
        ),
        (
            "Eight of the ten lines are used. First come the decorator, the function, the `async "
            "with` and the line that hands over the catalogue; then the app that knows the function; "
            "then the route in three lines."
        ),
    ),
)


@warm_catalogue.requirement("`GET /items/{item_id}` is answered from the open catalogue", points=2)
async def answers_from_the_catalogue(client: Client, rng: Random) -> None:
    item_id = rng.choice([1, 2, 3])
    expect(
        await client.get(f"/items/{item_id}"),
        status=200,
        json={1: "tea", 2: "cup", 3: "pot"}[item_id],
        because="What start-up opens is open while requests come in, and closed after the last.",
        mistakes={404: "The app has no such route: the lines for it come after the app."},
    )


own_operations = Exercise(
    "own_operations",
    title="One operation, one function",
    kind="change",
    section="2.3b",
    hints=(
        (
            "The one function asks which method it was called with. Who could have answered that "
            "question before the function was called at all?"
        ),
        (
            "`@app.get`, `@app.put`, `@app.delete` and `@app.head` each register one operation. "
            "`status_code=204` in a decorator says that there is no body. Section 2.3b."
        ),
        (
            "Write one function for each method, all on the same path. The one that deletes returns "
            "nothing and says so in its decorator. The answer to `HEAD` needs no body: put a second "
            "decorator above the function that reads."
        ),
    ),
)


@own_operations.requirement("`PUT` stores a name and `GET` reads it")
async def puts_and_gets(client: Client, rng: Random) -> None:
    path, name = f"/items/{rng.randint(10, 99)}", _word(rng)
    put = await client.put(path, params={"name": name})
    expect(put, status=200, json=name, because="The answer to a PUT says what is stored now.")
    expect(
        await client.get(path),
        status=200,
        json=name,
        because="What was put is there for the next GET.",
    )
    await client.put(f"/items/{rng.randint(200, 299)}", params={"name": _word(rng)})
    expect(
        await client.get(path),
        status=200,
        json=name,
        because="Each item has its own place: a PUT of another one leaves it alone.",
    )


@own_operations.requirement("`DELETE` answers 204, without a body")
async def deletes_without_a_body(client: Client, rng: Random) -> None:
    path = f"/items/{rng.randint(100, 199)}"
    await client.put(path, params={"name": _word(rng)})
    other, kept = f"/items/{rng.randint(300, 399)}", _word(rng)
    await client.put(other, params={"name": kept})
    response = await client.delete(path)
    expect(
        response,
        status=204,
        text="",
        because="204 tells the client that it is done and that there is nothing to read.",
        mistakes={
            200: "Without a `status_code` in the decorator every answer is a 200, here with the "
            "body `null`."
        },
    )
    gone = await client.get(path)
    ensure(
        gone.status_code == 404 or gone.json() is None,
        "null, or a 404, for an item that was deleted",
        got=gone.text,
        because="DELETE takes the item from the shelf.",
        response=gone,
    )
    expect(
        await client.get(other),
        status=200,
        json=kept,
        because="DELETE takes one item from the shelf, and leaves the others there.",
    )
    again = await client.delete(path)
    ensure(
        again.status_code in (204, 404),
        "204, or a 404, for an item that is gone already",
        got=f"status {again.status_code}",
        because="Who got no answer repeats a DELETE, and twice is once.",
        response=again,
    )


@own_operations.requirement("`HEAD` answers 200, for a monitor that asks only whether it is there")
async def answers_head(client: Client, rng: Random) -> None:
    path, name = f"/items/{rng.randint(400, 499)}", _word(rng)
    await client.put(path, params={"name": name})
    expect(
        await client.head(path),
        status=200,
        text="",
        because="HEAD asks for the headers of the answer that GET would give.",
        mistakes={405: "`@app.get` answers GET and nothing else: HEAD is an operation of its own."},
    )
    expect(
        await client.get(path),
        status=200,
        json=name,
        because="HEAD changes nothing: a monitor that looks must not empty the shelf.",
    )


@own_operations.source_requirement("no function serves more than one of GET, PUT and DELETE")
def one_function_each(tree: ast.Module) -> None:
    for function, served in _served(tree).items():
        methods = sorted(served & {"GET", "PUT", "DELETE"})
        ensure(
            len(methods) < 2,
            "one operation for each function",
            got=f"{function} for {' and '.join(methods)}",
            because="Each operation then has its own parameters, status code and description.",
        )


order_labels = Exercise(
    "order_labels",
    title="Labels for orders",
    kind="complete",
    section="2.4",
    hints=(
        (
            "A type can say more than `str` or `int`: which words are there at all, and between "
            "which numbers? Find the two places in the starter where the type says too little."
        ),
        (
            "An `Enum` as the type of a path parameter lists the words; `Annotated[int, Path(…)]` "
            "bounds a number with `ge` (greater or equal) and `le` (less or equal). Section 2.4."
        ),
        (
            "Give the class two more members, each a name and the word in quotes. Use that class as "
            "the type of the first parameter. Put the two bounds, both inclusive, into the `Path` "
            "of the second."
        ),
    ),
)

STATUSES = ("open", "paid", "sent")


@order_labels.requirement("a label is answered for `open`, `paid` and `sent`")
async def labels_every_status(client: Client, rng: Random) -> None:
    for status in STATUSES:
        number = rng.randint(1, 9999)
        expect(
            await client.get(f"/orders/{status}/{number}"),
            status=200,
            json={"status": status, "number": number},
            because="Each status an order can have is a member of the enumeration.",
            mistakes=_name_that_is_not_in_the_path,
        )


@order_labels.requirement("another word is refused with 422")
async def refuses_other_statuses(client: Client, rng: Random) -> None:
    near = rng.choice(STATUSES)
    for word in (_word(rng), _word(rng)[:4], f"{near}ed", f"un{near}", near.upper(), "closed"):
        expect(
            await client.get(f"/orders/{word}/7"),
            status=422,
            because="A word that is no status must not get a label: type the parameter as `Status`.",
        )


@order_labels.requirement("numbers from 1 to 9999 are accepted, others refused with 422")
async def bounds_the_number(client: Client) -> None:
    for number in (1, 9999):
        expect(
            await client.get(f"/orders/open/{number}"),
            status=200,
            because=f"The bounds belong to the range: {number} is a number of an order.",
            mistakes={
                422: f"`gt` and `lt` leave the bound out; with `ge` and `le` {number} is in."
            },
        )
    for number in (0, -3, 10_000):
        expect(
            await client.get(f"/orders/open/{number}"),
            status=422,
            because=f"No order has the number {number}, and `int` alone does not say so.",
        )
    expect(
        await client.get("/orders/open/1.5"),
        status=422,
        because="Orders are counted, so their number is an `int`.",
    )


my_account = Exercise(
    "my_account",
    title="The account that is not a number",
    kind="bug hunt",
    section="2.4",
    hints=(
        (
            "Which of the two path operations answered `/users/me`? The `loc` in the 422 names a "
            "parameter: which function has a parameter of that name?"
        ),
        (
            "Path operations are tried in the order in which they were registered, and the first "
            "whose path fits is taken. Section 2.4, under the heading on order."
        ),
        (
            "Both functions are right as they are, types included. Move one of them, decorator and "
            "all, so that the path that fits only one word is registered before the path that fits "
            "any word."
        ),
    ),
)


@my_account.requirement("`/users/me` is the owner who is logged in", points=2)
async def me_is_the_owner(client: Client) -> None:
    expect(
        await client.get("/users/me"),
        status=200,
        json={"name": "Ada", "role": "owner"},
        because="The first path that fits answers, so the particular one must come first.",
        mistakes={
            422: "`me` was read as a `user_id`: the other path operation came first and fits it too."
        },
    )


@my_account.requirement("`/users/{user_id}` still finds users by number")
async def finds_by_number(client: Client, rng: Random) -> None:
    user_id = rng.randint(1, 10_000)
    expect(
        await client.get(f"/users/{user_id}"),
        status=200,
        json={"user_id": user_id},
        because="A repair keeps what worked before.",
    )


@my_account.requirement("any other word is still refused with 422")
async def refuses_other_words(client: Client, rng: Random) -> None:
    expect(
        await client.get(f"/users/{_word(rng)}"),
        status=422,
        because="With `user_id: str` every word would count as a user; the order is the bug, "
        "not the type.",
        mistakes={
            404: "A repair keeps what was there, and 404 is another answer: the order is the bug, "
            "neither the path nor the type."
        },
    )


def _correct_users() -> FastAPI:
    """The app of the exercise `my_account`, repaired."""
    app = FastAPI()

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    @app.get("/users/{user_id}")
    async def read_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    return app


def _users_in_the_wrong_order() -> FastAPI:
    """The app as it was found: `/users/me` is answered with a 422."""
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


def _users_by_any_word() -> FastAPI:
    """A wrong repair: `/users/me` is answered with a 200, by the wrong function."""
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: str) -> dict[str, str]:
        return {"user_id": user_id}

    @app.get("/users/me")
    async def read_me() -> dict[str, str]:
        return {"name": "Ada", "role": "owner"}

    return app


my_account_test = Exercise(
    "my_account_test",
    title="The test that would have caught it",
    kind="make",
    section="2.4",
    serve=tried_on(
        {
            "repaired": _correct_users,
            "wrong-order": _users_in_the_wrong_order,
            "any-word": _users_by_any_word,
        }
    ),
    hints=(
        (
            "What did you send to reproduce the bug, and what should have come back? A test is that "
            "request, with the answer you want written down."
        ),
        (
            "Await `http.get(…)` as in every cell of this chapter, then use `assert` on "
            "`response.status_code` and on `response.json()`. Section 2.4 has both in its cells."
        ),
        (
            "One request to the path that failed. One `assert` that the status is the good one. One "
            "`assert` that the body is the owner's name and role, so that an answer from the wrong "
            "function fails too."
        ),
    ),
)


@my_account_test.requirement("the test passes on the repaired app")
async def passes_when_repaired(client: Client) -> None:
    report = await _report(client, "repaired")
    ensure(
        report["outcome"] == "passed",
        "a test that passes on the repaired app",
        got=report["message"],
        because="A test that fails on right code is switched off sooner or later.",
    )


@my_account_test.requirement("the test fails on the app as it was found")
async def fails_on_the_bug(client: Client) -> None:
    report = await _report(client, "wrong-order")
    ensure(
        report["outcome"] == "failed",
        "a test that fails on the app with the bug",
        got="one that passes",
        because="A test that can't fail tests nothing: send the request that went wrong, and "
        "compare its status with `assert`.",
    )


@my_account_test.requirement("the test fails when the wrong function answers with 200")
async def fails_on_the_wrong_repair(client: Client) -> None:
    report = await _report(client, "any-word")
    ensure(
        report["outcome"] == "failed",
        'a test that fails when /users/me is answered {"user_id": "me"}',
        got="one that passes",
        because="A status of 200 does not say who answered: compare the body as well.",
    )


async def _report(client: Client, app: str) -> dict[str, str]:
    response = await client.get(f"/trials/{app}")
    expect(response, status=200, because="Your test was run against three apps.")
    return response.json()


bounded_pages = Exercise(
    "bounded_pages",
    title="Bounded pages",
    kind="change",
    section="2.5",
    hints=(
        (
            "What is the largest page that a visitor can ask for today? And what does Python do with "
            "a slice that begins at a negative number?"
        ),
        (
            "`Annotated[int, Query(…)]` takes the same bounds as `Path`: `ge` and `le`. The default "
            "stays where it is, after the `=`. Section 2.5."
        ),
        (
            "Annotate both parameters. The first needs one bound, from below, at zero. The second "
            "needs two, at one and at one hundred. The line that slices the list stays as it is."
        ),
    ),
)


@bounded_pages.requirement("a page is the right slice of the list; the first has ten items")
async def answers_the_right_page(client: Client, rng: Random) -> None:
    expect(
        await client.get("/items"),
        status=200,
        json=list(range(1, 11)),
        because="Who says nothing gets the first ten items.",
        mistakes={422: "A parameter without a default is required, and old callers send none."},
    )
    skip, limit = rng.randint(1, 90), rng.randint(2, 9)
    expect(
        await client.get("/items", params={"skip": skip, "limit": limit}),
        status=200,
        json=list(range(skip + 1, skip + limit + 1)),
        because="`skip` says where the page begins and `limit` how long it is.",
    )
    expect(
        await client.get("/items", params={"skip": 0, "limit": 2}),
        status=200,
        json=[1, 2],
        because="The bound belongs to the range: a skip of 0 is where the list begins.",
        mistakes={422: "`gt` leaves the bound out; with `ge` 0 is in."},
    )
    expect(
        await client.get("/items", params={"skip": 245}),
        status=200,
        json=list(range(246, 251)),
        because="The last page has what is left of the list; nobody asked for a bound above.",
    )


@bounded_pages.requirement("a limit from 1 to 100 is accepted")
async def accepts_the_bounds(client: Client) -> None:
    for limit in (1, 100):
        expect(
            await client.get("/items", params={"limit": limit}),
            status=200,
            json=list(range(1, limit + 1)),
            because=f"The bounds belong to the range: a page of {limit} is allowed.",
            mistakes={422: f"`gt` and `lt` leave the bound out; with `ge` and `le` {limit} is in."},
        )


@bounded_pages.requirement("a limit over 100, or under 1, is refused with 422")
async def refuses_large_limit(client: Client, rng: Random) -> None:
    for limit in (101, rng.randint(1_000, 1_000_000), 0, -5):
        expect(
            await client.get("/items", params={"limit": limit}),
            status=422,
            because="The limit must be bounded on the server.",
            mistakes=_page_cut_in_silence,
        )


@bounded_pages.requirement("a negative skip is refused with 422")
async def refuses_negative_skip(client: Client, rng: Random) -> None:
    expect(
        await client.get("/items", params={"skip": -rng.randint(1, 50)}),
        status=422,
        because="A slice with a negative start counts from the end of the list.",
    )


tag_search = Exercise(
    "tag_search",
    title="The tags that never arrive",
    kind="bug hunt",
    section="2.5",
    hints=(
        (
            "The 422 says in `loc` where FastAPI looked for the tags. Is that where the request "
            "carries them?"
        ),
        (
            "A `list` in the signature is taken from the body, unless `Annotated[…, Query()]` says "
            "that it comes from the query string. Section 2.5, under the heading on lists."
        ),
        (
            "Wrap the type of `tag` in an annotation that names `Query`. A search without tags has "
            "to work too, so give it a default: `None` with a type that allows it, or an empty "
            "value."
        ),
    ),
)

_TAGGED = {"tea": {"hot", "leaf"}, "cup": {"new"}, "pot": {"new", "hot"}}


@tag_search.requirement("`?tag=…&tag=…` finds the items that have all of these tags", points=2)
async def finds_by_tags(client: Client, rng: Random) -> None:
    tags = rng.choice([("hot", "new"), ("new", "hot"), ("leaf", "hot"), ("hot", "leaf")])
    expect(
        await client.get("/items", params={"tag": list(tags)}),
        status=200,
        json=[name for name, has in _TAGGED.items() if has >= set(tags)],
        because="A name that is repeated in the query string is a list of values.",
        mistakes=_what_became_of_the_tags,
    )


@tag_search.requirement("one tag is enough, and so is none")
async def finds_by_one_or_none(client: Client, rng: Random) -> None:
    tag = rng.choice(["hot", "new", "leaf"])
    expect(
        await client.get("/items", params={"tag": tag}),
        status=200,
        json=[name for name, has in _TAGGED.items() if tag in has],
        because="A list may have one value.",
    )
    expect(
        await client.get("/items", params={"tag": ["leaf", "new"]}),
        status=200,
        json=[],
        because="No item has both tags: an empty list is a good answer to a search.",
    )
    expect(
        await client.get("/items"),
        status=200,
        json=list(_TAGGED),
        because="Who names no tag sees the whole shop.",
        mistakes={422: "Without a default the list is required: a search without tags fails."},
    )


owner_orders = Exercise(
    "owner_orders",
    title="An owner's orders, from nothing",
    kind="make",
    section="2.6",
    hints=(
        (
            "Which part of the request is in the path, and which after the question mark? Begin with "
            "the path and the answer, check, then add one rule at a time."
        ),
        (
            "`Annotated[int, Path(…)]` for the owner, and `Annotated[…, Query()]` around a Pydantic "
            "model whose `model_config` forbids extra names, for the rest. Section 2.5, under the "
            "heading on a model for many parameters, and section 2.6."
        ),
        (
            "The model has three fields: a bounded `skip` and a bounded `limit`, both with defaults "
            "by `Field`, and a list of words called `status` that is empty by default. The function "
            "returns a dictionary with the owner and the three fields."
        ),
    ),
)


@owner_orders.requirement("the answer says for which owner, which page and which statuses it is")
async def echoes_the_request(client: Client, rng: Random) -> None:
    owner_id, skip, limit = rng.randint(1, 999), rng.randint(0, 99), rng.randint(1, 50)
    statuses = rng.sample(STATUSES, 2)
    for asked in (statuses, statuses[::-1]):
        expect(
            await client.get(
                f"/owners/{owner_id}/orders",
                params={"skip": skip, "limit": limit, "status": asked},
            ),
            status=200,
            json={"owner_id": owner_id, "skip": skip, "limit": limit, "status": asked},
            because="A client compares what it asked for with what was understood.",
            mistakes=_what_became_of_the_statuses,
        )


@owner_orders.requirement("without a query it is the first ten orders, of any status")
async def has_defaults(client: Client, rng: Random) -> None:
    owner_id = rng.randint(1, 999)
    expect(
        await client.get(f"/owners/{owner_id}/orders"),
        status=200,
        json={"owner_id": owner_id, "skip": 0, "limit": 10, "status": []},
        because="Every query parameter here has a default.",
        mistakes={422: "A parameter without a default is required."},
    )


@owner_orders.requirement("an owner below 1, a skip below 0, a limit outside 1 to 50: 422")
async def keeps_the_bounds(client: Client) -> None:
    for path, name in (
        ("/owners/0/orders", "an owner of 0"),
        ("/owners/1/orders?skip=-1", "a skip of -1"),
        ("/owners/1/orders?limit=0", "a limit of 0"),
        ("/owners/1/orders?limit=51", "a limit of 51"),
    ):
        expect(
            await client.get(path),
            status=422,
            because=f"The server decides what is allowed, and {name} is not.",
        )
    for path, name in (
        ("/owners/1/orders?limit=50", "a limit of 50"),
        ("/owners/1/orders?limit=1", "a limit of 1"),
        ("/owners/1/orders?skip=0", "a skip of 0"),
    ):
        expect(
            await client.get(path),
            status=200,
            because=f"The bound belongs to the range: {name} is allowed.",
        )
    expect(
        await client.get("/owners/100000/orders?skip=100000"),
        status=200,
        because="Nobody asked for a bound above: there may be many owners, and many orders.",
    )


@owner_orders.requirement("a query parameter that does not exist is refused with 422")
async def refuses_unknown_names(client: Client, rng: Random) -> None:
    for name in ("lmit", _word(rng)):
        expect(
            await client.get("/owners/1/orders", params={name: 5}),
            status=422,
            because="A misspelt name is otherwise ignored, and the client believes it was heard.",
        )


def _word(rng: Random) -> str:
    """A word that is no number, no status and no path of any app here."""
    return "".join(rng.choices(string.ascii_lowercase, k=8))


def _sought_in(response: httpx.Response) -> str:
    """The place where a refused parameter was sought: `path`, `query`, `body`; empty if none."""
    return response.json()["detail"][0]["loc"][0] if response.status_code == 422 else ""


def _name_that_is_not_in_the_path(response: httpx.Response) -> str | None:
    if _sought_in(response) == "query":
        return "A parameter is taken from the path if its name is there, between braces."
    return None


def _page_cut_in_silence(response: httpx.Response) -> str | None:
    if response.status_code == 200:
        match response.json():
            case [*items] if len(items) == 100:
                return "A page that is cut in silence looks like the end of the list: refuse it."
    return None


def _what_became_of_the_tags(response: httpx.Response) -> str | None:
    if _sought_in(response) == "body":
        return "A list without `Query()` is sought in the body, and a GET request has none."
    if response.status_code == 200:
        if response.json() == list(_TAGGED):
            return "The tags were not heard: a list without `Query()` is sought in the body."
        last = response.request.url.params.get_list("tag")[-1]
        if response.json() == [name for name, has in _TAGGED.items() if last in has]:
            return "Only the last tag was heard: as a `str` the parameter holds one value."
    return None


def _what_became_of_the_statuses(response: httpx.Response) -> str | None:
    if response.status_code == 404:
        return "No path operation fits: compare the path, letter by letter."
    if _sought_in(response) == "body":
        return "A list or a model without `Query()` is sought in the body."
    if response.status_code == 422:
        return "All of it is within the bounds: `detail` says what was refused."
    if response.status_code == 200:
        match response.json():
            case {"status": str()}:
                return "`status` came twice, and one was lost: its type has to be a list."
    return None


def _served(tree: ast.Module) -> dict[str, set[str]]:
    """The HTTP methods that each function is registered for, by its name.

    By a decorator, by `app.get(path)(function)`, or by `app.add_api_route(path, function)`.
    """
    lists = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                registrations = node.decorator_list
            case ast.Call(func=ast.Call() as registration, args=[ast.Name(id=name)]):
                registrations = [registration]
            case ast.Call(
                func=ast.Attribute(attr="add_api_route"), args=[_, ast.Name(id=name), *_]
            ):
                registrations = [node]
            case _:
                continue
        for registration in registrations:
            found.setdefault(name, set()).update(_methods(registration, lists))
    return found


def _methods(registration: ast.expr, lists: dict[str, ast.expr]) -> set[str]:
    """The HTTP methods that one registration names; `lists` has what is bound to names."""
    match registration:
        case ast.Call(func=ast.Attribute(attr="api_route" | "add_api_route"), keywords=keywords):
            given = [one.value for one in keywords if one.arg == "methods"]
            values = [lists.get(one.id, one) if isinstance(one, ast.Name) else one for one in given]
            nodes = [node for value in values for node in ast.walk(value)]
            words = {str(node.value).upper() for node in nodes if isinstance(node, ast.Constant)}
            return words if given else {"GET"}
        case ast.Call(func=ast.Attribute(attr=name)):
            return {name.upper()}
    return set()

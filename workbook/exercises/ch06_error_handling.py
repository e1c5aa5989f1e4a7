"""The exercises of chapter 6, error handling, in the order in which it sets them."""

import ast
import json
import string
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
from httpx2.websockets import (
    HTTPXWSException,
    WebSocketInvalidTypeReceived,
    WebSocketUpgradeError,
)

from workbook.adapters import arranged
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import Unmet, ensure, error_is_expected, expect
from workbook.transcript import EXCHANGE, Exchange

_PIECES = {1: 12, 2: 0, 3: 7}
"""What the set-up cell of the chapter has as `STOCK`."""

_OPENS_IN = ("london", "paris")
"""The cities in its `OPENS_IN`."""


def _word(rng: Random, length: int = 8) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=length))


def _unknown(rng: Random) -> int:
    return rng.randint(100, 9999)


def _object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in an answer; an empty one for anything else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


sold_out = Exercise(
    "sold_out",
    title="Sold out, or unknown?",
    kind="bug hunt",
    section="6.1",
    hints=(
        (
            "There are two mistakes, one in each function. Which of the four requests got a wrong "
            "status? What is `STOCK.get(2)`, and what does `not` make of it?"
        ),
        (
            "Ask whether the number is in the dictionary, and not whether its value is true. An "
            "exception has to leave the function by the statement made for it. The lowest number "
            "goes into the parameter: `Path`, section 2.4."
        ),
        (
            "Both functions begin alike: if the number is not in the dictionary, raise the 404. "
            "Both parameters are `Annotated` whole numbers, with a `Path` that says `ge`. With a "
            "return type on the second function, FastAPI would have shown its mistake at once."
        ),
    ),
)


@sold_out.requirement("an item that is sold out has 0 pieces, and is no 404", points=2)
async def tells_zero(client: Client, rng: Random) -> None:
    for item_id in rng.sample(sorted(_PIECES), k=3):
        expect(
            await client.get(f"/stock/{item_id}"),
            status=200,
            json={"left": _PIECES[item_id]},
            because="The shop has this item; how many pieces are left is another question.",
            mistakes={404: "0 is a number of pieces, and `not 0` is true."},
        )


@sold_out.requirement("an item that the shop never had is a 404 that names its number", points=2)
async def refuses_unknown(client: Client, rng: Random) -> None:
    number = _unknown(rng)
    for path in (f"/stock/{number}", f"/prices/{number}"):
        response = await client.get(path)
        expect(
            response,
            status=404,
            because="A status of success makes a client look for a price that is not there."
            if response.is_success
            else "The shop never had this item: the number is well formed, and nothing is there.",
            mistakes=_how_it_was_refused,
        )
        detail = _object(response).get("detail")
        ensure(
            str(number) in str(detail),
            f"a detail that names {number}",
            got=repr(detail),
            because="Somebody who reads the answer wants to know which item is meant.",
            response=response,
        )


def _how_it_was_refused(response: httpx.Response) -> str | None:
    if response.is_success and "status_code" in _object(response):
        return "An exception that is returned is a value: its attributes become the JSON."
    if response.status_code == 500:
        return "An exception that is returned breaks the promise of the return type."
    if response.status_code == 422:
        return (
            "Only the lowest number belongs into the parameter. Which items there are, the data "
            "say, and they change."
        )
    return None


@sold_out.requirement("prices are still told")
async def tells_prices(client: Client) -> None:
    for item_id, price in ((1, 3.5), (2, 8.0), (3, 19.0)):
        expect(
            await client.get(f"/prices/{item_id}"),
            status=200,
            json={"price": price},
            because="A repair keeps what worked.",
        )


@sold_out.requirement("a number below 1 is refused with 422")
async def refuses_small_numbers(client: Client, rng: Random) -> None:
    for number in (0, -rng.randint(1, 99)):
        for path in (f"/stock/{number}", f"/prices/{number}"):
            expect(
                await client.get(path),
                status=422,
                because="No item can have such a number, and the parameter can say so by itself.",
                mistakes={400: "A check by hand is in no description; `Path(ge=1)` is."},
            )


closed_shop = Exercise(
    "closed_shop",
    title="Closed is not OK",
    kind="change",
    section="6.1",
    hints=(
        (
            "Which of the three cases can a client see from the status alone, as the code is now? "
            "And what could a program do with the number in the body, if it knew where to look?"
        ),
        (
            "`HTTPException` takes a status, a `detail` and `headers`. The values of headers are "
            "text. The table in section 6.1 says which header belongs to a 503."
        ),
        (
            "First ask whether the city is in the dictionary; if not, raise a 404. Then, if the "
            "number is above 0, raise a 503 with a dictionary of one header, made of that number "
            "with `str`. What is left is the answer of today."
        ),
    ),
)


@closed_shop.requirement("an open shop takes the order")
async def open_shop_orders(client: Client) -> None:
    expect(
        await client.post("/shops/london/orders"),
        status=200,
        json={"city": "london", "ordered": True},
        because="London is open, and nothing changes there.",
    )


@closed_shop.requirement("a closed shop answers 503", points=2)
async def closed_shop_refuses(client: Client) -> None:
    response = await client.post("/shops/paris/orders")
    exchange: Exchange | None = response.request.extensions.get(EXCHANGE)
    if exchange and "has no attribute 'encode'" in str(exchange.error):
        error_is_expected(response)  # what Starlette says of it helps nobody
        raise Unmet(
            expected="a header whose value is text",
            got="one that is none",
            because="A header is sent as text, and a number is none: make text of it with `str`.",
            sent=exchange.sent,
            came_back=exchange.came_back,
        )
    expect(
        response,
        status=503,
        because="The order was not taken. The status has to say so to programs that read no body.",
        mistakes={200: "200 says that all went well, whatever the body says."},
    )


@closed_shop.requirement("`Retry-After` says in how many seconds the shop opens", points=2)
async def says_when(client: Client) -> None:
    expect(
        await client.post("/shops/paris/orders"),
        headers={"Retry-After": "600"},
        because="A client that knows when to come back does not ask every second.",
    )


@closed_shop.source_requirement("the seconds are those of `OPENS_IN`")
def reads_the_opening(tree: ast.Module) -> None:
    table = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Dict)
        and any(
            isinstance(one, ast.Name) and one.id == "OPENS_IN"
            for one in (node.targets if isinstance(node, ast.Assign) else [node.target])
        )
    ]
    # A cell may also try the app out, and compare what comes back: that is no copy.
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    given = {id(inner) for node in (*table, *asserts) for inner in ast.walk(node)}
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    lines = [inner for node in functions for inner in ast.walk(node)]
    written = [
        node.value
        for node in (*lines, *_values(tree))
        if isinstance(node, ast.Constant)
        and str(node.value).strip() == "600"
        and id(node) not in given
    ]
    ensure(
        not written,
        "a number that is looked up in `OPENS_IN`",
        got=f"{written[:1]!r} in your code".replace("[", "").replace("]", ""),
        because="Opening hours change in one place, and a copy of them in the code does not.",
    )
    named = [
        other.value
        for node in lines
        if isinstance(node, ast.Compare)
        for other in (node.left, *node.comparators)
        if isinstance(other, ast.Constant) and other.value in _OPENS_IN
    ]
    ensure(
        not named,
        "to ask `OPENS_IN` whether a city's shop is closed",
        got=f"a comparison with {named[:1]!r}".replace("[", "").replace("]", ""),
        because="Tomorrow another city is closed, and only `OPENS_IN` knows of it.",
    )


def _values(tree: ast.Module) -> list[ast.AST]:
    """The nodes of what the top level of a cell binds to names."""
    bound = [one.value for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign)]
    return [node for value in bound if value is not None for node in ast.walk(value)]


@closed_shop.requirement("a city without a shop is a 404")
async def refuses_unknown_city(client: Client, rng: Random) -> None:
    expect(
        await client.post(f"/shops/{_word(rng)}/orders"),
        status=404,
        because="Nobody will ever deliver that order.",
        mistakes={200: "`OPENS_IN.get(city, 0)` takes a city that it does not know for open."},
    )


DOMAIN_LINES = {
    "A": "@app.post('/orders/{item_id}')",
    "B": "    status = 409 if isinstance(error, OutOfStock) else 404",
    "C": "@app.exception_handler(OutOfStock)",
    "D": "async def order(item_id: int) -> dict[str, int]:",
    "E": "@app.exception_handler(ShopError)",
    "F": "    raise JSONResponse({'detail': str(error)}, status)",
    "G": "async def refuse(request: Request, error: Exception) -> JSONResponse:",
    "H": "    return {'left': take(item_id, 1)}",
    "I": "    return JSONResponse({'detail': str(error)}, status)",
}

domain_errors = Exercise(
    "domain_errors",
    title="One place for both",
    kind="arrange",
    section="6.2",
    serve=arranged(
        DOMAIN_LINES,
        given="from fastapi import FastAPI, Request\n"
        "from fastapi.responses import JSONResponse\n"
        "app = FastAPI()\n"
        "class ShopError(Exception): ...\n"
        "class UnknownItem(ShopError): ...\n"
        "class OutOfStock(ShopError): ...\n"
        "NAMES = {1: 'tea', 2: 'cup', 3: 'pot'}\n"
        "STOCK = {1: 12, 2: 0, 3: 7}\n"
        "def take(item_id, amount):\n"
        "    if item_id not in STOCK:\n"
        "        raise UnknownItem(f'There is no item {item_id}.')\n"
        "    if amount > STOCK[item_id]:\n"
        "        raise OutOfStock(f'Only {STOCK[item_id]} of {NAMES[item_id]} left.')\n"
        "    return STOCK[item_id] - amount\n",
    ),
    lines=DOMAIN_LINES,
    hints=(
        (
            "There are two blocks, each with a decorator, a line that begins the function and what "
            "it does. Build the route first. Then ask which class has both refusals below it."
        ),
        (
            "A handler is asked for its class and every class derived from it. It is a function "
            "that returns a response, as section 6.2 shows."
        ),
        (
            "Three lines make the route: decorator, function, return. Four make the handler: the "
            "decorator for the parent of both exceptions, the function, the choice of a status, and "
            "the line that gives the response back."
        ),
    ),
)


@domain_errors.requirement("an item that is there is ordered")
async def orders_what_is_there(client: Client, rng: Random) -> None:
    item_id = rng.choice([1, 3])
    expect(
        await client.post(f"/orders/{item_id}"),
        status=200,
        json={"left": _PIECES[item_id] - 1},
        because="The route says what happens when all is well.",
        mistakes={404: "There is no such route: is its decorator above its function?"},
    )


@domain_errors.requirement("an item without stock is refused with 409 and the exception's words")
async def refuses_sold_out_order(client: Client) -> None:
    expect(
        await client.post("/orders/2"),
        status=409,
        json={"detail": "Only 0 of cup left."},
        because="The client may try again when there are new ones.",
        mistakes={500: "No handler answered: what went wrong has to come back as a response."},
    )


@domain_errors.requirement("an item that the shop never had is refused with 404")
async def refuses_unknown_order(client: Client, rng: Random) -> None:
    number = _unknown(rng)
    expect(
        await client.post(f"/orders/{number}"),
        status=404,
        json={"detail": f"There is no item {number}."},
        because="One handler is to answer both refusals.",
        mistakes={500: "No handler was asked: which class is the parent of both exceptions?"},
    )


problem_orders = Exercise(
    "problem_orders",
    title="Orders with problems, from nothing",
    kind="make",
    section="6.2",
    hints=(
        (
            "Begin with the route and a model for its body, and let `take` do the work. Which two "
            "exceptions does it raise, and how many places of your code have to know their statuses?"
        ),
        (
            "A handler returns a `JSONResponse`, which takes `status_code` and `media_type`. The "
            "table of section 6.2 names the members of a problem and what each says."
        ),
        (
            "One function makes the response of four members from a status, a title and the "
            "exception; `type` can be made of the title. Two short handlers call it, one for each "
            "class. The route answers 201 with what `take` returns, under the key `left`."
        ),
    ),
)


@problem_orders.requirement("an order that can be served is answered 201")
async def takes_orders(client: Client, rng: Random) -> None:
    item_id = rng.choice([1, 3])
    amount = rng.randint(1, _PIECES[item_id])
    expect(
        await client.post("/orders", json={"item_id": item_id, "amount": amount}),
        status=201,
        json={"left": _PIECES[item_id] - amount},
        because="`take` says how many pieces would be left.",
        mistakes={
            404: "There is no `POST /orders`, or its item was not found.",
            405: "There is a route with this path, but none for POST.",
            422: "The body was refused: `item_id` and `amount` are two whole numbers in one object.",
        },
    )


@problem_orders.requirement("too few pieces: 409, an unknown item: 404")
async def has_statuses(client: Client, rng: Random) -> None:
    for order, status in _refused_orders(rng):
        expect(
            await client.post("/orders", json=order),
            status=status,
            because="Whether it makes sense to try again depends on the kind of refusal.",
            mistakes={500: "The exception of `take` was answered by nobody."},
        )


@problem_orders.requirement("a refusal is a problem: its media type and its four members", points=2)
async def is_a_problem(client: Client, rng: Random) -> None:
    for order, status in _refused_orders(rng):
        response = await client.post("/orders", json=order)
        kind = response.headers.get("content-type", "none").partition(";")[0]
        ensure(
            kind == "application/problem+json",
            "the media type application/problem+json",
            got=kind,
            because="By it a program knows that the body is a problem, before it reads one.",
            response=response,
        )
        expect(
            response,
            contains={"status": status, "detail": _words_of_take(order)},
            because="`status` repeats the code, and `detail` is what the exception says.",
        )
        for member in ("type", "title"):
            value = _object(response).get(member)
            ensure(
                isinstance(value, str) and bool(value.strip()),
                f"some text as `{member}`",
                got=repr(value),
                because="RFC 9457 gives both a meaning: the kind for programs and for people.",
                response=response,
            )


@problem_orders.requirement("`type` and `title` say the kind, and not the case", points=2)
async def names_the_kind(client: Client, rng: Random) -> None:
    unknown = [
        _object(await client.post("/orders", json={"item_id": number, "amount": 1}))
        for number in rng.sample(range(100, 9999), k=2)
    ]
    too_few = [
        _object(await client.post("/orders", json={"item_id": item_id, "amount": amount}))
        for item_id, amount in ((2, 1), (1, rng.randint(13, 99)))
    ]
    for pair in (unknown, too_few):
        for member in ("type", "title"):
            ensure(
                pair[0].get(member) == pair[1].get(member),
                f"the same `{member}` for two cases of one kind",
                got=f"{pair[0].get(member)!r} and {pair[1].get(member)!r}",
                because="What differs from case to case belongs into `detail`.",
            )
    ensure(
        unknown[0].get("type") != too_few[0].get("type"),
        "a `type` of its own for each kind",
        got=f"{unknown[0].get('type')!r} for both",
        because="A program tells the two apart by `type`, without reading any text.",
    )


def _refused_orders(rng: Random) -> list[tuple[dict[str, int], int]]:
    return [
        ({"item_id": rng.choice([2, 3]), "amount": rng.randint(8, 99)}, 409),
        ({"item_id": _unknown(rng), "amount": rng.randint(1, 9)}, 404),
    ]


def _words_of_take(order: dict[str, int]) -> str:
    names = {1: "tea", 2: "cup", 3: "pot"}
    item_id = order["item_id"]
    if item_id not in names:
        return f"There is no item {item_id}."
    return f"Only {_PIECES[item_id]} of {names[item_id]} left."


one_shape = Exercise(
    "one_shape",
    title="One shape for every refusal",
    kind="complete",
    section="6.3",
    hints=(
        (
            "Who raises what? One class covers the endpoint's refusals and the router's. Another one "
            "is raised when a request does not fit. Whose handler is asked for which?"
        ),
        (
            "Register the first for `StarletteHTTPException`: it has `status_code`, `detail` and "
            "`headers`. Register the second for `RequestValidationError`: its method `errors()` gives "
            "a list, each with a `loc` and a `msg`. Section 6.3."
        ),
        (
            "The decorator `exception_handler` of the app registers a function. The third argument "
            "of `JSONResponse` is for headers. For the 422, join each `loc` with dots after making "
            "text of its parts, put the `msg` behind it, and join all of that into one message."
        ),
    ),
)


@one_shape.requirement("what an endpoint raises has the shape, and keeps its headers", points=2)
async def shapes_raised(client: Client) -> None:
    expect(
        await client.get("/secrets"),
        status=401,
        json={"error": {"status": 401, "message": "Log in first."}},
        headers={"WWW-Authenticate": "Bearer"},
        because="The header tells a client how to log in; a handler has to pass it on.",
        mistakes=_unregistered,
    )
    # FastAPI raises this one for the endpoint, and its status is none of those in the text.
    unreadable = await client.post(
        "/accounts", content=b'{"email": "\xff"}', headers={"content-type": "application/json"}
    )
    error = _object(unreadable).get("error")
    ensure(
        unreadable.status_code == 400 and isinstance(error, dict) and error.get("status") == 400,
        'an object "error" with the status 400 for a body that is no UTF-8',
        got=f"status {unreadable.status_code} and {_short(unreadable)}",
        because=_unregistered(unreadable)
        or "A handler is asked for every status of its class; it has to pass on the one it is given.",
        response=unreadable,
    )


@one_shape.requirement("the router's own 404 and 405 have the shape", points=2)
async def shapes_the_routers(client: Client, rng: Random) -> None:
    expect(
        await client.get(f"/{_word(rng)}"),
        status=404,
        json={"error": {"status": 404, "message": "Not Found"}},
        because="A client should not need two ways to read an error.",
        mistakes=_unregistered,
    )
    expect(
        await client.delete("/accounts"),
        status=405,
        json={"error": {"status": 405, "message": "Method Not Allowed"}},
        headers={"Allow": "POST"},
        because="`Allow` says which methods there are; it is in the exception's headers.",
        mistakes=_unregistered,
    )


@one_shape.requirement("a bad request has the shape, and says what is wrong where", points=2)
async def shapes_bad_requests(client: Client, rng: Random) -> None:
    short = {"email": f"{_word(rng)}@shop.test", "password": "short"}
    both = ["body.email", "body.password"]
    for body, places in (
        ({"password": _word(rng, 14)}, ["body.email"]),
        (short, ["body.password"]),
        ({}, both),
    ):
        response = await client.post("/accounts", json=body)
        expect(
            response,
            status=422,
            because="The request does not fit, and the client can mend it.",
        )
        error = _object(response).get("error")
        message = error.get("message") if isinstance(error, dict) else None
        ensure(
            isinstance(error, dict) and error.get("status") == 422 and isinstance(message, str),
            'an object "error" with the status 422 and a message',
            got=_short(response),
            because="One shape for every refusal: a client reads them all with the same code.",
            response=response,
        )
        for place in places:
            ensure(
                place in str(message),
                f"a message that names {place}",
                got=repr(message),
                because="Without the place the client has to guess which field to mend.",
                response=response,
            )
        for place in (one for one in both if one not in places):
            ensure(
                place not in str(message),
                f"a message without {place}, which was in order",
                got=repr(message),
                because="Somebody would look for a mistake where there is none.",
                response=response,
            )
        told = "at least 12 characters" if body is short else "Field required"
        ensure(
            told in str(message),
            f"a message that says {told!r}",
            got=repr(message),
            because="A place alone does not say what is wrong there; `msg` does.",
            response=response,
        )


@one_shape.requirement("nothing that was sent is in the answer", points=2)
async def repeats_nothing(client: Client, rng: Random) -> None:
    secret = _word(rng, 14)
    number = rng.randint(10**8, 10**9 - 1)
    for body in ({"password": secret}, {"email": number, "password": secret[:6]}, [secret]):
        response = await client.post("/accounts", json=body)
        expect(response, status=422, because="The request does not fit.")
        ensure(
            str(number) not in response.text,
            "an answer without the email that was sent",
            got=_short(response),
            because="A password is not all that is private: `input` repeats whatever was sent.",
            response=response,
        )
        ensure(
            secret[:6] not in response.text,
            "an answer without the password that was sent",
            got=_short(response),
            because="Answers of error statuses are logged on the way, and read by many.",
            response=response,
        )


@one_shape.requirement("a good request is answered as before")
async def accepts_good_requests(client: Client, rng: Random) -> None:
    email = f"{_word(rng)}@shop.test"
    expect(
        await client.post("/accounts", json={"email": email, "password": _word(rng, 12)}),
        status=201,
        json={"email": email},
        because="Handlers are for what goes wrong.",
    )


def _unregistered(response: httpx.Response) -> str | None:
    body = _object(response)
    if response.status_code == 500:
        return "The 500 of the first lines is still there, or the handler itself fails."
    if "detail" in body:
        return "This is FastAPI's own shape: no handler of yours was asked for this exception."
    error = body.get("error")
    if isinstance(error, dict) and str(error.get("message")).startswith(
        f"{response.status_code}: "
    ):
        return "`str` of the exception puts the status in front; its `detail` is the text alone."
    return None


def _short(response: httpx.Response) -> str:
    text = response.text
    return text if len(text) <= 120 else text[:120] + " …"


honest_errors = Exercise(
    "honest_errors",
    title="The caller is always guilty",
    kind="bug hunt",
    section="6.3",
    hints=(
        (
            "Two of the three answers are 400. One of them is a mistake of the caller. Which line "
            "raises the other exception, and who could have prevented it?"
        ),
        (
            "A handler answers for a class and all below it, and much of Python raises that class. "
            "Give the refusal that you *mean* a class of its own. Section 6.3, the hole."
        ),
        (
            "Write a small class derived from `Exception`, raise it in the endpoint, and register "
            "the handler for it. Nothing else is needed: what no handler answers is a 500 with no "
            "words about the inside."
        ),
    ),
)


@honest_errors.requirement("a coupon that the shop does not know is a 400 with its words", points=2)
async def refuses_unknown_coupon(client: Client, rng: Random) -> None:
    code = _word(rng).upper()
    expect(
        await client.get(f"/coupons/{code}"),
        status=400,
        json={"detail": f"There is no coupon {code}."},
        because="This one is the caller's mistake, and the caller can mend it.",
        mistakes={500: "No handler answers for the exception that the endpoint raises."},
    )


@honest_errors.requirement("a coupon that it knows gives its discount")
async def gives_discount(client: Client) -> None:
    expect(
        await client.get("/coupons/SPRING"),
        status=200,
        json={"percent": 10},
        because="A repair keeps what worked.",
    )


@honest_errors.requirement("what goes wrong inside is a 500 that says nothing about it", points=2)
async def owns_its_mistakes(client: Client) -> None:
    response = await client.get("/coupons/SUMMER")
    expect(
        response,
        status=500,
        because="The stored line is bad. No caller can mend that, and an alarm should ring.",
        mistakes={
            200: "The stored data is for a colleague to mend. Leave it as it is.",
            400: "The caller asked for a coupon that exists.",
            404: "The coupon exists; it is its stored line that can't be read.",
        },
    )
    said = next((text for text in _INSIDE if text in response.text), None)
    ensure(
        said is None,
        "an answer that says nothing about the inside",
        got=f"{said!r} in it",
        because="Stored data and messages of Python are for the log, where only you read them.",
        response=response,
    )


_INSIDE = ("account", "40-2217", "invalid literal", "ValueError", "Traceback")


honest_export = Exercise(
    "honest_export",
    title="An export that says how it ended",
    kind="change",
    section="6.3",
    hints=(
        (
            "Two things go wrong at two times. Which can be seen before the first byte is sent, and "
            "in which function does that have to be? Which is seen while the lines go out?"
        ),
        (
            "The endpoint runs before the stream, and what it raises is answered. Inside the "
            "generator, `try` around the loop catches what reading a row raises, and a last `yield` "
            "is still possible. Section 6.3, *The answer has begun*."
        ),
        (
            "Count the rows as you send them. In the generator, remember whether all went well: "
            "true at first, false when a `ValueError` ends the loop. After it, send one more line "
            "made of those two. In the endpoint, refuse a city that the dictionary does not have."
        ),
    ),
)


@honest_export.requirement("a city without a shop is a 404, and no stream begins", points=2)
async def refuses_before_the_stream(client: Client, rng: Random) -> None:
    try:
        response = await client.get(f"/exports/{_word(rng)}")
    except httpx.RemoteProtocolError:
        raise Unmet(
            expected="status 404",
            got="status 200 and a connection that broke off",
            because="Inside the generator it is too late: the start of the answer was sent by then.",
        ) from None
    expect(
        response,
        status=404,
        because="What can be known before the first byte is said with a status.",
        mistakes={
            200: "An empty export says that the city has no orders, not that it has no shop."
        },
    )


@honest_export.requirement("a whole export ends with a line that says so", points=2)
async def says_complete(client: Client) -> None:
    for city, rows in (("london", [(1, 2), (3, 1), (1, 5)]), ("oslo", [])):
        lines = await _lines(client, city)
        wanted = [{"item_id": item_id, "amount": amount} for item_id, amount in rows]
        _compare(lines, [*wanted, {"complete": True, "rows": len(rows)}], city)


@honest_export.requirement("an export that fails half-way says that it is incomplete", points=2)
async def says_incomplete(client: Client) -> None:
    lines = await _lines(client, "paris")
    _compare(lines, [{"item_id": 2, "amount": 1}, {"complete": False, "rows": 1}], "paris")


async def _lines(client: Client, city: str) -> list[Any]:
    """The lines of an export, each read as JSON."""
    lines: list[str] = []
    try:
        async with client.stream("GET", f"/exports/{city}") as response:
            expect(response, status=200, because=f"There is a shop in {city}.")
            ensure(
                "content-length" not in response.headers,
                "a stream, whose length nobody knows at its start",
                got=f"one piece of {response.headers.get('content-length')} bytes",
                because="An export may be larger than the memory; the rows go out one by one.",
                response=response,
            )
            lines += [line async for line in response.aiter_lines() if line.strip()]
    except httpx.RemoteProtocolError:
        raise Unmet(
            expected=f"an export of {city} that ends by itself",
            got=f"a connection that broke off after {len(lines)} lines",
            because="The client can't know whether the network failed or the shop did.",
        ) from None
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        raise Unmet(
            expected="one JSON object a line",
            got=repr(lines),
            because="A client reads each line by itself; a line that is no JSON stops it.",
        ) from None


def _compare(lines: list[Any], wanted: list[Any], city: str) -> None:
    """Compare an export with what it should be, and say the first difference."""
    for number, line in enumerate(wanted):
        got = json.dumps(lines[number]) if number < len(lines) else "the end of the export"
        ensure(
            number < len(lines) and lines[number] == line,
            f"{json.dumps(line)} as line {number + 1} of {city}",
            got=got,
            because="The last line is how a client knows a whole export from half of one."
            if "complete" in line
            else "The rows that can be read are sent as before.",
        )
    ensure(
        len(lines) == len(wanted),
        f"{len(wanted)} lines for {city}",
        got=f"{len(lines)}, the last of them {json.dumps(lines[-1])}",
        because="Nothing follows the line that says how it ended.",
    )


patient_socket = Exercise(
    "patient_socket",
    title="The socket that takes offence",
    kind="bug hunt",
    section="6.3",
    hints=(
        (
            "Send nonsense, and read the error. Which of the three lines in the loop can raise, and "
            "what? Make a list: no JSON, another shape, an unknown item, too many."
        ),
        (
            "`receive_json` raises a `ValueError` for text that is no JSON. A Pydantic model checks "
            "the shape, and its error is a `ValueError` as well. `take` raises a `ShopError`. A "
            "client that leaves raises `WebSocketDisconnect`."
        ),
        (
            "Write a model with two whole numbers. Inside the loop, `try` to receive text, to "
            "validate it with the model's method for JSON, and to call `take`; on a `ValueError` or "
            "a `ShopError` send an object with `error`. Around the loop, end quietly on a disconnect."
        ),
    ),
)


@patient_socket.requirement("an order is answered with what is left")
async def serves_orders(client: Client, rng: Random) -> None:
    orders = [{"item_id": item_id, "amount": rng.randint(1, 7)} for item_id in (1, 3)]
    async with _opened(client) as socket:
        for order in orders:
            await _is_served(socket, order)


@patient_socket.requirement(
    "text that is no JSON is answered, and the next order is served", points=2
)
async def survives_nonsense(client: Client, rng: Random) -> None:
    await _survives(client, [_word(rng), "", '{"item_id": 1,'])


@patient_socket.requirement("JSON of another shape is answered, and so is the next order", points=2)
async def survives_other_shapes(client: Client, rng: Random) -> None:
    others = [
        {"item": rng.randint(1, 3)},
        ["tea", 2],
        rng.randint(1, 9),
        None,
        {"item_id": [1], "amount": 1},
        {"item_id": 1, "amount": _word(rng)},
    ]
    await _survives(client, [json.dumps(one) for one in others])


@patient_socket.requirement("what the shop refuses is answered, and so is the next order", points=2)
async def survives_refusals(client: Client, rng: Random) -> None:
    refused = [
        {"item_id": _unknown(rng), "amount": 1},
        {"item_id": 3, "amount": rng.randint(8, 99)},
    ]
    await _survives(client, [json.dumps(one) for one in refused])


@patient_socket.source_requirement("a client that leaves ends the loop")
def lets_clients_leave(tree: ast.Module) -> None:
    names = {"WebSocketDisconnect"} | {
        one.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if one.name == "WebSocketDisconnect" and one.asname
    }
    looped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.While | ast.For | ast.AsyncFor)
        for inner in ast.walk(node)
    }
    asked = set().union(
        *[_words(node.test) for node in ast.walk(tree) if isinstance(node, ast.While)]
    )
    known = not {"websocket.disconnect", "iter_text", "iter_json", "iter_bytes"}.isdisjoint(
        _words(tree)
    )
    goes_on = ""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type and _words(node.type) & names:
            known = True
            body = [inner for line in node.body for inner in ast.walk(line)]
            if any(isinstance(inner, ast.Break | ast.Return | ast.Raise) for inner in body):
                continue
            if any(isinstance(one, ast.Name) and one.id in asked for one in _bound(body)):
                continue
            if {"send", "send_json", "send_text", "send_bytes"} & set().union(*map(_words, body)):
                goes_on = "one that sends an answer to a client that has left"
            elif id(node) in looped:
                goes_on = "one after which the loop goes on"
        elif isinstance(node, ast.Call) and any(_words(one) & names for one in node.args):
            called = _words(node.func)
            known |= "isinstance" in called or "suppress" in called
            if "suppress" in called and id(node) in looped:
                goes_on = "one after which the loop goes on"
    ensure(
        known,
        "code that knows `WebSocketDisconnect`",
        got="none that names it"
        if _words(tree).isdisjoint(names)
        else "a name that is caught nowhere",
        because="A client that leaves raises it. Uncaught, or caught as one more bad message, "
        "it puts an error into the log for every customer who goes.",
    )
    ensure(
        not goes_on,
        "a `WebSocketDisconnect` that ends the loop",
        got=goes_on,
        because="Nothing can be read from such a socket or sent to it: the next try raises, and "
        "there is an error in the log for every customer who goes.",
    )


def _bound(nodes: list[ast.AST]) -> list[ast.expr]:
    """What these statements assign to, such as the flag that a loop looks at."""
    return [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]


def _words(tree: ast.AST) -> set[str]:
    """The names, attributes and texts in a piece of code."""
    found = {
        getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "value", None)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute | ast.Constant)
    }
    return {one for one in found if isinstance(one, str)}


@asynccontextmanager
async def _opened(client: Client) -> AsyncGenerator[Any]:
    """The socket at `/orders`, open."""
    try:
        async with client.websocket("/orders") as socket:
            yield socket
    except WebSocketUpgradeError as error:
        raise Unmet(
            expected="a WebSocket at /orders that opens",
            got=f"a refusal with status {error.response.status_code}",
            because="There has to be a `websocket` route with that path, and it has to `accept()`.",
        ) from None


async def _survives(client: Client, texts: list[str]) -> None:
    """Send each text, expect an error in words, then an order that is served."""
    async with _opened(client) as socket:
        for text in texts:
            got = await _answer(socket, text)
            ensure(
                isinstance(got, dict) and isinstance(got.get("error"), str) and got["error"] != "",
                f'an object with some text under "error" after {text!r}',
                got=json.dumps(got),
                because="The sender wants to know that it was not understood, and why.",
            )
            await _is_served(socket, {"item_id": 1, "amount": 2})


async def _is_served(socket: Any, order: dict[str, int]) -> None:
    wanted = {"left": _PIECES[order["item_id"]] - order["amount"]}
    got = await _answer(socket, json.dumps(order))
    ensure(
        got == wanted,
        f"{json.dumps(wanted)} for {json.dumps(order)}",
        got=json.dumps(got),
        because="A good order is served, whatever came before it.",
    )


async def _answer(socket: Any, text: str) -> Any:
    """Send one text and read one answer."""
    try:
        await socket.send_text(text)
        return json.loads(await socket.receive_text(timeout=2))
    except TimeoutError:
        got, because = "silence for two seconds", "Whoever sends a message waits for an answer."
    except ValueError:
        got, because = "no JSON", "A client that sends JSON reads JSON."
    except WebSocketInvalidTypeReceived:
        got = "a binary message"
        because = "The answers of today are text, and a customer's app reads text."
    except HTTPXWSException:
        got = "the end of the connection"
        because = "One message, good or bad, is no reason to hang up."
    raise Unmet(expected=f"an answer to {text!r}", got=got, because=because)

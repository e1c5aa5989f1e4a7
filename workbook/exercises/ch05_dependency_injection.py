"""The exercises of chapter 5, dependency injection, in the order in which it sets them."""

import ast
import asyncio
import builtins
import math
import string
from collections.abc import AsyncGenerator, Callable
from itertools import pairwise
from random import Random
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException

from workbook.adapters import arranged
from workbook.asgi import ASGIApp
from workbook.client import Client
from workbook.dependency_listing import LISTING, listed
from workbook.exercise import Exercise
from workbook.expectations import ensure, error_is_expected, expect
from workbook.trials import must_be_a_test, report, tried_on

_STAFF = {"t-ada": "owner", "t-bob": "clerk", "t-cyd": "packer"}
_PRICES = {"tea": 4.0, "cup": 8.0, "pot": 20.0}
_RATES = {"EUR": 1.0, "USD": 1.25, "GBP": 0.75}

CHAIN_LINES = {
    "A": "async def read_takings() -> int:",
    "B": "    return STAFF[token]",
    "C": "def must_be_owner(role: str) -> None:",
    "D": "def find_role(token: Annotated[str, Depends(read_token)]) -> str:",
    "E": "@app.get('/takings', dependencies=[Depends(must_be_owner)])",
    "F": "def read_token(x_token: Annotated[str, Header()] = 'none') -> str:",
    "G": "    if token not in STAFF: raise HTTPException(401, 'who are you?')",
    "H": "def must_be_owner(role: Annotated[str, Depends(find_role)]) -> None:",
    "I": "    return 1200",
    "J": "    return x_token",
    "K": "def find_role(token: Annotated[str, Depends(read_token())]) -> str:",
    "L": "    if role != 'owner': raise HTTPException(403, 'for the owner')",
}

chain_of_trust = Exercise(
    "chain_of_trust",
    title="A chain of trust",
    kind="arrange",
    section="5.2",
    serve=arranged(
        CHAIN_LINES,
        given="from typing import Annotated\n"
        "from fastapi import Depends, FastAPI, Header, HTTPException\n"
        f"STAFF = {_STAFF!r}\n"
        "app = FastAPI()\n",
    ),
    lines=CHAIN_LINES,
    hints=(
        (
            "Which of the functions needs nothing from the others? Python reads the lines from top "
            "to bottom, so a function has to stand before the one that depends on it."
        ),
        (
            "Three dependencies and one route: the token, the role that belongs to it, the guard. "
            "A dependency is named in `Depends` without parentheses; a plain `str` is a query "
            "parameter. Section 5.2, dependencies that have dependencies."
        ),
        (
            "Ten of the twelve lines are used. Begin with the header and its return. Then the role, "
            "with its refusal and its return; then the guard with its refusal; then the decorator, "
            "the function and the takings. Leave out the line with a pair of parentheses too many, "
            "and the guard that would believe any role."
        ),
    ),
)


@chain_of_trust.requirement("a token that nobody has is refused with 401")
async def refuses_strangers(client: Client, rng: Random) -> None:
    for headers in ({}, {"x-token": f"t-{_word(rng)}"}):
        expect(
            await client.get("/takings", headers=headers),
            status=401,
            because="Whoever can't say who they are is told so, before anything else.",
            mistakes=_what_the_chain_lacks,
        )


@chain_of_trust.requirement("staff who are not the owner are refused with 403")
async def refuses_the_others(client: Client, rng: Random) -> None:
    token = rng.choice(["t-bob", "t-cyd"])
    expect(
        await client.get("/takings?role=owner", headers={"x-token": token}),
        status=403,
        because="We know who asks, and it is not the owner.",
        mistakes=_what_the_chain_lacks,
    )


@chain_of_trust.requirement("the owner gets the takings")
async def answers_the_owner(client: Client) -> None:
    expect(
        await client.get("/takings", headers={"x-token": "t-ada"}),
        status=200,
        json=1200,
        because="A guard that lets nobody in is no use.",
        mistakes=_what_the_chain_lacks,
    )


def _what_the_chain_lacks(response: httpx.Response) -> str | None:
    if response.status_code == 404:
        return "There is no such route: the decorator is missing, or has another function under it."
    if "role" in str(_sought(response)):
        return (
            "The role is sought in the query string, where everybody may write `owner`. The guard "
            "has to ask `find_role` for it."
        )
    if response.status_code == 200:
        return (
            "The role came from the query string, where everybody may write `owner`. The guard has "
            "to ask `find_role` for it."
        )
    return None


shared_currency = Exercise(
    "shared_currency",
    title="One rule for three routes",
    kind="change",
    section="5.2",
    serve=listed,
    hints=(
        (
            "What do the three routes really need: the name of a currency, or the number that "
            "belongs to it? Which lines stand in more than one of them?"
        ),
        (
            "A function dependency may have a query parameter, refuse with `HTTPException`, and "
            "return what the routes multiply with. An `Annotated` alias saves repeating it. "
            "Section 5.2, a function like an endpoint."
        ),
        (
            "Write one function with the parameter `currency` and its default. In it make the letters "
            "large with `upper()`, look the result up, and refuse what is not there. Each route loses "
            "its parameter and its check, and gets one that depends on your function."
        ),
    ),
)

_CURRENCY_PATHS = (
    ("/items/tea", "GET /items/{name}", 4.0),
    ("/basket?item=tea&item=cup", "GET /basket", 12.0),
    ("/shipping", "GET /shipping", 5.0),
)


@shared_currency.requirement("each route gives its price in the currency asked for, else in euros")
async def prices_in_the_currency(client: Client, rng: Random) -> None:
    currency = rng.choice(["USD", "GBP"])
    for path, _, euros in _CURRENCY_PATHS:
        for query, price in (({}, euros), ({"currency": currency}, euros * _RATES[currency])):
            expect(
                await client.get(httpx.URL(path).copy_merge_params(query)),
                status=200,
                json={"price": price},
                because="What worked before must work after a repair.",
                mistakes=_where_the_rate_was_sought,
            )


@shared_currency.requirement("each route refuses an unknown currency with 400")
async def refuses_unknown_currencies(client: Client, rng: Random) -> None:
    for path, _, _ in _CURRENCY_PATHS:
        unknown = "X" + _word(rng)[:2].upper()
        expect(
            await client.get(httpx.URL(path).copy_merge_params({"currency": unknown})),
            status=400,
            because=f"{path.partition('?')[0]} can't know a rate for {unknown}, and the client can "
            "mend it.",
            mistakes=_what_refused_the_currency,
        )


@shared_currency.requirement("each route understands small letters")
async def understands_small_letters(client: Client, rng: Random) -> None:
    for path, _, euros in _CURRENCY_PATHS:
        for currency in rng.sample(["USD", "GBP"], k=2):
            expect(
                await client.get(httpx.URL(path).copy_merge_params({"currency": currency.lower()})),
                status=200,
                json={"price": euros * _RATES[currency]},
                because="The rule is the same for all three routes.",
                mistakes={
                    400: f"{currency.lower()} is {currency} in small letters: make them large."
                },
            )


@shared_currency.requirement("all three routes ask for one dependency")
async def shares_a_dependency(client: Client) -> None:
    routes = await _listing(client)
    shared = set.intersection(*(_calls(routes, route) for _, route, _ in _CURRENCY_PATHS))
    ensure(
        bool(shared),
        "a dependency that all three routes ask for",
        got="none that they share",
        because="A rule that stands in three places will differ in one of them: the next change "
        "has to be made once.",
    )


@shared_currency.source_requirement("the refusal of an unknown currency is written once")
def writes_the_refusal_once(tree: ast.Module) -> None:
    places = [
        name
        for name, nodes in _functions(tree)
        if _refuses_with(nodes, 400, "HTTP_400_BAD_REQUEST", "BAD_REQUEST")
        and any(
            isinstance(node, ast.Compare)
            and any(isinstance(one, ast.Name) and one.id == "RATES" for one in node.comparators)
            for node in nodes
        )
    ]
    ensure(
        len(places) < 2,
        "one function that looks for the currency in `RATES` and refuses with 400",
        got=f"{len(places)}: {', '.join(places)}",
        because="The whole rule is to move into the dependency. What stays behind in the routes is "
        "still a copy, and a copy is forgotten.",
    )


page_of_numbers = Exercise(
    "page_of_numbers",
    title="Pages with a way on, from nothing",
    kind="make",
    section="5.3",
    hints=(
        (
            "The two routes differ in one thing only: the list. What is left over, the two parameters "
            "and the making of the answer, where could it stand once?"
        ),
        (
            "A function dependency with two bounded `Query` parameters can return an object, and that "
            "object can have a method that takes a list. Section 5.3, a function that makes an object."
        ),
        (
            "Give the object a method that cuts its part out of a list and returns the three keys. "
            "The next `skip` is the old one plus the limit; if that is less than the length of the "
            "list there is a next page, otherwise the value is `None`."
        ),
    ),
)

_LISTS = {"/items": list(range(1, 61)), "/orders": list(range(1001, 1036))}


@page_of_numbers.requirement("both routes answer the part that was asked for, and the total")
async def answers_a_page(client: Client, rng: Random) -> None:
    for path, numbers in _LISTS.items():
        skip, limit = rng.randint(2, 9), rng.randint(2, 9)
        expect(
            await client.get(path, params={"skip": skip, "limit": limit}),
            status=200,
            contains={"total": len(numbers), "page": numbers[skip : skip + limit]},
            because=f"That is what stands in places {skip} to {skip + limit - 1} of the list.",
            mistakes={404: f"There is no route `GET {path}` yet."},
        )
        expect(
            await client.get(path),
            status=200,
            contains={"total": len(numbers), "page": numbers[:10]},
            because="Without parameters it is the first ten.",
        )


@page_of_numbers.requirement("`next` leads to the next page, and is `null` on the last one")
async def leads_on(client: Client, rng: Random) -> None:
    for path, numbers in _LISTS.items():
        limit = rng.randint(8, 20)
        exact = len(numbers) - limit
        for skip, following in ((3, 3 + limit), (exact, None), (exact + 2, None)):
            expect(
                await client.get(path, params={"skip": skip, "limit": limit}),
                status=200,
                contains={"next": following},
                because="A client follows `next` until it is null."
                if following
                else f"The list has {len(numbers)} entries, so after {skip} and {limit} more there "
                "is nothing left.",
            )


@page_of_numbers.requirement("a skip or limit out of bounds is refused with 422, on both routes")
async def refuses_bad_pages(client: Client, rng: Random) -> None:
    for path in _LISTS:
        for params in (
            {"skip": -1},
            {"skip": -rng.randint(2, 9)},
            {"limit": 0},
            {"limit": 51},
            {"limit": 50 + rng.randint(2, 9)},
        ):
            expect(
                await client.get(path, params=params),
                status=422,
                because="A page begins in the list."
                if "skip" in params
                else "A page has something on it."
                if params["limit"] == 0
                else "One client could ask for everything at once.",
            )
        for params in ({"skip": 0}, {"limit": 1}, {"limit": 50}):
            [(name, value)] = params.items()
            expect(
                await client.get(path, params=params),
                status=200,
                because=f"A `{name}` of {value} is still allowed.",
            )


staff_only = Exercise(
    "staff_only",
    title="Who may come in, from nothing",
    kind="make",
    section="5.4",
    serve=listed,
    hints=(
        (
            "The three routes differ in a list of roles. FastAPI calls a dependency without asking "
            "you for arguments; where could that list be kept until then?"
        ),
        (
            "A class with `__init__` for the roles and `__call__` for the request, or a function that "
            "returns a function. `Depends` gets an object that is made already. Section 5.4."
        ),
        (
            "Let `__init__` take any number of roles. `__call__` has one parameter, the header, with "
            "an empty default; it looks the token up and raises 401 or 403, the latter with the "
            "joined roles as its detail. Each decorator gets a list with one such object."
        ),
    ),
)

_ROOMS = {
    "parcels": ("owner", "clerk", "packer"),
    "orders": ("owner", "clerk"),
    "takings": ("owner",),
}


@staff_only.requirement("each route answers those who may")
async def lets_them_in(client: Client) -> None:
    for room, roles in _ROOMS.items():
        for token, role in _STAFF.items():
            if role in roles:
                expect(
                    await client.get(f"/{room}", headers={"x-token": token}),
                    status=200,
                    json=room,
                    because=f"The {role} may see the {room}.",
                    mistakes=_how_the_token_was_read,
                )


@staff_only.requirement("the wrong role is refused with 403, and told who may", points=2)
async def keeps_them_out(client: Client) -> None:
    for room, roles in _ROOMS.items():
        for token, role in _STAFF.items():
            if role in roles:
                continue
            response = await client.get(f"/{room}", headers={"x-token": token})
            expect(
                response,
                status=403,
                because=f"The {role} may not see the {room}.",
                mistakes={401: f"We know this token: it belongs to the {role}. 403 says: not you."},
            )
            detail = str(_field(response, "detail"))
            ensure(
                all(one in detail.lower() for one in roles),
                f"a detail that names {' and '.join(roles)}",
                got=detail or "no detail",
                because="Whoever is refused wants to know whom to ask.",
                response=response,
            )
            others = set(_STAFF.values()) - {role, *roles}
            ensure(
                not any(one in detail.lower() for one in others),
                f"a detail that names those who may see the {room}, and nobody else",
                got=detail,
                because=f"Whoever asks the {' or the '.join(sorted(others))} is refused once more.",
                response=response,
            )


@staff_only.requirement("without a known token it is 401, everywhere")
async def asks_who_it_is(client: Client, rng: Random) -> None:
    for room in _ROOMS:
        for headers in ({}, {"x-token": f"t-{_word(rng)}"}):
            expect(
                await client.get(f"/{room}", headers=headers),
                status=401,
                because="Nobody knows who asks.",
                mistakes=_why_nobody_was_asked,
            )


@staff_only.requirement("the rule is written once, as a dependency that all three routes use")
async def writes_the_rule_once(client: Client) -> None:
    routes = await _listing(client)
    names = [{step["name"] for step in routes.get(f"GET /{room}", [])[:-1]} for room in _ROOMS]
    ensure(
        bool(set.intersection(*names)),
        "one class or function in the dependencies of all three routes",
        got="; ".join(
            f"{room}: {', '.join(sorted(one)) or 'none'}"
            for room, one in zip(_ROOMS, names, strict=True)
        ),
        because="A rule that is written three times is changed in two of them. A setting is what "
        "may differ.",
    )


@staff_only.source_requirement("the refusal with 403 is written once")
def writes_the_403_once(tree: ast.Module) -> None:
    places = [
        name
        for name, nodes in _functions(tree)
        if _refuses_with(nodes, 403, "HTTP_403_FORBIDDEN", "FORBIDDEN")
    ]
    ensure(
        len(places) < 2,
        "one function that refuses with 403",
        got=f"{len(places)}: {', '.join(places)}",
        because="Who the visitor is, is asked once; whether they may come in is part of the same "
        "rule. Only the roles differ, and they can be a setting.",
    )


def _how_the_token_was_read(response: httpx.Response) -> str | None:
    place = _sought(response)
    if response.status_code == 404:
        return "There is no such route yet."
    if place[:1] == ["query"] and "token" in str(place[-1]):
        return f"`{place[-1]}` is sought in the query string. The token is a header: `Header()`."
    if place[:1] == ["query"]:
        return (
            f"`{place[-1]}` is asked of the client. `Depends` gets an object that has its roles "
            "already: `Depends(…(roles))`, and not the class."
        )
    if response.status_code == 401:
        return "The token is known. Look up what came in the header `X-Token`, in `STAFF`."
    return None


def _why_nobody_was_asked(response: httpx.Response) -> str | None:
    if response.status_code == 403:
        return "403 is for somebody whom we know. Here nobody knows who asks."
    if _sought(response)[:1] == ["header"]:
        return (
            "A header without a default is a 422 when it is missing. Give it an empty default, and "
            "refuse it yourself."
        )
    return _how_the_token_was_read(response) if response.status_code == 422 else None


open_drawers = Exercise(
    "open_drawers",
    title="The session that is a generator",
    kind="bug hunt",
    section="5.4",
    serve=listed,
    hints=(
        (
            "The error says that a generator has no attribute `names`. Who made that generator, and "
            "who was supposed to run it up to its `yield`?"
        ),
        (
            "FastAPI looks whether the function that it calls has a `yield` of its own. `__call__` "
            "returns something instead. Section 5.4, the guide's callable, x-rayed."
        ),
        (
            "Make `__call__` itself a generator: either hand on everything that the other function "
            "yields, with two words in place of `return`, or write the `try`, the `yield` and the "
            "`finally` there. The routes stay as they are."
        ),
    ),
)


@open_drawers.requirement("both routes answer, and an unknown number is a 404")
async def answers_names(client: Client, rng: Random) -> None:
    because = "The routes are right; what they are given is not."
    mistakes = {500: "The route raised. Look at what it is given in place of a session."}
    names = ["ada", "bob", "cyd"]
    expect(await client.get("/names"), status=200, json=names, because=because, mistakes=mistakes)
    number = rng.randrange(3)
    expect(
        await client.get(f"/names/{number}"),
        status=200,
        json=names[number],
        because=because,
        mistakes=mistakes,
    )
    for unknown in (len(names), rng.randint(4, 99)):
        expect(
            await client.get(f"/names/{unknown}"),
            status=404,
            because="The refusal belongs to the route.",
            mistakes=mistakes,
        )


@open_drawers.requirement("after ten requests no session is open", points=2)
async def closes_every_session(client: Client, rng: Random) -> None:
    for _ in range(10):
        await client.get(rng.choice(["/names", "/names/1"]))
    await _none_open(
        client,
        because="A session that nobody closes keeps its connection. After some dozens of requests "
        "there is none left.",
    )


@open_drawers.requirement("after requests that failed no session is open either")
async def closes_after_failures(client: Client, rng: Random) -> None:
    for _ in range(5):
        await client.get(f"/names/{rng.randint(3, 99)}")
    await _none_open(
        client,
        because="A refusal ends a request, too: what must always happen stands in `finally`.",
    )


@open_drawers.requirement("FastAPI runs the end of the dependency, and nobody else has to")
async def leaves_the_exit_to_fastapi(client: Client) -> None:
    routes = await _listing(client)
    for route in ("GET /names", "GET /names/{number}"):
        ensure(
            any(step["scope"] for step in routes.get(route, [])[:-1]),
            f"a dependency of {route} with a `yield` of its own",
            got="none that has one",
            because="FastAPI comes back for the exit of such a function only. A generator that it "
            "merely hands on ends when Python throws it away: soon, late or never.",
        )


@open_drawers.source_requirement("the class still takes its database as a setting")
def takes_its_database(tree: ast.Module) -> None:
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    ensure(
        bool(classes)
        or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(tree)),
        "the class in the cell that makes the app",
        got="a cell without it",
        because="This is read from that one cell: keep the class in it, as it was given.",
    )
    ensure(
        any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in classes
            and bool(node.args or node.keywords)
            for node in ast.walk(tree)
        ),
        "an object of your class, made with its database",
        got="no such object",
        because="With the setting, a second shop or a test can have a database of its own.",
    )
    databases = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "Database"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    fixed = [
        f"`{node.id}` in {name}"
        for one in classes.values()
        for name, nodes in _functions(one)
        for node in nodes
        if isinstance(node, ast.Name)
        and node.id in databases
        and node.id not in {inner.arg for inner in nodes if isinstance(inner, ast.arg)}
    ]
    ensure(
        not fixed,
        "a class that opens its sessions on the database that it was given",
        got=", ".join(fixed),
        because="Whatever database an object is made with, it would use that one all the same.",
    )


@open_drawers.source_requirement("the generator is kept while its session is in use")
def keeps_the_generator(tree: ast.Module) -> None:
    ensure(
        not any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("next", "anext")
            and any(isinstance(one, ast.Call) and _makes_a_generator(one) for one in node.args[:1])
            for node in ast.walk(tree)
        ),
        "a generator that is kept until the request is done",
        got="one that is made inside `next(…)`, and held by nobody",
        because="Python throws it away at once, and its `finally` closes the session before the "
        "route uses it.",
    )


def _makes_a_generator(call: ast.Call) -> bool:
    """Whether it may be one of the learner's: not what comes with Python, such as `filter`."""
    return not (isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id))


one_rate = Exercise(
    "one_rate",
    title="The invoice whose halves disagree",
    kind="change",
    section="5.5",
    hints=(
        (
            "How often is the exchange office asked for one invoice, and by whom? What would make "
            "FastAPI ask it in their place, and remember the answer?"
        ),
        (
            "A value is remembered within a request if it comes through `Depends`. The parameter "
            "`use_cache` says for one place that it should be asked anew. Section 5.5, how often "
            "does it run."
        ),
        (
            "Give both small functions a parameter that depends on `draw_rate`, and multiply with it "
            "instead of calling. In the second route both parameters have the same dependency: the "
            "later one needs `use_cache` switched off."
        ),
    ),
)


@one_rate.requirement("net and tax of one invoice come from the same rate")
async def agrees_with_itself(client: Client) -> None:
    response = await client.get("/invoice")
    expect(response, status=200, because="An invoice can be asked for.")
    net, tax = (_number(response, name) for name in ("net", "tax"))
    ensure(
        math.isclose(net * 0.2, tax, rel_tol=1e-9),
        f"a tax of {net * 0.2:.4f}, a fifth of the net price",
        got=f"{tax:.4f}",
        because="Each half was worked out with a rate of its own. A value that both ask for through "
        "`Depends` is drawn once a request.",
        response=response,
    )


@one_rate.requirement("each request asks the exchange office anew")
async def asks_anew(client: Client) -> None:
    rates = [_number(await client.get("/invoice"), "net") / 100 for _ in range(3)]
    ensure(
        len(set(rates)) == 3,
        "three invoices with three rates",
        got=f"the rates {', '.join(f'{rate:.4f}' for rate in rates)}",
        because="The office gives another rate each time. A rate that outlives its request, in a "
        "global variable or a cache of its own, is yesterday's.",
    )
    steps = {round((later - earlier) * 1000) for earlier, later in pairwise(rates)}
    ensure(
        steps == {1},
        "one question to the exchange office for each invoice",
        got=f"{max(steps)} from one invoice to the next",
        because="Each question may cost something, and gets another answer.",
    )


@one_rate.requirement("the second opinion has two rates")
async def keeps_two_opinions(client: Client) -> None:
    response = await client.get("/second-opinion")
    expect(response, status=200, because="The route stays.")
    rates = response.json()
    ensure(
        isinstance(rates, list) and len(rates) == 2 and rates[0] != rates[1],
        "two different rates",
        got=response.text,
        because="Two parameters with the same dependency share one value, unless the later one says "
        "that it does not want the remembered one.",
        response=response,
    )
    again = (await client.get("/second-opinion")).json()
    drawn = sorted(round(1000 * rate) for rate in (*rates, *again))
    ensure(
        drawn == list(range(drawn[0], drawn[0] + 4)),
        "four rates from four calls of `draw_rate`, for two who asked",
        got=f"{' and '.join(f'{rate:.4f}' for rate in rates)}, then {' and '.join(f'{rate:.4f}' for rate in again)}",
        because="The office counts its calls: a rate that comes twice was made up or kept, and one "
        "that is left out was asked for and thrown away.",
    )


one_scale = Exercise(
    "one_scale",
    title="The scale that comes back",
    kind="complete",
    section="5.5",
    hints=(
        (
            "An exception of the endpoint is raised at the `yield`. Which of the lines below it are "
            "reached then? Which words of Python run a line only then, and which always?"
        ),
        (
            "`except` sees the failure, a bare `raise` in it hands the failure on, and `finally` runs "
            "in every case. Section 5.5, what stands after the `yield`."
        ),
        (
            "Put the `yield` into a `try`. One clause below it catches every `Exception`, adds one to "
            "the failures and raises again; the last clause, for every case, makes the scale free."
        ),
    ),
)


@one_scale.requirement("after a request that failed the scale is free")
async def frees_after_failure(client: Client, rng: Random) -> None:
    for name, what in ((_word(rng), "one unknown item"), ("air", "one weighing that breaks")):
        response = await client.get(f"/weight/{name}")
        # It is meant to raise: a scale that stays taken is told as that, and not as the 500.
        error_is_expected(response)
        await _settles(
            client,
            "/scale",
            _is_free,
            expected='"free": true after a weighing that failed',
            because="What stands below the `yield` is not reached when the endpoint raises, so "
            f"{what} takes the scale away from everybody.",
        )
    expect(
        await client.get("/weight/tea"),
        status=200,
        json=300,
        because="The next customer wants to weigh something, too.",
    )


@one_scale.requirement("a failure is counted, a success is not")
async def counts_failures(client: Client, rng: Random) -> None:
    await _until(client, "/scale", _is_free)
    before = _number(await client.get("/scale"), "failures")
    bad = [_word(rng), "air", *[rng.choice([_word(rng), "air"]) for _ in range(rng.randint(0, 2))]]
    rng.shuffle(bad)
    for name in [*bad, rng.choice(["tea", "cup", "pot"])]:
        error_is_expected(await client.get(f"/weight/{name}"))
        await _until(client, "/scale", _is_free)
    wanted = before + len(bad)
    await _settles(
        client,
        "/scale",
        lambda body: body.get("failures") == wanted,
        expected=f'"failures": {wanted} after {before} before, {len(bad)} more that failed and one '
        "that did not",
        because="The owner wants to know how often weighing goes wrong, whatever the reason was.",
    )


@one_scale.requirement("a 404 stays a 404, and a broken weighing stays a 500")
async def lets_failures_through(client: Client, rng: Random) -> None:
    for name, status, because in (
        (
            _word(rng),
            404,
            (
                "A dependency with `yield` may look at a failure. It must not keep it: without `raise` "
                "FastAPI is left without an answer."
            ),
        ),
        ("air", 500, "A failure of ours is told as one."),
    ):
        await _until(client, "/scale", _is_free)
        expect(
            await client.get(f"/weight/{name}"),
            status=status,
            because=because,
            mistakes={503: "The scale was not given back by the request before."},
        )


def _is_free(body: Any) -> bool:
    return isinstance(body, dict) and body.get("free") is True


lost_member = Exercise(
    "lost_member",
    title="The member who was never stored",
    kind="bug hunt",
    section="5.5",
    hints=(
        (
            "Read the log: which line raised, and had the answer been sent by then? What would have "
            "to come first for a 201 to be true?"
        ),
        (
            "`Depends` takes a `scope`, and one of its two values brings the exit before the answer. "
            "There the exit may still raise an `HTTPException` in place of `NameTaken`. Section 5.5, "
            "a 201 whose row is lost."
        ),
        (
            "Two changes. The alias gets the scope that belongs to the function. The `try` gets an "
            "`except` for the taken name, which raises a 409. Looking into the list of names "
            "beforehand is not enough: two may look at the same moment."
        ),
    ),
)


@lost_member.requirement("whoever is told 201 is stored at that moment", points=2)
async def stores_before_it_answers(client: Client, rng: Random) -> None:
    name = _word(rng)
    expect(
        await client.post("/members", params={"name": name}),
        status=201,
        because="A new name is welcome.",
    )
    members = await client.get("/members")
    expect(members, status=200, because="The list of members answers.")
    ensure(
        name in members.json(),
        f"{name} in the list, right after the 201",
        got="a list without that name",
        because="The answer left before the commit was done. Whoever reads what they have just "
        "stored finds nothing.",
        response=members,
    )


@lost_member.requirement("a name that is taken is answered 409")
async def refuses_taken_names(client: Client, rng: Random) -> None:
    name = _word(rng)
    await client.post("/members", params={"name": name})
    await client.settle(1.0)
    expect(
        await client.post("/members", params={"name": name}),
        status=409,
        because="409 tells the client to choose another name.",
        mistakes={
            201: "201 promises a row, and the commit failed after the promise.",
            500: "The failure is told in time. A name that is taken is no accident of ours: "
            "raise a 409 in place of `NameTaken`.",
        },
    )


@lost_member.requirement("of two who ask for a name at the same moment, one gets it", points=2)
async def decides_between_two(client: Client, rng: Random) -> None:
    name = _word(rng)
    both = await asyncio.gather(*[client.post("/members", params={"name": name}) for _ in range(2)])
    await client.settle(1.0)
    told = sorted(response.status_code for response in both)
    ensure(
        told == [201, 409],
        "one 201 and one 409",
        got=" and ".join(map(str, told)),
        because="Both looked at the list before either was stored. Only the database can decide, at "
        "commit, so its answer has to reach the client."
        if 409 not in told
        else "One of the two must get the name.",
    )
    members = (await client.get("/members")).json()
    ensure(
        members.count(name) == 1,
        f"{name} once in the list",
        got=f"{members.count(name)} times",
        because="A name belongs to one member.",
    )


@lost_member.requirement("no session stays open")
async def closes_sessions(client: Client, rng: Random) -> None:
    name = _word(rng)
    for _ in range(3):
        await client.post("/members", params={"name": name})
    await _none_open(
        client,
        because="A session is closed also when its commit failed: that is what `finally` is for.",
    )


def _members_app(*, refuses: bool = False, double: bool = False) -> FastAPI:
    """The app of `lost_member`: repaired, or broken in one way."""
    app, names = _members_list()

    @app.post("/members", status_code=201)
    async def join(name: str) -> dict[str, str]:
        if refuses or (name in names and not double):
            raise HTTPException(409, "taken")
        names.append(name)
        return {"welcome": name}

    return app


def _late_app() -> FastAPI:
    """It refuses taken names, and stores a new one a moment after its 201."""
    app, names = _members_list()

    async def store_late() -> AsyncGenerator[list[str]]:
        added: list[str] = []
        yield added
        await asyncio.sleep(0.02)
        names.extend(added)

    @app.post("/members", status_code=201)
    async def join(name: str, added: Annotated[list[str], Depends(store_late)]) -> dict[str, str]:
        if name in names:
            raise HTTPException(409, "taken")
        added.append(name)
        return {"welcome": name}

    return app


def _liar_app() -> FastAPI:
    """It tells 201 to a name that is taken, and stores nothing."""
    app, names = _members_list()

    @app.post("/members", status_code=201)
    async def join(name: str) -> dict[str, str]:
        if name not in names:
            names.append(name)
        return {"welcome": name}

    return app


def _members_list() -> tuple[FastAPI, list[str]]:
    """An app that lists its members, and the list."""
    app = FastAPI()
    names: list[str] = []

    @app.get("/members")
    async def list_members() -> list[str]:
        return names

    return app, names


lost_member_test = Exercise(
    "lost_member_test",
    title="The test that would have caught it",
    kind="make",
    section="5.5",
    serve=tried_on(
        {
            "repaired": _members_app,
            "liar": _liar_app,
            "late": _late_app,
            "double": lambda: _members_app(double=True),
            "refuses": lambda: _members_app(refuses=True),
        }
    ),
    hints=(
        (
            "What did the people of the shop notice? Turn each of their sentences into a request and "
            "a comparison: what they were told, and what is stored afterwards."
        ),
        (
            "A status alone believes what the app says about itself. Ask `GET /members` as well, right "
            "after the 201, and compare the whole list. Section 5.5, and section 4.4 for such tests."
        ),
        (
            "Three requests and a fourth: store a name and expect 201; read the list and expect "
            "exactly that name; store it again and expect 409; read the list once more and expect "
            "it unchanged."
        ),
    ),
)

_TRIALS = {
    "liar": "a name that is taken is told 201",
    "late": "the row is stored a moment after the 201",
    "double": "the same name is stored twice",
    "refuses": "everybody is told 409",
}


@lost_member_test.requirement("the test passes on the repaired app")
async def passes_on_the_repaired_app(client: Client) -> None:
    await _fares(
        client,
        "repaired",
        "passed",
        because="A test that fails on right code is switched off sooner or later.",
    )


@lost_member_test.requirement("the test fails when a taken name is told 201")
async def fails_on_a_liar(client: Client) -> None:
    await _fares(client, "liar", "failed", because="That is the bug as it was reported.")


@lost_member_test.requirement("the test fails when the row is stored too late")
async def fails_when_late(client: Client) -> None:
    await _fares(
        client,
        "late",
        "failed",
        because="A 201 is a promise about now: read the list right after it.",
    )


@lost_member_test.requirement("the test fails when a name is stored twice")
async def fails_on_doubles(client: Client) -> None:
    await _fares(
        client, "double", "failed", because="One of the two members will get the other's parcels."
    )


@lost_member_test.requirement("the test fails when everybody is refused")
async def fails_on_refusals(client: Client) -> None:
    await _fares(
        client,
        "refuses",
        "failed",
        because="An app that stores nobody loses nobody: say what must work, too.",
    )


async def _fares(client: Client, app: str, outcome: str, *, because: str) -> None:
    report = (await client.get(f"/trials/{app}")).json()
    wanted = (
        "a test that passes on the repaired app"
        if outcome == "passed"
        else f"a test that fails when {_TRIALS[app]}"
    )
    ensure(
        report["outcome"] == outcome,
        wanted,
        got=report["message"] or "one that passes",
        because=because,
    )


guarded_shop = Exercise(
    "guarded_shop",
    title="The guard who stands in the wrong place",
    kind="change",
    section="5.6",
    hints=(
        (
            "A guard at the door of the house stops everybody who wants into any room. Which rooms "
            "need one, and could they share a door of their own?"
        ),
        (
            "`APIRouter(dependencies=[…])` guards its routes only. `FastAPI(openapi_url=None)` takes "
            "the pages of the description away, and `app.openapi()` gives the document to a route of "
            "yours. Section 5.6."
        ),
        (
            "Make the app without dependencies and without its own description. Put the two lists on "
            "a router that needs the key, together with a third route at the description's path that "
            "returns what the app says about itself. Leave health on the app; include the router."
        ),
    ),
)

_GUARDED = {"/items": ["tea", "cup", "pot"], "/orders": [1001, 1002, 1003]}


@guarded_shop.requirement("`/health` answers without a key")
async def is_healthy_for_all(client: Client) -> None:
    expect(
        await client.get("/health"),
        status=200,
        json="ok",
        because="A monitor has no key; an alarm that is always on is no alarm.",
        mistakes={
            401: "The guard stands before the whole app. It can't be taken off for one route."
        },
    )


@guarded_shop.requirement("`/items` and `/orders` answer with a good key, and 401 without")
async def guards_the_lists(client: Client, rng: Random) -> None:
    good = {"x-key": f"shop-{_word(rng)}"}
    for path, answer in _GUARDED.items():
        expect(
            await client.get(path, headers=good),
            status=200,
            json=answer,
            because="Who has a key is served as before.",
        )
        for headers in ({}, {"x-key": _word(rng)}):
            expect(
                await client.get(path, headers=headers),
                status=401,
                because="Without a good key nobody sees the lists.",
            )


@guarded_shop.requirement(
    "`/openapi.json` is refused without a key, and complete with one", points=2
)
async def guards_the_description(client: Client, rng: Random) -> None:
    for headers in ({}, {"x-key": _word(rng)}):
        expect(
            await client.get("/openapi.json", headers=headers),
            status=401,
            because="A description names every route of the shop.",
            mistakes={
                200: "`/openapi.json` is no path operation, so no dependency of the app or of a router "
                "runs for it. Serve it from a route of your own.",
                404: "Colleagues with a key still want to read it.",
            },
        )
    response = await client.get("/openapi.json", headers={"x-key": f"shop-{_word(rng)}"})
    expect(response, status=200, because="Colleagues have a key.")
    ensure(
        isinstance(_field(response, "openapi"), str),
        "a description of the app",
        got=response.text[:80],
        because="Tools read it, and they want the whole document, as `app.openapi()` gives it.",
        response=response,
    )
    paths = _field(response, "paths") or {}
    missing = [path for path in _GUARDED if path not in paths]
    ensure(
        not missing,
        "a description with /items and /orders in it",
        got=f"none with {' and '.join(missing)}",
        because="It is the whole description that they want, as `app.openapi()` gives it.",
        response=response,
    )


@guarded_shop.requirement("`/docs` and `/redoc` show nothing without a key")
async def closes_the_pages(client: Client) -> None:
    for path in ("/docs", "/redoc"):
        response = await client.get(path)
        ensure(
            not response.is_success,
            f"a refusal or 404 from {path}",
            got=f"status {response.status_code}",
            because="The page is open to strangers and leads them to the description.",
            response=response,
        )


def _price_app(
    days: list[str], *, sunday: float, otherwise: float
) -> tuple[FastAPI, Callable[[], str]]:
    """The app of `sunday_price_test`, and the dependency that says what day it is."""
    app = FastAPI()

    def get_weekday() -> str:
        # A test that does not say what day it is gets one on which the price is neither.
        return "holiday"

    @app.get("/items/tea")
    async def price_tea(day: Annotated[str, Depends(get_weekday)]) -> dict[str, float]:
        days.append(str(day))
        prices = {"sunday": sunday, "holiday": 3.0}
        return {"price": prices.get(day, otherwise)}

    return app, get_weekday


_PRICE_APPS = {
    "right": {"sunday": 2.0, "otherwise": 4.0},
    "never": {"sunday": 4.0, "otherwise": 4.0},
    "always": {"sunday": 2.0, "otherwise": 2.0},
}


def _with_its_dependency(test: Any) -> ASGIApp:
    """Serve a test of an app and one of its dependencies.

    `GET /trials/{name}` answers the outcome, the message, how many overrides were left behind, and
    which days the app was told.
    """
    must_be_a_test(test, "two arguments: `app` and `get_weekday`", 2)
    trials = FastAPI(openapi_url=None)

    @trials.get("/trials/{name}")
    async def try_on(name: str) -> dict[str, Any]:
        days: list[str] = []
        app, get_weekday = _price_app(days, **_PRICE_APPS[name])
        fared = await report(test(app, get_weekday))
        return {**fared, "left": len(app.dependency_overrides), "days": days}

    return trials


sunday_price_test = Exercise(
    "sunday_price_test",
    title="A test that makes it Sunday",
    kind="make",
    section="5.7",
    serve=_with_its_dependency,
    hints=(
        (
            "What does the app ask for, in order to know the day? And who decides what it is given, "
            "if a test says so?"
        ),
        (
            "`app.dependency_overrides` is a dictionary: the key is the dependency, the value is what "
            "is called in its place, without arguments. Section 5.7, stand-ins for tests. `finally` "
            "is for cleaning up."
        ),
        (
            "For Sunday and for Monday: put a function that returns the day's name under the key "
            "`get_weekday`, open a client, ask for tea, compare the JSON with the price of that day. "
            "Around all of it a `try`, whose `finally` clears the dictionary."
        ),
    ),
)


@sunday_price_test.requirement("the test passes on the right app, whatever day it is")
async def passes_on_sunday(client: Client) -> None:
    fared = await _price_report(client, "right")
    ensure(
        fared["outcome"] == "passed",
        "a test that passes on the right app",
        got=fared["message"],
        because=f'`get_weekday` answers in small letters, as in `"{odd.lower()}"`; the override '
        f"said {odd!r}."
        if (odd := next((day for day in fared["days"] if day != day.lower()), ""))
        else "The test has to say what day it is, by an override of `get_weekday`; otherwise "
        "it depends on the calendar.",
    )


@sunday_price_test.requirement("the test fails when there is never a discount")
async def fails_without_discount(client: Client) -> None:
    fared = await _price_report(client, "never")
    ensure(
        fared["outcome"] == "failed",
        "a test that fails when tea costs 4.0 on Sundays",
        got="one that passes",
        because="The discount is what the test is about.",
    )


@sunday_price_test.requirement("the test fails when there is always a discount")
async def fails_with_discount(client: Client) -> None:
    fared = await _price_report(client, "always")
    ensure(
        fared["outcome"] == "failed",
        "a test that fails when tea costs 2.0 on Mondays",
        got="one that passes",
        because="Half price on every day is a bug that the till notices too late: try another day "
        "as well.",
    )


@sunday_price_test.requirement("no override is left behind, also when the test fails")
async def leaves_nothing(client: Client) -> None:
    for name in ("right", "never", "always"):
        fared = await _price_report(client, name)
        ensure(
            fared["left"] == 0,
            "no override after the test",
            got=f"{fared['left']} left on the app where the test " + fared["outcome"],
            because="The next test would get this one's Sunday. What must always happen stands in "
            "`finally`.",
        )
    right = await _price_report(client, "right")
    ensure(
        right["outcome"] == "passed",
        "a test that does its work before it cleans up",
        got=right["message"],
        because="Nothing is left behind by a test that never began.",
    )


async def _price_report(client: Client, name: str) -> dict[str, Any]:
    return (await client.get(f"/trials/{name}")).json()


async def _listing(client: Client) -> dict[str, list[dict[str, Any]]]:
    response = await client.get(LISTING)
    expect(response, status=200, because="The app says what its routes depend on.")
    return response.json()


def _calls(routes: dict[str, list[dict[str, Any]]], route: str) -> set[int]:
    """What is called before the endpoint of this route."""
    return {step["call"] for step in routes.get(route, [])[:-1]}


async def _none_open(client: Client, *, because: str) -> None:
    await _settles(
        client, "/open", lambda body: body == 0, expected="0 open sessions", because=because
    )


async def _settles(
    client: Client, path: str, holds: Callable[[Any], bool], *, expected: str, because: str
) -> None:
    response = await _until(client, path, holds)
    ensure(
        response.is_success and holds(response.json()),
        expected,
        got=response.text if response.is_success else f"status {response.status_code}",
        because=because
        if response.is_success
        else f"`{path}` shows it: keep that route as it was.",
        response=response,
    )


async def _until(client: Client, path: str, holds: Callable[[Any], bool]) -> httpx.Response:
    """Ask until it holds, for a while: the exit of a dependency may run after the answer."""
    response = await client.get(path)
    for _ in range(20):
        if response.is_success and holds(response.json()):
            break
        await asyncio.sleep(0.01)
        response = await client.get(path)
    return response


def _where_the_rate_was_sought(response: httpx.Response) -> str | None:
    place = _sought(response)
    if place:
        return (
            f"`{'.'.join(map(str, place))}` is asked of the client. What a dependency gives has "
            "`Depends` in its annotation."
        )
    return None


def _what_refused_the_currency(response: httpx.Response) -> str | None:
    if response.status_code == 422 and _sought(response)[-1:] in ([], ["currency"]):
        return "The check is right, and the status is not the one that clients of this shop know."
    return _where_the_rate_was_sought(response)


def _functions(tree: ast.AST) -> list[tuple[str, list[ast.AST]]]:
    """Each function in this tree: its name, and its nodes without those of functions inside it."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, kinds):
            continue
        nodes: list[ast.AST] = []
        waiting = list(ast.iter_child_nodes(function))
        while waiting:
            node = waiting.pop(0)
            nodes.append(node)
            if not isinstance(node, kinds):
                waiting += ast.iter_child_nodes(node)
        found.append((function.name, nodes))
    return found


def _refuses_with(nodes: list[ast.AST], status: int, *names: str) -> bool:
    """Whether one of these calls is given the status, as a number or by one of its names."""
    given = [
        value
        for node in nodes
        if isinstance(node, ast.Call)
        for value in (*node.args, *[keyword.value for keyword in node.keywords])
    ]
    return any(
        (isinstance(value, ast.Constant) and value.value == status)
        or (isinstance(value, ast.Attribute) and value.attr in names)
        for value in given
    )


def _sought(response: httpx.Response) -> list[Any]:
    """Where FastAPI looked for the first thing that a 422 misses; empty for another answer."""
    detail = _field(response, "detail")
    if response.status_code == 422 and isinstance(detail, list) and detail:
        return detail[0].get("loc", [])
    return []


def _field(response: httpx.Response, name: str) -> Any:
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None


def _number(response: httpx.Response, name: str) -> float:
    value = _field(response, name)
    ensure(
        isinstance(value, int | float) and not isinstance(value, bool),
        f'a number "{name}"',
        got=response.text[:80],
        because="The answer keeps its shape.",
        response=response,
    )
    return value


def _word(rng: Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=8))

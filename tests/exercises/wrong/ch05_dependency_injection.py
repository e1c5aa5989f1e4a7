"""Wrong answers to the exercises of chapter 5, and what each is told."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from functools import lru_cache
from itertools import count
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel

from workbook.client import client
from workbook.proofs import wrong

PRICES = {"tea": 4.0, "cup": 8.0, "pot": 20.0}
RATES = {"EUR": 1.0, "USD": 1.25, "GBP": 0.75}
STAFF = {"t-ada": "owner", "t-bob": "clerk", "t-cyd": "packer"}
ITEM_NUMBERS = list(range(1, 61))
ORDER_NUMBERS = list(range(1001, 1036))


class NameTaken(Exception):
    """The name is stored already; the database notices it at commit."""


class Database:
    """What is stored, and how many sessions are open."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.open_sessions = 0


class Session:
    """The session of the chapter's set-up cell, with a commit that takes longer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.added: list[str] = []
        database.open_sessions += 1

    def names(self) -> list[str]:
        return list(self.database.names)

    def add(self, name: str) -> None:
        self.added.append(name)

    async def commit(self) -> None:
        # Longer than a request takes on a busy machine, so that a late commit is seen.
        await asyncio.sleep(0.2)
        for name in self.added:
            if name in self.database.names:
                raise NameTaken(name)
        self.database.names += self.added
        self.added = []

    def close(self) -> None:
        self.database.open_sessions -= 1


def _exchange_office() -> Callable[[], float]:
    """Make a `draw_rate` as in the chapter's set-up cell, that begins anew for each answer."""
    draws = count(1)

    def draw_rate() -> float:
        return 1 + next(draws) / 1000

    return draw_rate


# chain_of_trust


@wrong(
    "chain_of_trust",
    fails="refuses_strangers",
    says="Expected status 401, got status 422. The role is sought in the query string, where everybody may write `owner`. The guard has to ask `find_role` for it.",
)
def owner_by_query():
    return "F J D G B C L E A I"


@wrong(
    "chain_of_trust",
    fails="refuses_the_others",
    says="Expected status 403, got status 200. The role came from the query string, where everybody may write `owner`. The guard has to ask `find_role` for it.",
)
def role_that_the_client_names():
    return "F J D G B C L E A I"


@wrong(
    "chain_of_trust",
    fails="answers_the_owner",
    says="Expected status 200, got status 404. There is no such route: the decorator is missing, or has another function under it.",
)
def route_without_its_decorator():
    return "F J D G B H L A I"


@wrong(
    "chain_of_trust", fails="refuses_strangers", says="TypeError: 'none' is not a callable object"
)
def parentheses_too_many():
    return "F J K G B H L E A I"


@wrong(
    "chain_of_trust", fails="refuses_strangers", says="NameError: name 'read_token' is not defined"
)
def named_before_it_exists():
    return "D G B F J H L E A I"


# shared_currency


def _currency_app(first: Any, second: Any, third: Any) -> FastAPI:
    """Three routes, each with its own way to ask for the rate."""
    app = FastAPI()

    @app.get("/items/{name}")
    async def show_price(name: str, rate: first) -> dict[str, float]:
        return {"price": PRICES[name] * rate}

    @app.get("/basket")
    async def show_basket(item: Annotated[list[str], Query()], rate: second) -> dict[str, float]:
        return {"price": sum(PRICES[name] for name in item) * rate}

    @app.get("/shipping")
    async def show_shipping(rate: third) -> dict[str, float]:
        return {"price": 5 * rate}

    return app


def _rate(*, upper: bool = True, status: int = 400, checks: bool = True) -> Callable[[str], float]:
    def get_rate(currency: str = "EUR") -> float:
        code = currency.upper() if upper else currency
        if checks and code not in RATES:
            raise HTTPException(status, "unknown currency")
        return RATES.get(code, 1.0)

    return get_rate


@wrong(
    "shared_currency",
    fails="prices_in_the_currency",
    says="Expected status 200, got status 422. `query.rate` is asked of the client. What a dependency gives has `Depends` in its annotation.",
)
def without_depends():
    rate = Annotated[float, _rate()]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="prices_in_the_currency",
    says='Expected the JSON {"price": 3.0}, got {"price": 4.0}. What worked before must work after a repair.',
)
def always_euros():
    def get_rate() -> float:
        return RATES["EUR"]

    rate = Annotated[float, Depends(get_rate)]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="refuses_unknown_currencies",
    says="Expected status 400, got status 200. /items/tea can't know a rate for XXK, and the client can mend it.",
)
def unknown_is_euro():
    rate = Annotated[float, Depends(_rate(checks=False))]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="refuses_unknown_currencies",
    says="Expected status 400, got status 422. The check is right, and the status is not the one that clients of this shop know.",
)
def unknown_is_422():
    rate = Annotated[float, Depends(_rate(status=422))]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="understands_small_letters",
    says="Expected status 200, got status 400. usd is USD in small letters: make them large.",
)
def large_letters_only():
    rate = Annotated[float, Depends(_rate(upper=False))]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="shares_a_dependency",
    says="Expected a dependency that all three routes ask for, got none that they share. A rule that stands in three places will differ in one of them: the next change has to be made once.",
)
def a_function_called_by_hand():
    rate_of = _rate()
    app = FastAPI()

    @app.get("/items/{name}")
    async def show_price(name: str, currency: str = "EUR") -> dict[str, float]:
        return {"price": PRICES[name] * rate_of(currency)}

    @app.get("/basket")
    async def show_basket(
        item: Annotated[list[str], Query()], currency: str = "EUR"
    ) -> dict[str, float]:
        return {"price": sum(PRICES[name] for name in item) * rate_of(currency)}

    @app.get("/shipping")
    async def show_shipping(currency: str = "EUR") -> dict[str, float]:
        return {"price": 5 * rate_of(currency)}

    return app


@wrong(
    "shared_currency",
    fails="shares_a_dependency",
    says="Expected a dependency that all three routes ask for, got none that they share. A rule that stands in three places will differ in one of them: the next change has to be made once.",
)
def a_dependency_for_each_route():
    return _currency_app(*[Annotated[float, Depends(_rate())] for _ in range(3)])


@wrong(
    "shared_currency",
    fails="understands_small_letters",
    says="Expected status 200, got status 400. gbp is GBP in small letters: make them large.",
)
def one_currency_in_small_letters():
    rates = {**RATES, "usd": RATES["USD"]}

    def get_rate(currency: str = "EUR") -> float:
        if currency not in rates:
            raise HTTPException(400, "unknown currency")
        return rates[currency]

    rate = Annotated[float, Depends(get_rate)]
    return _currency_app(rate, rate, rate)


@wrong(
    "shared_currency",
    fails="writes_the_refusal_once",
    says="Expected one function that looks for the currency in `RATES` and refuses with 400, got 3: show_price, show_basket, show_shipping. The whole rule is to move into the dependency. What stays behind in the routes is still a copy, and a copy is forgotten.",
)
def only_the_letters_are_shared():
    def get_code(currency: str = "EUR") -> str:
        return currency.upper()

    Code = Annotated[str, Depends(get_code)]
    app = FastAPI()

    @app.get("/items/{name}")
    async def show_price(name: str, currency: Code) -> dict[str, float]:
        if currency not in RATES:
            raise HTTPException(400, "unknown currency")
        return {"price": PRICES[name] * RATES[currency]}

    @app.get("/basket")
    async def show_basket(item: Annotated[list[str], Query()], currency: Code) -> dict[str, float]:
        if currency not in RATES:
            raise HTTPException(400, "unknown currency")
        return {"price": sum(PRICES[name] for name in item) * RATES[currency]}

    @app.get("/shipping")
    async def show_shipping(currency: Code) -> dict[str, float]:
        if currency not in RATES:
            raise HTTPException(400, "unknown currency")
        return {"price": 5 * RATES[currency]}

    return app


# page_of_numbers


def _numbers_app(
    *,
    most: int = 50,
    least: int = 0,
    smallest: int = 1,
    last: bool = True,
    orders: bool = True,
    counts_page: bool = False,
) -> FastAPI:
    """The two lists, with bounds and an end of the list that may be wrong."""

    class Page(BaseModel):
        skip: Annotated[int, Query(ge=least)] = 0
        limit: Annotated[int, Query(ge=smallest, le=most)] = 10

        def answer(self, numbers: list[int]) -> dict[str, Any]:
            end = self.skip + self.limit
            more = end < len(numbers) if last else end <= len(numbers)
            following = end if more else None
            page = numbers[self.skip : end]
            total = len(page if counts_page else numbers)
            return {"total": total, "page": page, "next": following}

    app = FastAPI()

    @app.get("/items")
    async def list_items(page: Annotated[Page, Query()]) -> dict[str, Any]:
        return page.answer(ITEM_NUMBERS)

    if orders:

        @app.get("/orders")
        async def list_orders(page: Annotated[Page, Query()]) -> dict[str, Any]:
            return page.answer(ORDER_NUMBERS)

    return app


@wrong(
    "page_of_numbers",
    fails="answers_a_page",
    says="Expected status 200, got status 404. There is no route `GET /orders` yet.",
)
def one_list_only():
    return _numbers_app(orders=False)


@wrong(
    "page_of_numbers",
    fails="answers_a_page",
    says='Expected "total": 60, got "total": 9. That is what stands in places 4 to 12 of the list.',
)
def total_of_the_page():
    return _numbers_app(counts_page=True)


@wrong(
    "page_of_numbers",
    fails="leads_on",
    says='Expected "next": null, got "next": 60. The list has 60 entries, so after 47 and 13 more there is nothing left.',
)
def leads_to_an_empty_page():
    return _numbers_app(last=False)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 422, got status 200. One client could ask for everything at once.",
)
def pages_without_an_end():
    return _numbers_app(most=10**9)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 422, got status 200. A page begins in the list.",
)
def pages_before_the_beginning():
    return _numbers_app(least=-(10**9))


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 422, got status 200. A page has something on it.",
)
def pages_with_nothing_on_them():
    return _numbers_app(smallest=0)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 200, got status 422. A `limit` of 50 is still allowed.",
)
def fifty_is_too_many():
    return _numbers_app(most=49)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 200, got status 422. A `limit` of 1 is still allowed.",
)
def one_is_too_few():
    return _numbers_app(smallest=2)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 422, got status 200. One client could ask for everything at once.",
)
def fifty_one_is_allowed():
    return _numbers_app(most=51)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 200, got status 422. A `skip` of 0 is still allowed.",
)
def skips_one_at_least():
    return _numbers_app(least=1)


@wrong(
    "page_of_numbers",
    fails="refuses_bad_pages",
    says="Expected status 422, got status 200. A page begins in the list.",
)
def one_before_the_beginning():
    return _numbers_app(least=-1)


# staff_only


def _staff_app(gate: Callable[..., Any]) -> FastAPI:
    """The three routes, with what `gate` makes of the roles of each."""
    app = FastAPI()
    for room, roles in (
        ("parcels", ("owner", "clerk", "packer")),
        ("orders", ("owner", "clerk")),
        ("takings", ("owner",)),
    ):

        def answer(room: str = room) -> Callable[[], str]:
            return lambda: room

        app.get(f"/{room}", dependencies=[Depends(gate(*roles))])(answer())
    return app


@wrong(
    "staff_only",
    fails="lets_them_in",
    says="Expected status 200, got status 422. `x_token` is sought in the query string. The token is a header: `Header()`.",
)
def token_in_the_query():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: str) -> None:
            if STAFF.get(x_token) not in roles:
                raise HTTPException(403, " ".join(roles))

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="keeps_them_out",
    says="Expected status 403, got status 200. The packer may not see the orders.",
)
def whoever_is_staff():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()] = "") -> None:
            if x_token not in STAFF:
                raise HTTPException(401)

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="keeps_them_out",
    says="Expected status 403, got status 401. We know this token: it belongs to the packer. 403 says: not you.",
)
def unauthorised_for_everybody():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()] = "") -> None:
            if STAFF.get(x_token) not in roles:
                raise HTTPException(401, " ".join(roles))

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="keeps_them_out",
    says="Expected a detail that names owner and clerk, got Forbidden. Whoever is refused wants to know whom to ask.",
)
def refuses_without_a_word():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()] = "") -> None:
            if x_token not in STAFF:
                raise HTTPException(401)
            if STAFF[x_token] not in roles:
                raise HTTPException(403)

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="asks_who_it_is",
    says="Expected status 401, got status 403. 403 is for somebody whom we know. Here nobody knows who asks.",
)
def forbidden_for_strangers():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()] = "") -> None:
            if STAFF.get(x_token) not in roles:
                raise HTTPException(403, " ".join(roles))

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="asks_who_it_is",
    says="Expected status 401, got status 422. A header without a default is a 422 when it is missing. Give it an empty default, and refuse it yourself.",
)
def header_without_a_default():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()]) -> None:
            if x_token not in STAFF:
                raise HTTPException(401)
            if STAFF[x_token] not in roles:
                raise HTTPException(403, " ".join(roles))

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="writes_the_rule_once",
    says="Expected one class or function in the dependencies of all three routes, got parcels: for_all; orders: for_the_desk; takings: for_the_owner. A rule that is written three times is changed in two of them. A setting is what may differ.",
)
def three_rules():
    app = FastAPI()

    def refuse(token: str, *roles: str) -> None:
        if token not in STAFF:
            raise HTTPException(401)
        if STAFF[token] not in roles:
            raise HTTPException(403, " ".join(roles))

    def for_all(x_token: Annotated[str, Header()] = "") -> None:
        refuse(x_token, "owner", "clerk", "packer")

    def for_the_desk(x_token: Annotated[str, Header()] = "") -> None:
        refuse(x_token, "owner", "clerk")

    def for_the_owner(x_token: Annotated[str, Header()] = "") -> None:
        refuse(x_token, "owner")

    for room, guard in (
        ("parcels", for_all),
        ("orders", for_the_desk),
        ("takings", for_the_owner),
    ):

        def answer(room: str = room) -> Callable[[], str]:
            return lambda: room

        app.get(f"/{room}", dependencies=[Depends(guard)])(answer())
    return app


@wrong(
    "staff_only",
    fails="keeps_them_out",
    says="Expected a detail that names those who may see the takings, and nobody else, got for the owner, the clerk or the packer. Whoever asks the packer is refused once more.",
)
def names_everybody():
    def gate(*roles: str) -> Callable[..., None]:
        def check(x_token: Annotated[str, Header()] = "") -> None:
            if x_token not in STAFF:
                raise HTTPException(401)
            if STAFF[x_token] not in roles:
                raise HTTPException(403, "for the owner, the clerk or the packer")

        return check

    return _staff_app(gate)


@wrong(
    "staff_only",
    fails="writes_the_403_once",
    says="Expected one function that refuses with 403, got 2: see_orders, see_takings. Who the visitor is, is asked once; whether they may come in is part of the same rule. Only the roles differ, and they can be a setting.",
)
def only_the_role_is_shared():
    def find_role(x_token: Annotated[str, Header()] = "") -> str:
        if x_token not in STAFF:
            raise HTTPException(401)
        return STAFF[x_token]

    Role = Annotated[str, Depends(find_role)]
    app = FastAPI()

    @app.get("/parcels")
    async def see_parcels(role: Role) -> str:
        return "parcels"

    @app.get("/orders")
    async def see_orders(role: Role) -> str:
        if role not in ("owner", "clerk"):
            raise HTTPException(status_code=403, detail="for the owner and the clerk")
        return "orders"

    @app.get("/takings")
    async def see_takings(role: Role) -> str:
        if role != "owner":
            raise HTTPException(status_code=403, detail="for the owner")
        return "takings"

    return app


# open_drawers


def _drawers_app(dependency: Callable[..., Any], database: Database, *, steps: bool = False) -> Any:
    """The three routes; with `steps` they call `next` on what they are given."""
    database.names = ["ada", "bob", "cyd"]
    app = FastAPI()
    Given = Annotated[Any, Depends(dependency)]

    def session_of(given: Any) -> Session:
        return next(given) if steps else given

    @app.get("/names")
    async def list_names(given: Given) -> list[str]:
        return session_of(given).names()

    @app.get("/names/{number}")
    async def read_name(number: int, given: Given) -> str:
        names = session_of(given).names()
        if number >= len(names):
            raise HTTPException(404, "there is no such number")
        return names[number]

    @app.get("/open")
    async def count_open() -> int:
        return database.open_sessions

    return app


@wrong(
    "open_drawers",
    fails="answers_names",
    says="AttributeError: 'generator' object has no attribute 'names'",
)
def still_a_generator():
    database = Database()

    class SessionOf:
        def __call__(self) -> Generator[Session]:
            return self.lend()

        def lend(self) -> Generator[Session]:
            session = Session(database)
            try:
                yield session
            finally:
                session.close()

    return _drawers_app(SessionOf(), database)


@wrong(
    "open_drawers",
    fails="leaves_the_exit_to_fastapi",
    says="Expected a dependency of GET /names with a `yield` of its own, got none that has one. FastAPI comes back for the exit of such a function only. A generator that it merely hands on ends when Python throws it away: soon, late or never.",
)
def next_in_the_routes():
    database = Database()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            return self.lend()

        def lend(self) -> Generator[Session]:
            session = Session(self.database)
            try:
                yield session
            finally:
                session.close()

    return _drawers_app(SessionOf(database), database, steps=True)


@wrong(
    "open_drawers",
    fails="takes_its_database",
    says="Expected an object of your class, made with its database, got no such object. With the setting, a second shop or a test can have a database of its own.",
)
def database_written_into_the_class():
    database = Database()

    class SessionOf:
        def __call__(self) -> Generator[Session]:
            session = Session(database)
            try:
                yield session
            finally:
                session.close()

    return _drawers_app(SessionOf(), database)


@wrong(
    "open_drawers",
    fails="closes_every_session",
    says="Expected 0 open sessions, got 14. A session that nobody closes keeps its connection. After some dozens of requests there is none left.",
)
def session_returned():
    database = Database()

    class SessionOf:
        def __call__(self) -> Session:
            return Session(database)

    return _drawers_app(SessionOf(), database)


@wrong(
    "open_drawers",
    fails="closes_after_failures",
    says="Expected 0 open sessions, got 7. A refusal ends a request, too: what must always happen stands in `finally`.",
)
def closed_without_finally():
    database = Database()

    class SessionOf:
        def __call__(self) -> Generator[Session]:
            session = Session(database)
            yield session
            session.close()

    return _drawers_app(SessionOf(), database)


class _SessionOf:
    """What a learner may have moved to another cell."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __call__(self) -> Generator[Session]:
        session = Session(self.database)
        try:
            yield session
        finally:
            session.close()


@wrong(
    "open_drawers",
    fails="takes_its_database",
    says="Expected the class in the cell that makes the app, got a cell without it. This is read from that one cell: keep the class in it, as it was given.",
)
def class_in_another_cell():
    database = Database()
    return _drawers_app(_SessionOf(database), database)


@wrong(
    "open_drawers",
    fails="answers_names",
    says="IndexError: list index out of range",
)
def one_number_too_many():
    database = Database()
    database.names = ["ada", "bob", "cyd"]

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            session = Session(self.database)
            try:
                yield session
            finally:
                session.close()

    app = FastAPI()
    Given = Annotated[Session, Depends(SessionOf(database))]

    @app.get("/names")
    async def list_names(session: Given) -> list[str]:
        return session.names()

    @app.get("/names/{number}")
    async def read_name(number: int, session: Given) -> str:
        names = session.names()
        if number > len(names):
            raise HTTPException(404, "there is no such number")
        return names[number]

    @app.get("/open")
    async def count_open() -> int:
        return database.open_sessions

    return app


@wrong(
    "open_drawers",
    fails="takes_its_database",
    says="Expected a class that opens its sessions on the database that it was given, got `drawers_db` in __call__. Whatever database an object is made with, it would use that one all the same.",
)
def database_taken_and_not_used():
    drawers_db = Database()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            session = Session(drawers_db)
            try:
                yield session
            finally:
                session.close()

    return _drawers_app(SessionOf(drawers_db), drawers_db)


@wrong(
    "open_drawers",
    fails="keeps_the_generator",
    says="Expected a generator that is kept until the request is done, got one that is made inside `next(…)`, and held by nobody. Python throws it away at once, and its `finally` closes the session before the route uses it.",
)
def generator_thrown_away():
    database = Database()

    def lend_from(database: Database) -> Generator[Session]:
        session = Session(database)
        try:
            yield session
        finally:
            session.close()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            yield next(lend_from(self.database))

    return _drawers_app(SessionOf(database), database)


# one_rate


def _rates_app(net: Any, tax: Any, first: Any, second: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/invoice")
    async def make_invoice(net: net, tax: tax) -> dict[str, float]:
        return {"net": net, "tax": tax}

    @app.get("/second-opinion")
    async def ask_twice(first: first, second: second) -> list[float]:
        return [first, second]

    return app


def _halves(rate: Callable[[], float], *, cached: bool = True) -> tuple[Any, Any]:
    Rate = Annotated[float, Depends(rate, use_cache=cached)]

    def get_net(rate: Rate) -> float:
        return 100 * rate

    def get_tax(rate: Rate) -> float:
        return 20 * rate

    return Annotated[float, Depends(get_net)], Annotated[float, Depends(get_tax)]


def _two(rate: Callable[[], float]) -> tuple[Any, Any]:
    return (
        Annotated[float, Depends(rate)],
        Annotated[float, Depends(rate, use_cache=False)],
    )


@wrong(
    "one_rate",
    fails="agrees_with_itself",
    says="Expected a tax of 20.0200, a fifth of the net price, got 20.0400. Each half was worked out with a rate of its own. A value that both ask for through `Depends` is drawn once a request.",
)
def halves_without_the_cache():
    draw_rate = _exchange_office()
    return _rates_app(*_halves(draw_rate, cached=False), *_two(draw_rate))


@wrong(
    "one_rate",
    fails="asks_anew",
    says="Expected three invoices with three rates, got the rates 1.0010, 1.0010, 1.0010. The office gives another rate each time. A rate that outlives its request, in a global variable or a cache of its own, is yesterday's.",
)
def remembered_for_ever():
    draw_rate = _exchange_office()
    remembered = lru_cache(draw_rate)
    return _rates_app(*_halves(lambda: remembered()), *_two(draw_rate))


@wrong(
    "one_rate",
    fails="asks_anew",
    says="Expected one question to the exchange office for each invoice, got 2 from one invoice to the next. Each question may cost something, and gets another answer.",
)
def asked_twice_and_one_thrown_away():
    draw_rate = _exchange_office()

    def ask() -> float:
        draw_rate()
        return draw_rate()

    return _rates_app(*_halves(ask), *_two(draw_rate))


@wrong(
    "one_rate",
    fails="keeps_two_opinions",
    says="Expected two different rates, got [1.005,1.005]. Two parameters with the same dependency share one value, unless the later one says that it does not want the remembered one.",
)
def one_opinion_twice():
    draw_rate = _exchange_office()
    return _rates_app(*_halves(draw_rate), *_two(draw_rate)[:1] * 2)


@wrong(
    "one_rate",
    fails="keeps_two_opinions",
    says="Expected two different rates, got [1.005,1.005]. Two parameters with the same dependency share one value, unless the later one says that it does not want the remembered one.",
)
def asked_anew_too_early():
    draw_rate = _exchange_office()
    remembered, anew = _two(draw_rate)
    return _rates_app(*_halves(draw_rate), anew, remembered)


@wrong(
    "one_rate",
    fails="keeps_two_opinions",
    says="Expected four rates from four calls of `draw_rate`, for two who asked, got 1.0050 and 1.0060, then 1.0060 and 1.0070. The office counts its calls: a rate that comes twice was made up or kept, and one that is left out was asked for and thrown away.",
)
def second_opinion_made_up():
    draw_rate = _exchange_office()
    app = _rates_app(*_halves(draw_rate), *_two(draw_rate))
    app.router.routes = [one for one in app.routes if getattr(one, "path", "") != "/second-opinion"]

    @app.get("/second-opinion")
    async def ask_once(rate: Annotated[float, Depends(draw_rate)]) -> list[float]:
        return [rate, rate + 0.001]

    return app


# one_scale


class Scale:
    """The scale of the exercise."""

    def __init__(self) -> None:
        self.free = True
        self.failures = 0

    def weigh(self, name: str) -> int:
        if name == "air":
            raise ValueError("nothing to weigh")
        if name not in PRICES:
            raise HTTPException(404, "no such item")
        return len(name) * 100

    def take(self) -> None:
        if not self.free:
            raise HTTPException(503, "the scale is in use")
        self.free = False


def _scale_app(borrow: Callable[[Scale], Any]) -> FastAPI:
    """The two routes, with a dependency that lends the scale."""
    scale = Scale()
    lend = borrow(scale)
    app = FastAPI()

    @app.get("/weight/{name}")
    async def weigh(name: str, borrowed: Annotated[Scale, Depends(lend)]) -> int:
        return borrowed.weigh(name)

    @app.get("/scale")
    async def look() -> dict[str, Any]:
        return {"free": scale.free, "failures": scale.failures}

    return app


@wrong(
    "one_scale",
    fails="frees_after_failure",
    says='Expected "free": true after a weighing that failed, got {"free":false,"failures":1}. What stands below the `yield` is not reached when the endpoint raises, so one unknown item takes the scale away from everybody.',
)
def counted_and_not_freed():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except Exception:
                scale.failures += 1
                raise
            scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="counts_failures",
    says='Expected "failures": 4 after 0 before, 4 more that failed and one that did not, got {"free":true,"failures":0}. The owner wants to know how often weighing goes wrong, whatever the reason was.',
)
def freed_and_not_counted():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            finally:
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="counts_failures",
    says='Expected "failures": 7 after 3 before, 4 more that failed and one that did not, got {"free":true,"failures":8}. The owner wants to know how often weighing goes wrong, whatever the reason was.',
)
def every_weighing_counted():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            finally:
                scale.failures += 1
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="lets_failures_through",
    says="fastapi.exceptions.FastAPIError: Response not awaited. There's a high chance that the application code is raising an exception and a dependency with yield has a block with a bare except, or a block with except Exception, and is not raising the exception again. Read more about it in the docs: https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/#dependencies-with-yield-and-except",
)
def swallowed():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except Exception:  # noqa: BLE001 - the mistake
                scale.failures += 1
            finally:
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="lets_failures_through",
    says="Expected status 500, got status 400. A failure of ours is told as one.",
)
def broken_is_the_clients_fault():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except ValueError as error:
                scale.failures += 1
                raise HTTPException(400) from error
            except HTTPException:
                scale.failures += 1
                raise
            finally:
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="counts_failures",
    says='Expected "failures": 5 after 1 before, 4 more that failed and one that did not, got {"free":true,"failures":3}. The owner wants to know how often weighing goes wrong, whatever the reason was.',
)
def only_refusals_counted():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except HTTPException:
                scale.failures += 1
                raise
            finally:
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="counts_failures",
    says='Expected "failures": 5 after 1 before, 4 more that failed and one that did not, got {"free":true,"failures":3}. The owner wants to know how often weighing goes wrong, whatever the reason was.',
)
def only_breakdowns_counted():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except ValueError:
                scale.failures += 1
                raise
            finally:
                scale.free = True

        return lend

    return _scale_app(borrow)


@wrong(
    "one_scale",
    fails="frees_after_failure",
    says='Expected "free": true after a weighing that failed, got {"free":false,"failures":2}. What stands below the `yield` is not reached when the endpoint raises, so one weighing that breaks takes the scale away from everybody.',
)
def freed_after_refusals_only():
    def borrow(scale: Scale):
        async def lend() -> AsyncGenerator[Scale]:
            scale.take()
            try:
                yield scale
            except HTTPException:
                scale.failures += 1
                scale.free = True
                raise
            except ValueError:
                scale.failures += 1
                raise
            scale.free = True

        return lend

    return _scale_app(borrow)


# lost_member


def _members_app(
    dependency: Callable[..., Any],
    database: Database,
    *,
    scope: Any = "function",
    looks_first: bool = False,
) -> FastAPI:
    """The routes of the shop; `looks_first` refuses a name that is in the list."""
    app = FastAPI()

    @app.post("/members", status_code=201)
    async def join(
        name: str, session: Annotated[Session, Depends(dependency, scope=scope)]
    ) -> dict[str, str]:
        if looks_first and name in database.names:
            raise HTTPException(409, "taken")
        session.add(name)
        return {"welcome": name}

    @app.get("/members")
    async def list_members() -> list[str]:
        return database.names

    @app.get("/open")
    async def count_open() -> int:
        return database.open_sessions

    return app


def _committing(database: Database, *, told: bool = True, closes: bool = True) -> Any:
    async def lend() -> AsyncGenerator[Session]:
        session = Session(database)
        try:
            yield session
            await session.commit()
        except NameTaken as error:
            if not told:
                raise
            raise HTTPException(409, "taken") from error
        finally:
            if closes:
                session.close()

    return lend


@wrong(
    "lost_member",
    fails="stores_before_it_answers",
    says="Expected woffnppx in the list, right after the 201, got a list without that name. The answer left before the commit was done. Whoever reads what they have just stored finds nothing.",
)
def still_after_the_answer():
    database = Database()
    return _members_app(_committing(database), database, scope="request")


@wrong(
    "lost_member",
    fails="refuses_taken_names",
    says="RuntimeError: Caught handled exception, but response already started.",
)
def told_after_the_answer():
    database = Database()
    return _members_app(_committing(database), database, scope="request")


@wrong(
    "lost_member",
    fails="refuses_taken_names",
    says="workbook_answers_wrong_ch05_dependency_injection.NameTaken: mbamcgar",
)
def early_and_without_a_handler():
    database = Database()
    return _members_app(_committing(database, told=False), database)


@wrong(
    "lost_member",
    fails="decides_between_two",
    says="workbook_answers_wrong_ch05_dependency_injection.NameTaken: ehmbiwir",
)
def looks_first_and_commits_late():
    database = Database()
    return _members_app(
        _committing(database, told=False), database, scope="request", looks_first=True
    )


@wrong(
    "lost_member",
    fails="decides_between_two",
    says="Expected one 201 and one 409, got 201 and 201. Both looked at the list before either was stored. Only the database can decide, at commit, so its answer has to reach the client.",
)
def looks_first_and_trusts_it():
    database = Database()

    async def lend() -> AsyncGenerator[Session]:
        session = Session(database)
        try:
            yield session
            with suppress(NameTaken):  # it was looked up before, so this can't happen
                await session.commit()
        finally:
            session.close()

    return _members_app(lend, database, looks_first=True)


@wrong(
    "lost_member",
    fails="closes_sessions",
    says="Expected 0 open sessions, got 8. A session is closed also when its commit failed: that is what `finally` is for.",
)
def never_closed():
    database = Database()
    return _members_app(_committing(database, closes=False), database)


# lost_member_test


@wrong(
    "lost_member_test",
    fails="passes_on_the_repaired_app",
    says='Expected a test that passes on the repaired app, got AssertionError at `assert (await http.post("/members?name=ada")).status_code == 200`. A test that fails on right code is switched off sooner or later.',
)
def expects_too_much():
    async def test_members(http: httpx.AsyncClient) -> None:
        assert (await http.post("/members?name=ada")).status_code == 200

    return test_members


@wrong(
    "lost_member_test",
    fails="fails_on_a_liar",
    says="Expected a test that fails when a name that is taken is told 201, got one that passes. That is the bug as it was reported.",
)
def asks_once():
    async def test_members(http: httpx.AsyncClient) -> None:
        assert (await http.post("/members?name=ada")).status_code == 201
        assert (await http.get("/members")).json() == ["ada"]

    return test_members


@wrong(
    "lost_member_test",
    fails="fails_when_late",
    says="Expected a test that fails when the row is stored a moment after the 201, got one that passes. A 201 is a promise about now: read the list right after it.",
)
def believes_the_status():
    async def test_members(http: httpx.AsyncClient) -> None:
        assert (await http.post("/members?name=ada")).status_code == 201
        await asyncio.sleep(0.1)
        assert (await http.post("/members?name=ada")).status_code == 409
        assert (await http.get("/members")).json() == ["ada"]

    return test_members


@wrong(
    "lost_member_test",
    fails="fails_on_doubles",
    says="Expected a test that fails when the same name is stored twice, got one that passes. One of the two members will get the other's parcels.",
)
def looks_whether_it_is_there():
    async def test_members(http: httpx.AsyncClient) -> None:
        assert (await http.post("/members?name=ada")).status_code == 201
        await http.post("/members?name=ada")
        assert "ada" in (await http.get("/members")).json()

    return test_members


@wrong(
    "lost_member_test",
    fails="fails_on_refusals",
    says="Expected a test that fails when everybody is told 409, got one that passes. An app that stores nobody loses nobody: say what must work, too.",
)
def only_the_refusal():
    async def test_members(http: httpx.AsyncClient) -> None:
        await http.post("/members?name=ada")
        assert (await http.post("/members?name=ada")).status_code == 409

    return test_members


# guarded_shop


def need_key(x_key: Annotated[str, Header()] = "") -> None:
    """The guard of the exercise."""
    if not x_key.startswith("shop-"):
        raise HTTPException(401, "a key is needed")


def _guarded_app(
    app: FastAPI,
    *,
    guard: Any = need_key,
    description: Callable[[], Any] | None = None,
    health_guarded: bool = False,
) -> FastAPI:
    """The shop with the guard on a router, and a description of its own if there is one."""
    router = APIRouter(dependencies=[Depends(guard)])

    @(router if health_guarded else app).get("/health")
    async def report_health() -> str:
        return "ok"

    @router.get("/items")
    async def list_items() -> list[str]:
        return list(PRICES)

    @router.get("/orders")
    async def list_orders() -> list[int]:
        return ORDER_NUMBERS[:3]

    if description is not None:
        router.get("/openapi.json", include_in_schema=False)(description)
    app.include_router(router)
    return app


@wrong(
    "guarded_shop",
    fails="is_healthy_for_all",
    says="Expected status 200, got status 401. The guard stands before the whole app. It can't be taken off for one route.",
)
def health_behind_the_guard():
    app = FastAPI(openapi_url=None)
    return _guarded_app(app, description=lambda: app.openapi(), health_guarded=True)


@wrong(
    "guarded_shop",
    fails="guards_the_lists",
    says="Expected status 401, got status 200. Without a good key nobody sees the lists.",
)
def guard_forgotten():
    app = FastAPI(openapi_url=None)
    return _guarded_app(app, guard=lambda: None)


@wrong(
    "guarded_shop",
    fails="guards_the_description",
    says="Expected status 401, got status 200. `/openapi.json` is no path operation, so no dependency of the app or of a router runs for it. Serve it from a route of your own.",
)
def description_forgotten():
    return _guarded_app(FastAPI())


@wrong(
    "guarded_shop",
    fails="guards_the_description",
    says="Expected status 401, got status 404. Colleagues with a key still want to read it.",
)
def description_gone():
    return _guarded_app(FastAPI(openapi_url=None))


@wrong(
    "guarded_shop",
    fails="guards_the_description",
    says="Expected a description with /items and /orders in it, got none with /items and /orders. It is the whole description that they want, as `app.openapi()` gives it.",
)
def description_of_nothing():
    app = FastAPI(openapi_url=None)
    empty = app.openapi()
    app.openapi_schema = None
    return _guarded_app(app, description=lambda: empty)


@wrong(
    "guarded_shop",
    fails="closes_the_pages",
    says="Expected a refusal or 404 from /docs, got status 200. The page is open to strangers and leads them to the description.",
)
def pages_left_open():
    return _guarded_app(FastAPI())


@wrong(
    "guarded_shop",
    fails="guards_the_description",
    says='Expected a description of the app, got {"paths":{"/items":{},"/orders":{}}}. Tools read it, and they want the whole document, as `app.openapi()` gives it.',
)
def description_written_by_hand():
    app = FastAPI(openapi_url=None)
    return _guarded_app(app, description=lambda: {"paths": {"/items": {}, "/orders": {}}})


# sunday_price_test


@wrong(
    "sunday_price_test",
    fails="passes_on_sunday",
    says='Expected a test that passes on the right app, got AssertionError at `assert (await http.get("/items/tea")).json() == {"price": 2.0}`. The test has to say what day it is, by an override of `get_weekday`; otherwise it depends on the calendar.',
)
def without_an_override():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        async with client(app) as http:
            assert (await http.get("/items/tea")).json() == {"price": 2.0}

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="fails_without_discount",
    says="Expected a test that fails when tea costs 4.0 on Sundays, got one that passes. The discount is what the test is about.",
)
def mondays_only():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        app.dependency_overrides[get_weekday] = lambda: "monday"
        try:
            async with client(app) as http:
                assert (await http.get("/items/tea")).json() == {"price": 4.0}
        finally:
            app.dependency_overrides.clear()

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="fails_with_discount",
    says="Expected a test that fails when tea costs 2.0 on Mondays, got one that passes. Half price on every day is a bug that the till notices too late: try another day as well.",
)
def sundays_only():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        app.dependency_overrides[get_weekday] = lambda: "sunday"
        try:
            async with client(app) as http:
                assert (await http.get("/items/tea")).json() == {"price": 2.0}
        finally:
            app.dependency_overrides.clear()

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="leaves_nothing",
    says="Expected no override after the test, got 1 left on the app where the test failed. The next test would get this one's Sunday. What must always happen stands in `finally`.",
)
def cleans_up_when_all_is_well():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        async with client(app) as http:
            for day, price in (("sunday", 2.0), ("monday", 4.0)):
                app.dependency_overrides[get_weekday] = lambda day=day: day
                assert (await http.get("/items/tea")).json() == {"price": price}
        app.dependency_overrides.clear()

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="passes_on_sunday",
    says='Expected a test that passes on the right app, got AssertionError at `assert (await http.get("/items/tea")).json() == {"price": 2.0}`. The test has to say what day it is, by an override of `get_weekday`; otherwise it depends on the calendar.',
)
def wrong_key():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        app.dependency_overrides["get_weekday"] = lambda: "sunday"  # ty: ignore[invalid-assignment]
        try:
            async with client(app) as http:
                assert (await http.get("/items/tea")).json() == {"price": 2.0}
        finally:
            app.dependency_overrides.clear()

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="passes_on_sunday",
    says='Expected a test that passes on the right app, got AssertionError at `assert (await http.get("/items/tea")).json() == {"price": 2.0}`. `get_weekday` answers in small letters, as in `"sunday"`; the override said \'Sunday\'.',
)
def days_in_large_letters():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        app.dependency_overrides[get_weekday] = lambda: "Sunday"
        try:
            async with client(app) as http:
                assert (await http.get("/items/tea")).json() == {"price": 2.0}
        finally:
            app.dependency_overrides.clear()

    return test_sunday


@wrong(
    "sunday_price_test",
    fails="passes_on_sunday",
    says='Expected a test that passes on the right app, got Skipped: on another day at `pytest.skip("on another day")`. The test has to say what day it is, by an override of `get_weekday`; otherwise it depends on the calendar.',
)
def skipped():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        pytest.skip("on another day")

    return test_sunday

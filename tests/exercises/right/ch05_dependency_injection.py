"""Right answers to the exercises of chapter 5, written differently from the solutions."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Annotated, Any

import httpx
import pytest
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Security,
)
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.security import SecurityScopes
from pydantic import BaseModel, Field

from workbook.client import client
from workbook.proofs import right

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
    """The session of the chapter's set-up cell."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.added: list[str] = []
        database.open_sessions += 1

    def names(self) -> list[str]:
        return list(self.database.names)

    def add(self, name: str) -> None:
        self.added.append(name)

    async def commit(self) -> None:
        await asyncio.sleep(0.02)
        for name in self.added:
            if name in self.database.names:
                raise NameTaken(name)
        self.database.names += self.added
        self.added = []

    def close(self) -> None:
        self.database.open_sessions -= 1


_draws = count(1)


def draw_rate() -> float:
    """Another rate each time, as in the chapter's set-up cell."""
    return 1 + next(_draws) / 1000


@right("chain_of_trust")
def in_lower_case_with_commas():
    return "f, j, d, g, b, h, l, e, a, i"


def _priced(app: FastAPI, rate: Any) -> FastAPI:
    @app.get("/items/{name}")
    async def show_price(name: str, rate: rate) -> dict[str, float]:
        return {"price": PRICES[name] * rate}

    @app.get("/basket")
    async def show_basket(item: Annotated[list[str], Query()], rate: rate) -> dict[str, float]:
        return {"price": sum(PRICES[name] for name in item) * rate}

    @app.get("/shipping")
    async def show_shipping(rate: rate) -> dict[str, float]:
        return {"price": 5 * rate}

    return app


@right("shared_currency")
def in_two_steps():
    def read_code(currency: Annotated[str, Query()] = "eur") -> str:
        return currency.upper()

    async def find_rate(code: Annotated[str, Depends(read_code)]) -> float:
        try:
            return RATES[code]
        except KeyError:
            raise HTTPException(400, f"no rate for {code}") from None

    return _priced(FastAPI(), Annotated[float, Depends(find_rate)])


@right("shared_currency")
def a_class_with_behaviour():
    class Currency:
        def __init__(self, currency: str = "EUR") -> None:
            if (code := currency.upper()) not in RATES:
                raise HTTPException(400)
            self.rate = RATES[code]

        def __rmul__(self, euros: float) -> float:
            return euros * self.rate

    return _priced(FastAPI(), Annotated[Any, Depends(Currency)])


@right("shared_currency")
def through_a_router():
    def put_rate(request: Request, currency: str = "EUR") -> None:
        if currency.upper() not in RATES:
            raise HTTPException(400)
        request.state.rate = RATES[currency.upper()]

    router = APIRouter(dependencies=[Depends(put_rate)])

    @router.get("/items/{name}")
    def show_price(name: str, request: Request) -> dict[str, float]:
        return {"price": PRICES[name] * request.state.rate}

    @router.get("/basket")
    def show_basket(item: Annotated[list[str], Query()], request: Request) -> dict[str, float]:
        return {"price": sum(map(PRICES.__getitem__, item)) * request.state.rate}

    @router.get("/shipping")
    def show_shipping(request: Request) -> dict[str, float]:
        return {"price": 5 * request.state.rate}

    app = FastAPI()
    app.include_router(router)
    return app


@right("shared_currency")
def refused_when_the_price_is_made():
    class Money:
        def __init__(self, currency: str = "EUR") -> None:
            self.code = currency.upper()

        def answer(self, euros: float) -> dict[str, float]:
            if self.code not in RATES:
                raise HTTPException(status_code=400, detail="unknown currency")
            return {"price": euros * RATES[self.code]}

    Given = Annotated[Money, Depends()]
    app = FastAPI()

    @app.get("/items/{name}")
    def show_price(name: str, money: Given) -> dict[str, float]:
        if name not in PRICES:
            raise HTTPException(400, "unknown item")
        return money.answer(PRICES[name])

    @app.get("/basket")
    def show_basket(item: Annotated[list[str], Query()], money: Given) -> dict[str, float]:
        if any(name not in PRICES for name in item):
            raise HTTPException(400, "unknown item")
        return money.answer(sum(PRICES[name] for name in item))

    @app.get("/shipping")
    def show_shipping(money: Given) -> dict[str, float]:
        return money.answer(5)

    return app


@right("page_of_numbers")
def a_model_in_the_query():
    class Page(BaseModel):
        skip: int = Field(0, ge=0)
        limit: int = Field(10, gt=0, lt=51)

    class Answer(BaseModel):
        total: int
        page: list[int]
        next: int | None = None

    def cut(page: Page, numbers: list[int]) -> Answer:
        rest = numbers[page.skip :]
        following = page.skip + page.limit if len(rest) > page.limit else None
        return Answer(total=len(numbers), page=rest[: page.limit], next=following)

    app = FastAPI()
    Wanted = Annotated[Page, Query()]

    @app.get("/items")
    def items(page: Wanted) -> Answer:
        return cut(page, ITEM_NUMBERS)

    @app.get("/orders")
    def orders(page: Wanted) -> Answer:
        return cut(page, ORDER_NUMBERS)

    return app


_ROOMS = {
    "parcels": ("owner", "clerk", "packer"),
    "orders": ("owner", "clerk"),
    "takings": ("owner",),
}


@right("staff_only")
def a_function_that_makes_functions():
    def needs(*roles: str) -> Callable[[str], str]:
        def check(token: Annotated[str, Header(alias="x-token")] = "") -> str:
            role = STAFF.get(token)
            if role is None:
                raise HTTPException(401, "unknown")
            if role not in roles:
                raise HTTPException(403, {"needs": list(roles)})
            return role

        return check

    app = FastAPI()

    @app.get("/parcels")
    async def parcels(role: Annotated[str, Depends(needs(*_ROOMS["parcels"]))]) -> str:
        return "parcels"

    @app.get("/orders")
    async def orders(role: Annotated[str, Depends(needs(*_ROOMS["orders"]))]) -> str:
        return "orders"

    @app.get("/takings")
    async def takings(role: Annotated[str, Depends(needs(*_ROOMS["takings"]))]) -> str:
        return "takings"

    return app


@right("staff_only")
def security_scopes():
    def find_role(request: Request) -> str:
        try:
            return STAFF[request.headers.get("x-token", "")]
        except KeyError:
            raise HTTPException(401) from None

    def allow(allowed: SecurityScopes, role: Annotated[str, Depends(find_role)]) -> None:
        if role not in allowed.scopes:
            raise HTTPException(403, f"needs one of: {allowed.scope_str}")

    app = FastAPI()
    for room, roles in _ROOMS.items():

        def answer(room: str = room) -> Callable[[], str]:
            return lambda: room

        app.get(f"/{room}", dependencies=[Security(allow, scopes=roles)])(answer())
    return app


@right("staff_only")
def a_partial():
    def allow(x_token: Annotated[str, Header()] = "", *, roles: str) -> None:
        if x_token not in STAFF:
            raise HTTPException(401)
        if STAFF[x_token] not in roles.split():
            raise HTTPException(403, roles)

    app = FastAPI()
    for room, roles in _ROOMS.items():
        router = APIRouter(dependencies=[Depends(partial(allow, roles=" ".join(roles)))])

        def answer(room: str = room) -> Callable[[], str]:
            return lambda: room

        router.get(f"/{room}")(answer())
        app.include_router(router)
    return app


@right("staff_only")
def names_the_one_who_asks():
    def find_role(x_token: Annotated[str, Header()] = "") -> str:
        if x_token not in STAFF:
            raise HTTPException(401)
        return STAFF[x_token]

    class Allowed:
        def __init__(self, *roles: str) -> None:
            self.roles = roles

        async def check(self, role: Annotated[str, Depends(find_role)]) -> None:
            if role not in self.roles:
                raise HTTPException(403, f"You are a {role}: ask the {' or the '.join(self.roles)}")

    app = FastAPI()
    for room, roles in _ROOMS.items():

        def answer(room: str = room) -> Callable[[], str]:
            return lambda: room

        app.get(f"/{room}", dependencies=[Depends(Allowed(*roles).check)])(answer())
    return app


def _drawers(dependency: Callable[..., Any], database: Database) -> FastAPI:
    database.names = ["ada", "bob", "cyd"]
    app = FastAPI()
    Given = Annotated[Session, Depends(dependency)]

    @app.get("/names")
    async def list_names(session: Given) -> list[str]:
        return session.names()

    @app.get("/names/{number}")
    async def read_name(number: int, session: Given) -> str:
        names = session.names()
        if number >= len(names):
            raise HTTPException(404, "there is no such number")
        return names[number]

    @app.get("/open")
    async def count_open() -> int:
        return database.open_sessions

    return app


@right("open_drawers")
def an_async_generator():
    database = Database()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        async def __call__(self) -> AsyncGenerator[Session]:
            session = Session(self.database)
            try:
                yield session
            finally:
                session.close()

    return _drawers(SessionOf(database), database)


@right("open_drawers")
def a_context_manager_inside():
    database = Database()

    @contextmanager
    def opened(database: Database) -> Generator[Session]:
        session = Session(database)
        try:
            yield session
        finally:
            session.close()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            with opened(self.database) as session:
                yield session

    return _drawers(SessionOf(database), database)


@right("open_drawers")
def a_method_of_the_class():
    database = Database()

    class SessionOf:
        def __init__(self, database: Database) -> None:
            self.database = database

        def lend(self) -> Generator[Session]:
            session = Session(self.database)
            try:
                yield session
            finally:
                session.close()

    return _drawers(SessionOf(database).lend, database)


@right("open_drawers")
def a_call_that_is_inherited():
    database = Database()

    class Lends:
        def __init__(self, database: Database) -> None:
            self.database = database

        def __call__(self) -> Generator[Session]:
            lent = self.lend()
            try:
                yield next(lent)
            finally:
                lent.close()

        def lend(self) -> Generator[Session]:
            session = Session(self.database)
            try:
                yield session
            finally:
                session.close()

    class SessionOf(Lends):
        """The same under another name."""

    return _drawers(SessionOf(database=database), database)


@right("one_rate")
def one_dependency_for_both_halves():
    app = FastAPI()

    def get_invoice(rate: Annotated[float, Depends(draw_rate)]) -> dict[str, float]:
        return {"net": 100 * rate, "tax": 20 * rate}

    @app.get("/invoice")
    async def make_invoice(invoice: Annotated[dict, Depends(get_invoice)]) -> dict[str, float]:
        return invoice

    @app.get("/second-opinion")
    async def ask_twice() -> list[float]:
        return [draw_rate(), draw_rate()]

    return app


@right("one_scale")
def a_flag_and_the_scope_of_the_function():
    class Scale:
        free, failures = True, 0

        def weigh(self, name: str) -> int:
            if name == "air":
                raise ValueError("nothing to weigh")
            if name not in PRICES:
                raise HTTPException(404, "no such item")
            return len(name) * 100

    scale = Scale()

    def borrow() -> Generator[Scale]:
        scale.free, done = False, False
        try:
            yield scale
            done = True
        finally:
            scale.failures += not done
            scale.free = True

    app = FastAPI()

    @app.get("/weight/{name}")
    async def weigh(
        name: str, borrowed: Annotated[Scale, Depends(borrow, scope="function")]
    ) -> int:
        return borrowed.weigh(name)

    @app.get("/scale")
    async def look() -> dict[str, Any]:
        return {"free": scale.free, "failures": scale.failures}

    return app


def _shop_of(database: Database, app: FastAPI) -> FastAPI:
    @app.get("/members")
    async def list_members() -> list[str]:
        return database.names

    @app.get("/open")
    async def count_open() -> int:
        return database.open_sessions

    return app


@right("lost_member")
def a_commit_in_the_endpoint():
    database = Database()

    async def lend() -> AsyncGenerator[Session]:
        session = Session(database)
        try:
            yield session
        finally:
            session.close()

    app = FastAPI()

    @app.post("/members", status_code=201)
    async def join(name: str, session: Annotated[Session, Depends(lend)]) -> dict[str, str]:
        session.add(name)
        try:
            await session.commit()
        except NameTaken:
            raise HTTPException(409, "taken") from None
        return {"welcome": name}

    return _shop_of(database, app)


@right("lost_member")
def a_handler_for_the_app():
    database = Database()

    async def lend() -> AsyncGenerator[Session]:
        session = Session(database)
        try:
            yield session
            await session.commit()
        finally:
            session.close()

    app = FastAPI()

    @app.exception_handler(NameTaken)
    async def tell(request: Request, error: NameTaken) -> JSONResponse:
        return JSONResponse({"detail": f"{error} is taken"}, 409)

    @app.post("/members", status_code=201)
    async def join(
        name: str, session: Annotated[Session, Depends(lend, scope="function")]
    ) -> dict[str, str]:
        session.add(name)
        return {"welcome": name}

    return _shop_of(database, app)


@right("lost_member_test")
def in_a_loop():
    async def test_members(http: httpx.AsyncClient) -> None:
        for status in (201, 409):
            told = await http.post("/members", params={"name": "lin"})
            assert told.status_code == status
            stored = (await http.get("/members")).json()
            assert stored.count("lin") == 1

    return test_members


@right("guarded_shop")
def a_route_for_each_page():
    def need_key(x_key: Annotated[str, Header()] = "") -> None:
        if not x_key.startswith("shop-"):
            raise HTTPException(401, "a key is needed")

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guard = [Depends(need_key)]
    app.get("/health")(lambda: "ok")
    app.get("/items", dependencies=guard)(lambda: list(PRICES))
    app.get("/orders", dependencies=guard)(lambda: ORDER_NUMBERS[:3])
    app.get("/docs", include_in_schema=False)(lambda: RedirectResponse("/login"))

    @app.get("/openapi.json", dependencies=guard)
    def describe() -> JSONResponse:
        return JSONResponse(app.openapi())

    return app


@right("guarded_shop")
def a_middleware_in_front():
    app = FastAPI()

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[..., Any]) -> Any:
        key = request.headers.get("x-key", "")
        if request.url.path != "/health" and not key.startswith("shop-"):
            return JSONResponse({"detail": "a key is needed"}, 401)
        return await call_next(request)

    app.get("/health")(lambda: "ok")
    app.get("/items")(lambda: list(PRICES))
    app.get("/orders")(lambda: ORDER_NUMBERS[:3])
    return app


@right("sunday_price_test")
def an_override_put_back_each_time():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        prices = {}
        for day in ("monday", "saturday", "sunday"):

            async def today(day: str = day) -> str:
                return day

            app.dependency_overrides = {get_weekday: today}
            async with client(app) as http:
                prices[day] = (await http.get("/items/tea")).json()["price"]
            app.dependency_overrides = {}
        assert prices == {"monday": 4.0, "saturday": 4.0, "sunday": 2.0}

    return test_sunday


@right("sunday_price_test")
def fails_by_pytest():
    async def test_sunday(app: FastAPI, get_weekday: Callable) -> None:
        for day, price in (("sunday", 2.0), ("monday", 4.0)):
            app.dependency_overrides[get_weekday] = lambda day=day: day
            try:
                async with client(app) as http:
                    if (await http.get("/items/tea")).json() != {"price": price}:
                        pytest.fail(f"tea has the wrong price on {day}")
            finally:
                del app.dependency_overrides[get_weekday]

    return test_sunday

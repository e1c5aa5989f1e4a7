"""Right answers to the exercises of chapter 4, written differently from the solutions."""

import atexit
import secrets
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import httpx
from fastapi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
)
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, EmailStr, Field, RootModel, StringConstraints

from workbook.proofs import right


class Problem(BaseModel):
    detail: str


class UserOut(BaseModel):
    id: int
    name: str


class StoredUser(UserOut):
    hashed_password: str


class StoredOrder(BaseModel):
    id: int
    item: str
    buyer: StoredUser


class StockLine(BaseModel):
    item_id: int
    left: int


USERS = {
    number: StoredUser(id=number, name=name, hashed_password=f"hash of {name}")
    for number, name in ((1, "Ada"), (2, "Grace"))
}
ORDERS = {7: StoredOrder(id=7, item="tea", buyer=USERS[1])}
CUPS = {1: "small", 2: "large"}


def count_stock(item_id: int) -> StockLine:
    """Count the pieces of an item, as the chapter's set-up cell does."""
    return StockLine(item_id=item_id, left=item_id * 7 % 13)


_folder = TemporaryDirectory()
atexit.register(_folder.cleanup)
SHOP = Path(_folder.name)
FILES = SHOP / "files"
FILES.mkdir()
(FILES / "prices.csv").write_text("item,price\ntea,3.50\ncup,8.00\n")
(FILES / "teas.csv").write_text("tea,grams\ngreen,50\n")
(SHOP / "secret.txt").write_text(secrets.token_hex())


@right("unheard_order")
def single_values_behind_body():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(
        item: Annotated[str, Body()], amount: Annotated[int, Body(ge=1)] = 1
    ) -> dict[str, Any]:
        return {"amount": amount, "item": item}

    return app


@right("unheard_order")
def refused_in_words_of_its_own():
    class Order(BaseModel):
        item: str
        amount: int = 1

    def checked(order: Order) -> Order:
        if order.amount < 1:
            raise HTTPException(422, "one piece or more")
        return order

    app = FastAPI()
    router = APIRouter(prefix="/orders")

    @router.post("")
    async def place_order(order: Annotated[Order, Depends(checked)], response: Response) -> Order:
        response.status_code = 201
        return order

    app.include_router(router)
    return app


@right("gift_order")
def one_model_that_holds_the_others():
    class Line(BaseModel):
        item: str
        amount: int = 1

    class Gift(BaseModel):
        to: str
        card: str = ""

    class GiftOrder(BaseModel):
        order: Line
        gift: Gift
        wrap: bool = False

    class Answer(GiftOrder):
        customer_id: int
        express: bool

    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, body: GiftOrder, express: Annotated[bool, Query()] = False
    ) -> Answer:
        return Answer(customer_id=customer_id, express=express, **body.model_dump())

    return app


@right("gift_order")
def each_said_to_be_in_the_body():
    class Line(BaseModel):
        item: str
        amount: int = 1

    class Gift(BaseModel):
        to: str
        card: str = ""

    class Wishes(BaseModel):
        express: bool = False

    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    def order_a_gift(
        customer_id: int,
        order: Annotated[Line, Body()],
        gift: Annotated[Gift, Body()],
        wishes: Annotated[Wishes, Query()],
        wrap: Annotated[bool | None, Body()] = None,
    ) -> dict[str, Any]:
        told = {"order": order, "gift": gift, "wrap": bool(wrap), "express": wishes.express}
        return {"customer_id": customer_id, "at": "the shop", **told}

    return app


@right("sign_up_form")
def password_excluded_by_the_model():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: Annotated[str, StringConstraints(min_length=12), Field(exclude=True)]
        newsletter: bool = False

    app = FastAPI()

    @app.post("/sign-up", status_code=201)
    async def sign_up(form: Annotated[SignUp, Form()]) -> SignUp:
        return form

    return app


@right("sign_up_form")
def address_checked_as_one():
    class Seen(BaseModel, extra="forbid"):
        email: EmailStr
        newsletter: bool = False

    class SignUp(Seen):
        password: str = Field(min_length=12)

    app = FastAPI()

    @app.post("/sign-up", status_code=201)
    def sign_up(form: Annotated[SignUp, Form()]) -> Seen:
        return form

    return app


@right("safe_accounts")
def models_made_by_hand():
    class Buyer(BaseModel):
        id: int
        name: str

    class OrderOut(BaseModel):
        id: int
        item: str
        buyer: Buyer

    app = FastAPI()

    @app.get("/users/{user_id}")
    def show_user(user_id: int) -> Buyer:
        user = USERS[user_id]
        return Buyer(id=user.id, name=user.name)

    @app.get("/users")
    def show_users() -> list[Buyer]:
        return [Buyer(id=user.id, name=user.name) for user in USERS.values()]

    @app.get("/orders/{order_id}")
    def show_order(order_id: int) -> OrderOut:
        return OrderOut.model_validate(ORDERS[order_id].model_dump())

    return app


@right("safe_accounts")
def other_types_and_a_route_more():
    class Buyer(TypedDict):
        id: int
        name: str

    class OrderOut(BaseModel):
        id: int
        item: str
        buyer: Annotated[UserOut, Field(description="Who ordered it.")]

    class Users(RootModel[list[UserOut]]):
        pass

    app = FastAPI()

    @app.post("/users", status_code=201)
    def add_user(user: StoredUser) -> UserOut:
        return user

    @app.get("/users/{user_id}")
    def show_user(user_id: int) -> Buyer | None:
        """A user, without hashed_password."""
        user = USERS[user_id]
        return {"id": user.id, "name": user.name}

    @app.get("/users")
    def show_users() -> Users:
        return Users([UserOut(id=user.id, name=user.name) for user in USERS.values()])

    @app.get("/orders/{order_id}", response_model=OrderOut)
    def show_order(order_id: int) -> Any:
        return ORDERS[order_id]

    return app


@right("safe_accounts_test")
def sets_of_fields():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        user = (await http.get("/users/1")).json()
        assert set(user) == {"id", "name"}
        assert user["name"] == "Ada"
        order = (await http.get("/orders/7")).json()
        assert order.keys() == {"id", "item", "buyer"}
        assert set(order["buyer"]) == {"id", "name"}

    return test_accounts


@right("safe_accounts_test")
def every_user_as_well():
    async def test_accounts(client: httpx.AsyncClient) -> None:
        ada, grace = {"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}
        expected = {
            "/users/1": ada,
            "/users/2": grace,
            "/users": [ada, grace],
            "/orders/7": {"id": 7, "item": "tea", "buyer": ada},
        }
        for path, answer in expected.items():
            assert (await client.get(path)).json() == answer, path
        assert (await client.get("/users/3")).status_code == 404

    return test_accounts


@right("told_answers")
def ids_by_rule_and_a_description():
    class CupOut(BaseModel):
        id: int
        size: str

    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    router = APIRouter()

    @router.get(
        "/cups/{cup_id}",
        summary="One cup",
        description="The size of one of our cups.",
        responses={404: {"model": Problem}},
    )
    def read_cup(cup_id: int) -> CupOut:
        try:
            return CupOut(id=cup_id, size=CUPS[cup_id])
        except KeyError:
            raise HTTPException(404, "no such cup") from None

    @router.get("/old-cups", deprecated=True)
    def old_cups() -> list[str]:
        return list(CUPS.values())

    app.include_router(router)
    return app


@right("told_answers")
def a_short_sentence_and_two_models():
    class CupOut(BaseModel):
        id: int
        size: str

    class NoCup(Problem):
        cup_id: int

    app = FastAPI()

    async def read_cup(cup_id: int) -> CupOut:
        """Returns a cup."""
        if cup_id not in CUPS:
            raise HTTPException(status_code=404, detail="no such cup")
        return CupOut(id=cup_id, size=CUPS[cup_id])

    async def old_cups() -> list[str]:
        return list(CUPS.values())

    missing: dict[int | str, dict[str, Any]] = {404: {"model": NoCup | Problem}}
    app.add_api_route(
        "/cups/{cup_id}", read_cup, summary="One cup", operation_id="read_cup", responses=missing
    )
    app.add_api_route("/old-cups", old_cups, deprecated=True)
    return app


@right("quiet_docs")
def three_addresses():
    def build_shop(show_docs: bool) -> FastAPI:
        hidden: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}
        app = FastAPI(title="Tea shop", **({} if show_docs else hidden))

        @app.get("/items")
        def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@right("quiet_docs")
def pages_refused_on_the_way():
    def build_shop(show_docs: bool) -> FastAPI:
        app = FastAPI(title="Tea shop")

        @app.middleware("http")
        async def hide(
            request: Request, call_next: Callable[[Request], Awaitable[Response]]
        ) -> Response:
            if not show_docs and request.url.path in ("/docs", "/redoc", "/openapi.json"):
                return JSONResponse({"detail": "Not Found"}, status_code=404)
            return await call_next(request)

        @app.get("/items")
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@right("see_other")
def the_page_first():
    return "F C J B I H E A"


@right("price_files")
def any_path_compared_with_the_folder():
    app = FastAPI()

    @app.get("/files/{name:path}", response_class=FileResponse)
    def send_file(name: str) -> FileResponse:
        path = (FILES / name).resolve()
        if not (path.is_relative_to(FILES.resolve()) and path.is_file()):
            raise HTTPException(status_code=404)
        return FileResponse(path, media_type="text/csv", filename=path.name)

    return app


@right("price_files")
def one_of_the_names_in_the_folder():
    app = FastAPI()

    @app.get("/files/{name}")
    async def send_file(name: str) -> Response:
        files = {path.name: path for path in FILES.iterdir() if path.is_file()}
        if name not in files:
            return JSONResponse({"detail": "no such file"}, status_code=404)
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return FileResponse(files[name], headers=headers)

    return app


@right("stock_lines")
def lines_of_a_stream_by_hand():
    app = FastAPI()

    @app.get("/stock")
    def list_all_stock(count: int = 3) -> StreamingResponse:
        def lines() -> Iterable[str]:
            for number in range(1, count + 1):
                yield count_stock(number).model_dump_json() + "\n"

        return StreamingResponse(lines(), media_type="application/jsonl")

    return app


@right("stock_lines")
def lines_of_an_expression():
    app = FastAPI()

    @app.get("/stock-list")
    def list_as_before(count: int = 3) -> list[StockLine]:
        return [count_stock(number) for number in range(1, count + 1)]

    @app.get("/stock")
    def list_all_stock(count: int = 3) -> StreamingResponse:
        numbers = range(1, count + 1)
        lines = (count_stock(number).model_dump_json() + "\n" for number in numbers)
        return StreamingResponse(lines, media_type="application/jsonl")

    return app


@right("stock_lines")
def lines_of_a_map():
    app = FastAPI()

    def line(number: int) -> str:
        return count_stock(number).model_dump_json() + "\n"

    @app.get("/stock")
    def list_all_stock(count: int = 3) -> StreamingResponse:
        lines = map(line, range(1, count + 1))
        return StreamingResponse(lines, media_type="application/jsonl")

    return app


@right("stock_lines")
def yielded_by_another_function():
    app = FastAPI()

    def rows(count: int) -> Iterator[StockLine]:
        for number in range(1, count + 1):
            yield count_stock(number)

    @app.get("/stock")
    def list_all_stock(count: int = 3) -> Generator[StockLine]:
        yield from rows(count)

    return app


@right("session_cookie")
def cookie_on_the_returned_response():
    app = FastAPI()
    safe: dict[str, Any] = {"httponly": True, "secure": True, "samesite": "strict"}

    @app.post("/login")
    async def start_session() -> JSONResponse:
        answer = JSONResponse({"status": "logged in"})
        answer.set_cookie("session_id", secrets.token_hex(32), max_age=3600, **safe)
        return answer

    @app.post("/logout")
    async def stop_session() -> JSONResponse:
        answer = JSONResponse({"status": "logged out"})
        answer.set_cookie("session_id", "", max_age=0, **safe)
        return answer

    return app


@right("session_cookie")
def an_end_that_is_past():
    app = FastAPI()
    safe: dict[str, Any] = {"httponly": True, "secure": True, "path": "/", "domain": "shop.test"}

    @app.post("/login")
    def start_session(response: Response) -> dict[str, str]:
        response.set_cookie("session_id", str(uuid4()), **safe)
        return {"status": "logged in"}

    @app.post("/logout")
    def stop_session(response: Response) -> dict[str, str]:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        response.set_cookie("session_id", "", expires=yesterday, **safe)
        return {"status": "logged out"}

    return app


@right("session_cookie")
def sessions_that_the_shop_knows():
    app = FastAPI()
    sessions: dict[str, str] = {}

    @app.post("/login")
    def start_session(response: Response) -> dict[str, str]:
        value = secrets.token_urlsafe(24)
        sessions[value] = "Ada"
        response.set_cookie("session_id", value, httponly=True, secure=True)
        return {"status": "logged in"}

    @app.post("/logout")
    def stop_session(session_id: Annotated[str, Cookie()], response: Response) -> dict[str, str]:
        del sessions[session_id]
        response.delete_cookie("session_id")
        return {"status": "logged out"}

    return app


@right("session_cookie")
def a_negative_age():
    app = FastAPI()

    @app.post("/login")
    def start_session(response: Response) -> dict[str, str]:
        value = f"ada-{secrets.token_hex(8)}"
        response.set_cookie("session_id", value, httponly=True, secure=True)
        return {"status": "logged in"}

    @app.post("/logout")
    def stop_session(response: Response) -> dict[str, str]:
        response.set_cookie("session_id", "", max_age=-1)
        return {"status": "logged out"}

    return app


@right("created_or_replaced")
def a_response_of_its_own():
    app = FastAPI()
    shelves: dict[str, list[str]] = {}

    @app.put("/shelves/{name}", responses={201: {"description": "A new shelf"}})
    async def put_shelf(name: str, books: list[str], request: Request) -> Response:
        is_new = name not in shelves
        shelves[name] = books
        headers = {"Location": request.url.path} if is_new else {}
        return JSONResponse(books, status_code=201 if is_new else 200, headers=headers)

    return app


@right("created_or_replaced")
def a_whole_address():
    app = FastAPI()
    shelves: dict[str, list[str]] = {}

    @app.put("/shelves/{name}", status_code=201, responses={200: {"description": "It was there"}})
    def put_shelf(name: str, books: list[str], request: Request, response: Response) -> list[str]:
        if name in shelves:
            response.status_code = 200
        else:
            response.headers["location"] = str(request.url_for("put_shelf", name=name))
        shelves[name] = books
        return books

    return app


@right("visitor_headers")
def names_given_and_a_pattern():
    app = FastAPI()

    def tags_of(request: Request) -> list[str]:
        return request.headers.getlist("X-Tag")

    @app.get("/welcome")
    def welcome(
        tags: Annotated[list[str], Depends(tags_of)],
        language: Annotated[str, Header(alias="Accept-Language")] = "en",
        theme: Annotated[str, Cookie(pattern="^(light|dark)$")] = "light",
    ) -> dict[str, Any]:
        return {"language": language, "tags": tags, "theme": theme, "shop": "tea"}

    return app


@right("visitor_headers")
def a_model_for_each_place():
    class Theme(StrEnum):
        LIGHT = "light"
        DARK = "dark"

    class VisitorHeaders(BaseModel):
        accept_language: str = "en"
        x_tag: list[str] = []

    class VisitorCookies(BaseModel):
        theme: Theme = Theme.LIGHT

    app = FastAPI()

    @app.get("/welcome")
    async def welcome(
        headers: Annotated[VisitorHeaders, Header()], cookies: Annotated[VisitorCookies, Cookie()]
    ) -> dict[str, Any]:
        return {
            "language": headers.accept_language,
            "tags": headers.x_tag,
            "theme": cookies.theme,
        }

    return app

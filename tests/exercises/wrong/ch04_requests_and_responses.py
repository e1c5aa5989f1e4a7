"""Wrong answers to the exercises of chapter 4, and what each is told."""

import atexit
import secrets
from collections.abc import AsyncIterable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import Body, Cookie, FastAPI, Form, Header, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from workbook.proofs import wrong


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


# unheard_order


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 422. A single value is sought in the query string, whatever the method. A model, or `Body()`, is sought in the body.",
)
def single_values():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(item: str, amount: Annotated[int, Query(ge=1)] = 1) -> dict[str, Any]:
        return {"item": item, "amount": amount}

    return app


def _order_app(order_type: Any, status: int = 201) -> FastAPI:
    app = FastAPI()

    @app.post("/orders", status_code=status)
    async def place_order(order: order_type) -> Any:
        return order

    return app


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 422. The order is sought under the key `order` of the body, and the client sends it without one: `embed` is not wanted here.",
)
def embedded_model():
    class Order(BaseModel):
        item: str
        amount: int = Field(1, ge=1)

    return _order_app(Annotated[Order, Body(embed=True)])


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 200. The order is heard. What was created is answered 201: keep the `status_code`.",
)
def without_its_status():
    class Order(BaseModel):
        item: str
        amount: int = Field(1, ge=1)

    return _order_app(Order, status=200)


@wrong(
    "unheard_order",
    fails="orders_one_piece",
    says="Expected status 201, got status 422. A field without a default is required.",
)
def required_amount():
    class Order(BaseModel):
        item: str
        amount: int = Field(ge=1)

    return _order_app(Order)


@wrong(
    "unheard_order",
    fails="refuses_bad_orders",
    says='Expected status 422, got status 201. {"item": "cvpmyrdr", "amount": 0} is no order that the shop could send.',
)
def amount_without_a_bound():
    class Order(BaseModel):
        item: str
        amount: int = 1

    return _order_app(Order)


@wrong(
    "unheard_order",
    fails="refuses_bad_orders",
    says='Expected status 422, got status 201. {"amount": 2} is no order that the shop could send.',
)
def any_dictionary():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: dict[str, Any]) -> dict[str, Any]:
        return {"amount": 1, **order}

    return app


@wrong(
    "unheard_order",
    fails="orders_one_piece",
    says="Expected status 201, got status 422. An amount of one piece or more is in order.",
)
def more_than_one_piece():
    class Order(BaseModel):
        item: str
        amount: int = Field(1, gt=1)

    return _order_app(Order)


@wrong(
    "unheard_order",
    fails="refuses_bad_orders",
    says='Expected status 422, got status 201. {"item": "cvpmyrdr", "amount": -9} is no order that the shop could send.',
)
def anything_but_nothing():
    class Order(BaseModel):
        item: str
        amount: int = 1

    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: Order) -> Order:
        if not order.amount:
            raise HTTPException(422, "one piece or more")
        return order

    return app


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 422. A client that sends JSON puts its values into the body.",
)
def refused_in_other_words():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(item: str | None = None, amount: int = 1) -> dict[str, Any]:
        if item is None:
            raise HTTPException(422, "no item")
        return {"item": item, "amount": amount}

    return app


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 422. The body is the object with `item` and `amount`, as JSON. A single value behind `Body()`, alone in the signature, wants the whole body for itself.",
)
def item_alone_in_the_body():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(item: Annotated[str, Body()], amount: int = 1) -> dict[str, Any]:
        return {"item": item, "amount": amount}

    return app


@wrong(
    "unheard_order",
    fails="hears_the_body",
    says="Expected status 201, got status 422. JSON was sent, and something else is read: with `Form()` a body is a form.",
)
def order_as_a_form():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(
        item: Annotated[str, Form()], amount: Annotated[int, Form(ge=1)] = 1
    ) -> dict[str, Any]:
        return {"item": item, "amount": amount}

    return app


# gift_order


class Line(BaseModel):
    item: str
    amount: int = 1


class Gift(BaseModel):
    to: str
    card: str = ""


@wrong(
    "gift_order",
    fails="takes_two_objects",
    says="Expected status 200, got status 422. It was sought at `body.to`, and the client sends the objects `order` and `gift`: each model in the signature has a key of its own in the body.",
)
def all_fields_in_one_model():
    class GiftOrder(Line, Gift):
        wrap: bool = False

    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, order: GiftOrder, express: bool = False
    ) -> dict[str, Any]:
        return {"customer_id": customer_id, "order": order, "express": express}

    return app


@wrong(
    "gift_order",
    fails="takes_two_objects",
    says='Expected "gift": {"to": "jeqqtjsq", "card": "jinddkbk"}, got no field "gift". What came in as two objects is to be answered as two objects.',
)
def gift_left_out_of_the_answer():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int,
        order: Line,
        gift: Gift,
        wrap: Annotated[bool, Body()] = False,
        express: bool = False,
    ) -> dict[str, Any]:
        return {"customer_id": customer_id, "order": order, "wrap": wrap, "express": express}

    return app


@wrong(
    "gift_order",
    fails="takes_wrap_from_the_body",
    says='Expected "wrap": true, got "wrap": false. `wrap` stayed false: a plain `bool` is sought in the query string.',
)
def wrap_as_a_plain_bool():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, order: Line, gift: Gift, wrap: bool = False, express: bool = False
    ) -> dict[str, Any]:
        return {"order": order, "gift": gift, "wrap": wrap, "express": express}

    return app


@wrong(
    "gift_order",
    fails="takes_express_from_the_query",
    says='Expected "express": true, got "express": false. A plain `bool` is a query parameter.',
)
def everything_in_the_body():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int,
        order: Line,
        gift: Gift,
        wrap: Annotated[bool, Body()] = False,
        express: Annotated[bool, Body()] = False,
    ) -> dict[str, Any]:
        return {"order": order, "gift": gift, "wrap": wrap, "express": express}

    return app


@wrong(
    "gift_order",
    fails="refuses_no_gift",
    says="Expected status 422, got status 200. With a default the gift may be left out.",
)
def optional_gift():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int,
        order: Line,
        gift: Gift | None = None,
        wrap: Annotated[bool, Body()] = False,
        express: bool = False,
    ) -> dict[str, Any]:
        return {"order": order, "gift": gift, "wrap": wrap, "express": express}

    return app


@wrong(
    "gift_order",
    fails="takes_two_objects",
    says='Expected "customer_id": 86, got no field "customer_id". The path says whose order it is, and the answer is to say it too.',
)
def customer_left_out():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(customer_id: int, order: Line, gift: Gift) -> dict[str, Any]:
        return {"order": order, "gift": gift}

    return app


@wrong(
    "gift_order",
    fails="takes_two_objects",
    says="Expected status 200, got status 422. `wrap` was not sent: without a default it is required.",
)
def wrap_without_a_default():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, order: Line, gift: Gift, wrap: Annotated[bool, Body()]
    ) -> dict[str, Any]:
        return {"customer_id": customer_id, "order": order, "gift": gift, "wrap": wrap}

    return app


@wrong(
    "gift_order",
    fails="takes_wrap_from_the_body",
    says='Expected a JSON object with "wrap": true, got [27, {"item": "jyvzhdxx", "amount": 8}, {"to": "xicjrnes", "card": "pqfnvbwb"}, true]. The body asks for wrapping.',
)
def answered_in_a_list():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, order: Line, gift: Gift, wrap: Annotated[bool, Body()] = False
    ) -> list[Any]:
        return [customer_id, order, gift, wrap]

    return app


@wrong(
    "gift_order",
    fails="refuses_no_gift",
    says="Expected status 422, got status 200. A gift order needs somebody to give it to: the model `Gift` has a required `to`.",
)
def anything_for_a_gift():
    app = FastAPI()

    @app.post("/customers/{customer_id}/orders")
    async def order_a_gift(
        customer_id: int, order: Line, gift: dict[str, Any], express: bool = False
    ) -> dict[str, Any]:
        return {"customer_id": customer_id, "order": order, "gift": gift, "express": express}

    return app


# sign_up_form


def _sign_up_app(form_type: Any, *, echo: bool = False) -> FastAPI:
    app = FastAPI()

    @app.post("/sign-up", status_code=201)
    async def sign_up(form: form_type) -> dict[str, Any]:
        shown = {"email": form.email, "newsletter": form.newsletter}
        return {**shown, "password": form.password} if echo else shown

    return app


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says='Expected the JSON {"email": "jkjjvxes@example.com", "newsletter": true}, got {"email": "jkjjvxes@example.com", "newsletter": true, "password": "3UzvkHGOm4FFYMN2"}. The password is in the answer, where logs and caches on the way can keep it.',
)
def password_in_the_answer():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()], echo=True)


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says="Expected status 201, got status 422. Without `Form()` a model is sought in a JSON body, and a browser sends a form.",
)
def model_without_form():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool = False

    return _sign_up_app(SignUp)


@wrong(
    "sign_up_form",
    fails="newsletter_is_optional",
    says="Expected status 201, got status 422. Without a default every visitor must want the newsletter.",
)
def required_newsletter():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="refuses_unknown_fields",
    says="Expected status 422, got status 201. Somebody who sends `is_admin` hopes that you will store it.",
)
def extra_fields_ignored():
    class SignUp(BaseModel):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="refuses_short_passwords",
    says="Expected status 422, got status 201. Eleven characters are one too few: the form's model says what is enough.",
)
def any_password():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="refuses_short_passwords",
    says="Expected status 422, got status 201. Eleven characters are one too few: the form's model says what is enough.",
)
def one_character_too_lenient():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=11)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="refuses_short_passwords",
    says="Expected status 201, got status 422. The password has 12 characters, and at least 12 is the rule.",
)
def one_character_too_strict():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=13)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says="Expected status 201, got status 422. The password has 16 characters, and at least 12 is the rule.",
)
def a_much_longer_password():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=20)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says="Expected status 201, got status 422. `mail` was missing or refused. The form has the fields `email`, `password`, `newsletter`.",
)
def another_name_for_the_address():
    class SignUp(BaseModel, extra="forbid"):
        mail: str
        password: str = Field(min_length=12)
        newsletter: bool = False

    return _sign_up_app(Annotated[SignUp, Form()])


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says="Expected status 201, got status 422. The client knows its password; logs and caches on the way should not.",
)
def refused_in_words_of_its_own():
    app = FastAPI()

    @app.post("/sign-up", status_code=201)
    async def sign_up(request: Request) -> None:
        raise HTTPException(422, "send JSON")

    return app


@wrong(
    "sign_up_form",
    fails="keeps_the_password",
    says="Expected status 201, got status 200. The form is taken. What was created is answered 201: keep the `status_code`.",
)
def form_without_its_status():
    class SignUp(BaseModel, extra="forbid"):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool = False

    app = FastAPI()

    @app.post("/sign-up")
    async def sign_up(form: Annotated[SignUp, Form()]) -> dict[str, Any]:
        return {"email": form.email, "newsletter": form.newsletter}

    return app


@wrong(
    "sign_up_form",
    fails="refuses_unknown_fields",
    says="Expected status 422, got status 201. Somebody who sends `is_ftrgwefn` hopes that you will store it.",
)
def one_name_refused():
    class SignUp(BaseModel):
        email: str
        password: str = Field(min_length=12)
        newsletter: bool = False
        is_admin: None = None

    return _sign_up_app(Annotated[SignUp, Form()])


# safe_accounts


class OrderOut(BaseModel):
    id: int
    item: str
    buyer: UserOut


def _accounts_app(user: Any, users: Any, order: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/users/{user_id}", response_model=user)
    async def show_user(user_id: int) -> Any:
        return USERS[user_id]

    @app.get("/users", response_model=users)
    async def show_users() -> Any:
        return list(USERS.values())

    @app.get("/orders/{order_id}", response_model=order)
    async def show_order(order_id: int) -> Any:
        return ORDERS[order_id]

    return app


@wrong(
    "safe_accounts",
    fails="shows_one_user",
    says='Expected the JSON {"id": 2, "name": "Grace"}, got {"id": 2, "name": "Grace", "hashed_password": "hash of Grace"}. Everything that the stored object holds was sent, the password\'s hash included.',
)
def one_user_without_a_type():
    return _accounts_app(Any, list[UserOut], OrderOut)


@wrong(
    "safe_accounts",
    fails="shows_every_user",
    says='Expected the JSON [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}], got [{"id": 1, "name": "Ada", "hashed_password": "hash of Ada"}, {"id": 2, "name": "Grace", "hashed_password": "hash of Grac… (4 more characters). Everything that the stored object holds was sent, the password\'s hash included.',
)
def list_of_anything():
    return _accounts_app(UserOut, list[Any], OrderOut)


@wrong(
    "safe_accounts",
    fails="shows_the_buyer",
    says='Expected the JSON {"id": 7, "item": "tea", "buyer": {"id": 1, "name": "Ada"}}, got {"id": 7, "item": "tea", "buyer": {"id": 1, "name": "Ada", "hashed_password": "hash of Ada"}}. Everything that the stored object holds was sent, the password\'s hash included.',
)
def stored_order():
    return _accounts_app(UserOut, list[UserOut], StoredOrder)


@wrong(
    "safe_accounts",
    fails="promises_it",
    says='Expected a model as the answer of GET /users/{user_id}, got {"type": "object", "additionalProperties": true, "title": "Response Show User Users  User Id  Get"}. Fields that are taken out by hand come back with the next column; a model lets only those through that it names.',
)
def fields_taken_out_by_hand():
    app = FastAPI()

    def seen(user: StoredUser) -> dict[str, Any]:
        return user.model_dump(exclude={"hashed_password"})

    @app.get("/users/{user_id}")
    async def show_user(user_id: int) -> dict[str, Any]:
        return seen(USERS[user_id])

    @app.get("/users")
    async def show_users() -> list[dict[str, Any]]:
        return [seen(user) for user in USERS.values()]

    @app.get("/orders/{order_id}")
    async def show_order(order_id: int) -> dict[str, Any]:
        order = ORDERS[order_id]
        return {"id": order.id, "item": order.item, "buyer": seen(order.buyer)}

    return app


@wrong(
    "safe_accounts",
    fails="promises_it",
    says="Expected a description without hashed_password, got one that names it. A field that is described is a field that is sent.",
)
def excluded_by_the_decorator():
    app = FastAPI()

    @app.get("/users/{user_id}", response_model_exclude={"hashed_password"})
    async def show_user(user_id: int) -> StoredUser:
        return USERS[user_id]

    @app.get("/users", response_model=list[UserOut])
    async def show_users() -> Any:
        return list(USERS.values())

    @app.get("/orders/{order_id}", response_model=OrderOut)
    async def show_order(order_id: int) -> Any:
        return ORDERS[order_id]

    return app


@wrong(
    "safe_accounts",
    fails="shows_one_user",
    says='Expected the JSON {"id": 2, "name": "Grace"}, got {"id": 1, "name": "Ada"}. An answer shows what its model names.',
)
def always_the_first_user():
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def show_user(user_id: int) -> UserOut:
        return USERS[1]

    return app


@wrong(
    "safe_accounts",
    fails="promises_it",
    says='Expected a model as the buyer of GET /orders/{order_id}, got {"additionalProperties": true, "type": "object", "title": "Buyer"}. Fields that are taken out by hand come back with the next column; a model lets only those through that it names.',
)
def buyer_taken_apart_by_hand():
    class AnyBuyer(BaseModel):
        id: int
        item: str
        buyer: dict[str, Any]

    app = _accounts_app(UserOut, list[UserOut], AnyBuyer)
    app.router.routes.pop()

    @app.get("/orders/{order_id}")
    async def show_order(order_id: int) -> AnyBuyer:
        order = ORDERS[order_id]
        buyer = order.buyer.model_dump(exclude={"hashed_password"})
        return AnyBuyer(id=order.id, item=order.item, buyer=buyer)

    return app


@wrong(
    "safe_accounts",
    fails="promises_it",
    says="Expected id, name as the fields of the answer of GET /users/{user_id}, got email, id, name. What the description promises is what the next answer may hold.",
)
def promises_more_than_is_sent():
    class Member(UserOut):
        email: str = ""

    app = _accounts_app(UserOut, list[UserOut], OrderOut)
    app.router.routes.pop(-3)

    @app.get("/users/{user_id}", response_model_exclude_defaults=True)
    async def show_user(user_id: int) -> Member:
        return Member(id=user_id, name=USERS[user_id].name)

    return app


# safe_accounts_test


@wrong(
    "safe_accounts_test",
    fails="passes_when_repaired",
    says='Expected a test that passes on the repaired shop, got KeyError: \'hashed_password\' at `assert (await http.get("/users/1")).json()["hashed_password"] == ""`. A test that fails on right code is switched off sooner or later.',
)
def expects_the_hash_to_be_empty():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        assert (await http.get("/users/1")).json()["hashed_password"] == ""

    return test_accounts


@wrong(
    "safe_accounts_test",
    fails="fails_on_a_leaking_user",
    says="Expected a test that fails when /users/1 shows hashed_password, got one that passes. That is the bug as it was reported.",
)
def looks_at_statuses():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        assert (await http.get("/users/1")).status_code == 200
        assert (await http.get("/orders/7")).status_code == 200

    return test_accounts


@wrong(
    "safe_accounts_test",
    fails="fails_on_a_leaking_buyer",
    says="Expected a test that fails when the buyer in /orders/7 shows hashed_password, got one that passes. The same leak hides one level deeper, where nobody looks.",
)
def looks_at_the_user_only():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        assert (await http.get("/users/1")).json() == {"id": 1, "name": "Ada"}
        assert "hashed_password" not in (await http.get("/orders/7")).json()

    return test_accounts


@wrong(
    "safe_accounts_test",
    fails="fails_on_empty_answers",
    says="Expected a test that fails when both answers are {}, got one that passes. An empty answer leaks nothing and is wrong all the same: say what must be there.",
)
def looks_for_the_word():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        for path in ("/users/1", "/orders/7"):
            assert "hashed_password" not in (await http.get(path)).text

    return test_accounts


@wrong(
    "safe_accounts_test",
    fails="fails_on_a_leaking_user",
    says="Expected a test that fails when /users/1 shows hashed_password, got one that is skipped. That is the bug as it was reported.",
)
def skips_what_leaks():
    async def test_accounts(http: httpx.AsyncClient) -> None:
        for path in ("/users/1", "/orders/7"):
            if "hashed_password" in (await http.get(path)).text:
                pytest.skip("it leaks")

    return test_accounts


# told_answers


def _cups_app(
    cup: dict[str, Any],
    old: dict[str, Any],
    *,
    documented: bool = True,
    raises: bool = True,
) -> FastAPI:
    class CupOut(BaseModel):
        id: int
        size: str

    app = FastAPI()
    told: dict[str, Any] = {
        "summary": "One cup",
        "operation_id": "read_cup",
        "responses": {404: {"model": Problem}},
    }
    if documented:
        told["description"] = "One of the cups on our shelves."

    @app.get("/cups/{cup_id}", **{**told, **cup})
    async def get_cup(cup_id: int) -> CupOut:
        if raises and cup_id not in CUPS:
            raise HTTPException(404, "no such cup")
        return CupOut(id=cup_id, size=CUPS.get(cup_id, "none"))

    @app.get("/old-cups", **old)
    async def get_old_cups() -> list[str]:
        return list(CUPS.values())

    return app


@wrong(
    "told_answers",
    fails="tells_of_404",
    says="Expected a 404 among the described answers, got 200, 422. FastAPI sees your return type, not your `raise`: say it in `responses`.",
)
def silent_about_404():
    return _cups_app({"responses": {}}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="tells_of_404",
    says="Expected a model with the field detail for the 404, got {}. A client that shows the reason has to know where it is: give the 404 its `model`.",
)
def described_without_a_model():
    return _cups_app({"responses": {404: {"description": "No such cup"}}}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="tells_of_404",
    says="Expected a model with the field detail for the 404, got the fields id, name. A client that shows the reason has to know where it is: give the 404 its `model`.",
)
def model_of_a_good_answer():
    return _cups_app({"responses": {404: {"model": UserOut}}}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="tells_of_404",
    says="Expected status 404, got status 200. The description must not be the only place where the 404 exists.",
)
def described_and_never_answered():
    return _cups_app({}, {"deprecated": True}, raises=False)


@wrong(
    "told_answers",
    fails="tells_what_it_is",
    says="Expected the summary 'One cup', got 'Get Cup'. Without one, the summary is made of the function's name.",
)
def summary_of_the_name():
    return _cups_app({"summary": None}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="tells_what_it_is",
    says="Expected a sentence as the description, got ''. The docstring, or `description`, says what the name does not.",
)
def without_a_sentence():
    return _cups_app({}, {"deprecated": True}, documented=False)


@wrong(
    "told_answers",
    fails="has_its_own_id",
    says="Expected the operation id read_cup, got get_cup_cups__cup_id__get. A generated client names its method after this id.",
)
def long_id():
    return _cups_app({"operation_id": None}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="marks_the_old_route",
    says="Expected GET /old-cups with deprecated: true, got no such mark. A reader who starts today should not start with this one.",
)
def old_route_unmarked():
    return _cups_app({}, {})


@wrong(
    "told_answers",
    fails="marks_the_old_route",
    says="Expected GET /old-cups in the description, got /cups/{cup_id}. What is not described can't be found.",
)
def old_route_hidden():
    return _cups_app({}, {"include_in_schema": False})


@wrong(
    "told_answers",
    fails="tells_of_404",
    says='Expected a model with the field detail for the 404, got {"$ref": "#/components/schemas/Trouble"}. A client that shows the reason has to know where it is: give the 404 its `model`.',
)
def reference_to_nothing():
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Trouble"}}}
    return _cups_app({"responses": {404: {"content": content}}}, {"deprecated": True})


@wrong(
    "told_answers",
    fails="tells_of_404",
    says="Expected status 200, got status 404. A cup that exists is answered as before: only the description changes.",
)
def no_cup_at_all():
    app = _cups_app({}, {"deprecated": True})
    app.router.routes.pop(-2)

    @app.get(
        "/cups/{cup_id}",
        summary="One cup",
        operation_id="read_cup",
        responses={404: {"model": Problem}},
    )
    async def get_cup(cup_id: int) -> None:
        """One of the cups on our shelves."""
        raise HTTPException(404, "no such cup")

    return app


@wrong(
    "told_answers",
    fails="marks_the_old_route",
    says='Expected the JSON ["small", "large"], got null. Deprecated means: still there, and on its way out.',
)
def old_route_emptied():
    app = _cups_app({}, {"deprecated": True})
    app.router.routes.pop()

    @app.get("/old-cups", deprecated=True)
    async def get_old_cups() -> None: ...

    return app


@wrong(
    "told_answers",
    fails="marks_the_old_route",
    says="Expected GET /cups/{cup_id} without that mark, got deprecated: true. It is the way to a cup that is to stay: mark the one route, not all of them.",
)
def everything_deprecated():
    return _cups_app({"deprecated": True}, {"deprecated": True})


# quiet_docs


@wrong(
    "quiet_docs",
    fails="shows_docs",
    says="Expected status 200, got status 404. Your colleagues still want to read it.",
)
def never_described():
    def build_shop(show_docs: bool) -> FastAPI:
        app = FastAPI(title="Tea shop", openapi_url=None)

        @app.get("/items")
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@wrong(
    "quiet_docs",
    fails="hides_docs",
    says="Expected status 404, got status 200. The pages are drawn from `/openapi.json`: who reads that needs no page.",
)
def pages_hidden_only():
    def build_shop(show_docs: bool) -> FastAPI:
        hidden: dict[str, Any] = {} if show_docs else {"docs_url": None, "redoc_url": None}
        app = FastAPI(title="Tea shop", **hidden)

        @app.get("/items")
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@wrong(
    "quiet_docs",
    fails="serves_both",
    says="Expected status 200, got status 404. To hide the description is not to hide the shop.",
)
def items_behind_the_if():
    def build_shop(show_docs: bool) -> FastAPI:
        if not show_docs:
            return FastAPI(openapi_url=None)
        app = FastAPI(title="Tea shop")

        @app.get("/items")
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@wrong(
    "quiet_docs",
    fails="shows_docs",
    says="Expected status 200, got status 404. Your colleagues still want to read it.",
)
def one_page_never_shown():
    def build_shop(show_docs: bool) -> FastAPI:
        address = "/openapi.json" if show_docs else None
        app = FastAPI(title="Tea shop", openapi_url=address, redoc_url=None)

        @app.get("/items")
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


@wrong(
    "quiet_docs",
    fails="shows_docs",
    says="Expected GET /items in the description, got no path. What is not described can't be found.",
)
def items_never_described():
    def build_shop(show_docs: bool) -> FastAPI:
        app = FastAPI(title="Tea shop", openapi_url="/openapi.json" if show_docs else None)

        @app.get("/items", include_in_schema=False)
        async def list_names() -> list[str]:
            return ["tea", "cup", "pot"]

        return app

    return build_shop


# see_other


@wrong(
    "see_other",
    fails="sends_to_the_order",
    says="Expected status 303, got status 307. 307 is the default, and tells the browser to send the form once more, to the new address.",
)
def the_default_redirect():
    return "B I H E D F C J"


@wrong(
    "see_other",
    fails="sends_to_the_order",
    says="Expected status 303, got status 301. 301 is permanent: a browser may remember it, and never send this form again.",
)
def the_permanent_redirect():
    return "B I H E G F C J"


@wrong(
    "see_other",
    fails="leads_to_the_order",
    says="Expected status 200, got status 405. The redirect was followed with POST, and the page of an order takes GET.",
)
def the_default_redirect_followed():
    return "B I H E D F C J"


@wrong(
    "see_other",
    fails="leads_to_the_order",
    says='Expected the JSON "kbnbqslw", got "bkcovtnm". A browser that reloads this page asks for the order; it does not order twice.',
)
def address_before_the_order_exists():
    return "B I E H A F C J"


# price_files


@wrong(
    "price_files",
    fails="sends_the_file",
    says="Expected the text 'item,price\\ntea,3.50\\ncup,8.00\\n', got '\"item,price\\\\ntea,3.50\\\\ncup,8.00\\\\n\"'. A text that you return becomes JSON, in quotes. Return a response that sends files.",
)
def text_as_data():
    app = FastAPI()

    @app.get("/files/{name}")
    def send_file(name: str) -> str:
        return (FILES / name).read_text()

    return app


@wrong(
    "price_files",
    fails="sends_a_part",
    says="Expected status 206, got status 200. `FileResponse` answers ranges by itself; a body that you read and send does not.",
)
def read_and_sent():
    app = FastAPI()

    @app.get("/files/{name}")
    def send_file(name: str) -> Response:
        path = FILES / name
        if not path.is_file():
            raise HTTPException(404)
        disposition = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(path.read_bytes(), media_type="text/csv", headers=disposition)

    return app


@wrong(
    "price_files",
    fails="names_the_download",
    says="Expected a content-disposition with attachment and prices.csv, got none. Without `filename` a browser shows the file instead of saving it.",
)
def shown_in_the_browser():
    app = FastAPI()

    @app.get("/files/{name}")
    def send_file(name: str) -> FileResponse:
        path = FILES / name
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path)

    return app


@wrong(
    "price_files",
    fails="misses_with_404",
    says="Expected status 404, got status 200. A wrong name is the client's mistake, and a 500 says that it is yours.",
)
def an_error_with_a_good_status():
    app = FastAPI()

    @app.get("/files/{name}", response_model=None)
    def send_file(name: str) -> FileResponse | dict[str, str]:
        path = FILES / name
        if not path.is_file():
            return {"error": "no such file"}
        return FileResponse(path, filename=name)

    return app


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 200, got status 404. First of all the file itself has to be there.",
)
def no_route_at_all():
    return FastAPI()


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 404, got status 200. `../` in a name leads one folder up, to files that you never meant to send.",
)
def any_path_in_the_name():
    app = FastAPI()

    @app.get("/files/{name:path}")
    def send_file(name: str) -> FileResponse:
        path = FILES / name
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, filename=path.name)

    return app


def _files_app(path_of: Callable[[str], Path]) -> FastAPI:
    app = FastAPI()

    @app.get("/files/{name:path}")
    def send_file(name: str) -> FileResponse:
        path = path_of(name)
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, filename=path.name)

    return app


def _without(name: str, *words: str) -> Path:
    if any(word in name for word in words):
        raise HTTPException(404)
    return FILES / name


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 404, got status 200. A name that begins with `/` is a path of its own: joined to a folder, it replaces the folder.",
)
def path_of_its_own():
    return _files_app(lambda name: _without(name, ".."))


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 404, got status 200. Take `../` out of `....//`, and `../` is what remains: refuse such a name, do not mend it.",
)
def dots_taken_out_once():
    return _files_app(lambda name: FILES / name.replace("../", "").lstrip("/"))


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 404, got status 200. `../` leads up wherever it stands in a name, not at its beginning only.",
)
def dots_at_the_beginning_only():
    return _files_app(lambda name: FILES.parent if name[:2] == ".." else FILES / name)


@wrong(
    "price_files",
    fails="stays_in_the_folder",
    says="Expected status 404, got status 200. `..` is the folder above, and a folder is no file that could be sent.",
)
def folders_listed():
    app = FastAPI()

    @app.get("/files/{name}")
    def send_file(name: str) -> Response:
        path = FILES / name
        if path.is_dir():
            return JSONResponse([one.name for one in path.iterdir()])
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, filename=name)

    return app


@wrong(
    "price_files",
    fails="sends_the_file",
    says="Expected status 200, got status 404. The name says which file is sent. The set-up cell wrote `teas.csv` into `FILES`.",
)
def one_file_by_heart():
    app = FastAPI()

    @app.get("/files/prices.csv")
    def send_file() -> FileResponse:
        return FileResponse(FILES / "prices.csv", filename="prices.csv")

    return app


@wrong(
    "price_files",
    fails="names_the_download",
    says='Expected a content-disposition with attachment and teas.csv, got attachment; filename="prices.csv". Each file is saved under its own name.',
)
def one_name_for_every_file():
    app = FastAPI()

    @app.get("/files/{name}")
    def send_file(name: str) -> FileResponse:
        path = FILES / name
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, filename="prices.csv")

    return app


# stock_lines


@wrong(
    "stock_lines",
    fails="is_json_lines",
    says="Expected the content type application/jsonl, got application/json. The type tells the client that it may read line by line.",
)
def a_list_as_before():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> list[StockLine]:
        return [count_stock(number) for number in range(1, count + 1)]

    return app


@wrong(
    "stock_lines",
    fails="is_json_lines",
    says="Expected the content type application/jsonl, got none. The type tells the client that it may read line by line.",
)
def yielded_without_a_type():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> StreamingResponse:
        def lines() -> Iterable[str]:
            for number in range(1, count + 1):
                yield count_stock(number).model_dump_json() + "\n"

        return StreamingResponse(lines())

    return app


@wrong(
    "stock_lines",
    fails="has_one_row_a_line",
    says="Expected 6 lines for count=6, got 1. One row, one line: that is what lets a client read it in pieces.",
)
def lines_without_a_break():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> StreamingResponse:
        def lines() -> Iterable[str]:
            for number in range(1, count + 1):
                yield count_stock(number).model_dump_json()

        return StreamingResponse(lines(), media_type="application/jsonl")

    return app


@wrong(
    "stock_lines",
    fails="has_one_row_a_line",
    says='Expected line 1 to be {"item_id": 1, "left": 7}, got {"item_id":0,"left":0}. Each line is a JSON document of its own.',
)
def begins_with_nothing():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> AsyncIterable[StockLine]:
        for number in range(count):
            yield count_stock(number)

    return app


@wrong(
    "stock_lines",
    fails="yields_rows",
    says="Expected a function that yields, in the cell that makes the app, got none. A list has to be complete before its first row can leave.",
)
def collected_first():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> Response:
        rows = [count_stock(number).model_dump_json() for number in range(1, count + 1)]
        return Response("\n".join(rows), media_type="application/jsonl")

    return app


@wrong(
    "stock_lines",
    fails="is_json_lines",
    says="Expected an answer whose length is not known when it begins, got content-length: 45. Who knows the length has all of the rows already: they were joined, then sent.",
)
def yielded_and_joined():
    app = FastAPI()

    def lines(count: int) -> Iterable[str]:
        for number in range(1, count + 1):
            yield count_stock(number).model_dump_json()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> Response:
        return Response("\n".join(lines(count)), media_type="application/jsonl")

    return app


@wrong(
    "stock_lines",
    fails="has_one_row_a_line",
    says="Expected status 200, got status 422. A stream begins like every good answer.",
)
def count_without_its_default():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int) -> AsyncIterable[StockLine]:
        for number in range(1, count + 1):
            yield count_stock(number)

    return app


@wrong(
    "stock_lines",
    fails="yields_rows",
    says="Expected rows that leave as they are counted, got a list of them before the first is yielded. A list has to be complete before its first row can leave.",
)
def collected_then_yielded():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> AsyncIterable[StockLine]:
        rows = [count_stock(number) for number in range(1, count + 1)]
        for row in rows:
            yield row

    return app


@wrong(
    "stock_lines",
    fails="yields_rows",
    says="Expected rows that leave as they are counted, got a list of them before the first is yielded. A list has to be complete before its first row can leave.",
)
def appended_then_yielded():
    app = FastAPI()

    @app.get("/stock")
    async def list_all_stock(count: int = 3) -> StreamingResponse:
        rows = []
        for number in range(1, count + 1):
            rows.append(count_stock(number).model_dump_json())

        def lines() -> Iterable[str]:
            for row in rows:
                yield f"{row}\n"

        return StreamingResponse(lines(), media_type="application/jsonl")

    return app


# session_cookie


def _session_app(*, value: str = "", safe: dict[str, Any] | None = None) -> FastAPI:
    app = FastAPI()
    safe = {"httponly": True, "secure": True, "samesite": "lax"} if safe is None else safe

    @app.post("/login")
    async def start_session(response: Response) -> dict[str, str]:
        response.set_cookie("session_id", value or secrets.token_urlsafe(32), **safe)
        return {"status": "logged in"}

    @app.post("/logout")
    async def stop_session(response: Response) -> dict[str, str]:
        ended = {name: value for name, value in safe.items() if name != "max_age"}
        response.delete_cookie("session_id", **ended)
        return {"status": "logged out"}

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a set-cookie header for session_id, got none. What you set on the injected `response` is lost when you return another one.",
)
def cookie_lost():
    app = FastAPI()

    @app.post("/login")
    async def start_session(response: Response) -> JSONResponse:
        response.set_cookie("session_id", secrets.token_urlsafe(32))
        return JSONResponse({"status": "logged in"})

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a set-cookie header for session_id, got session=1. The next page looks for a cookie of that name.",
)
def cookie_of_another_name():
    app = FastAPI()

    @app.post("/login")
    async def start_session(response: Response) -> dict[str, str]:
        response.set_cookie("session", "1")
        return {"status": "logged in"}

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a new value of 16 characters or more at each login, got the same value twice. Who guesses the value is logged in as somebody else.",
)
def same_value_for_everybody():
    return _session_app(value="ada-is-logged-in")


@wrong(
    "session_cookie",
    fails="is_a_safe_cookie",
    says="Expected a session cookie with httponly, got Path=/; SameSite=lax; Secure. Without it a script that slipped into your page reads the session.",
)
def readable_by_scripts():
    return _session_app(safe={"secure": True})


@wrong(
    "session_cookie",
    fails="is_a_safe_cookie",
    says="Expected a session cookie with secure, got HttpOnly; Path=/; SameSite=lax. Without it the session travels over plain http, for everybody to read.",
)
def sent_over_plain_http():
    return _session_app(safe={"httponly": True})


@wrong(
    "session_cookie",
    fails="is_a_safe_cookie",
    says="Expected a session cookie with SameSite=lax or strict, got HttpOnly; Path=/; SameSite=none; Secure. Without it other pages send requests in the visitor's name.",
)
def sent_by_other_sites():
    return _session_app(safe={"httponly": True, "secure": True, "samesite": "none"})


@wrong(
    "session_cookie",
    fails="takes_it_back",
    says='Expected a set-cookie header that ends session_id, got session_id=""; HttpOnly; Path=/; SameSite=lax; Secure. An empty value is still a cookie; an end in the past removes it.',
)
def emptied_and_kept():
    app = _session_app()
    app.router.routes.pop()

    @app.post("/logout")
    async def stop_session(response: Response) -> dict[str, str]:
        response.set_cookie("session_id", "", httponly=True, secure=True, samesite="lax")
        return {"status": "logged out"}

    return app


@wrong(
    "session_cookie",
    fails="takes_it_back",
    says='Expected a set-cookie header that ends session_id, got session_id=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600; Path=/; SameSite=lax. An empty value is still a cookie; an end in the past removes it.',
)
def ended_and_kept_for_an_hour():
    app = _session_app()
    app.router.routes.pop()

    @app.post("/logout")
    async def stop_session(response: Response) -> dict[str, str]:
        past = datetime(1970, 1, 1, tzinfo=UTC)
        response.set_cookie("session_id", "", max_age=3600, expires=past)
        return {"status": "logged out"}

    return app


@wrong(
    "session_cookie",
    fails="takes_it_back",
    says="Expected the cookie taken back for the path /shop, for which it was set, got the path /. A browser removes the cookie of the same name, path and domain, no other.",
)
def taken_back_somewhere_else():
    app = FastAPI()

    @app.post("/login")
    async def start_session(response: Response) -> dict[str, str]:
        response.set_cookie("session_id", secrets.token_urlsafe(32), path="/shop")
        return {"status": "logged in"}

    @app.post("/logout")
    async def stop_session(response: Response) -> dict[str, str]:
        response.delete_cookie("session_id")
        return {"status": "logged out"}

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a random value at each login, got ada-is-logged-in-0, then ada-is-logged-in-1. Who has one value must not be able to count on to the next: `secrets` can't be guessed, a counter and a clock can.",
)
def counted_logins():
    app = FastAPI()
    logins: list[str] = []

    @app.post("/login")
    async def start_session(response: Response) -> dict[str, str]:
        logins.append(f"ada-is-logged-in-{len(logins)}")
        response.set_cookie("session_id", logins[-1], httponly=True, secure=True)
        return {"status": "logged in"}

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a random value at each login, got 1796015582213918337, then 1796015582219789267. Who has one value must not be able to count on to the next: `secrets` can't be guessed, a counter and a clock can.",
)
def hands_of_a_clock():
    app = FastAPI()
    logins: list[int] = [1796015582208047407]

    @app.post("/login")
    async def start_session(response: Response) -> dict[str, str]:
        logins.append(logins[-1] + 5_870_930)
        response.set_cookie("session_id", str(logins[-1]), httponly=True, secure=True)
        return {"status": "logged in"}

    return app


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a cookie that the next page gets, got session_id; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure. A browser drops a cookie that has ended, and sends one with a path only to the pages below that path.",
)
def ended_at_once():
    return _session_app(safe={"httponly": True, "secure": True, "max_age": 0})


@wrong(
    "session_cookie",
    fails="sets_a_session",
    says="Expected a cookie that the next page gets, got session_id; HttpOnly; Path=/login; SameSite=lax; Secure. A browser drops a cookie that has ended, and sends one with a path only to the pages below that path.",
)
def cookie_of_one_page():
    return _session_app(safe={"httponly": True, "secure": True, "path": "/login"})


# created_or_replaced


def _shelves_app(**options: Any) -> tuple[FastAPI, dict[str, list[str]], Any]:
    app = FastAPI()
    return app, {}, app.put("/shelves/{name}", **options)


TELLS_201: dict[str, Any] = {"responses": {201: {"description": "A new shelf"}}}


@wrong(
    "created_or_replaced",
    fails="creates_with_201",
    says="Expected status 201, got status 200. 201 says that something exists now that did not exist before.",
)
def always_200():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str]) -> list[str]:
        shelves[name] = books
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="creates_with_201",
    says="Expected the header location: /shelves/zlpuvxnz, got no location header. A 201 says in `Location` where the new thing is.",
)
def without_its_address():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        if name not in shelves:
            response.status_code = 201
        shelves[name] = books
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="creates_with_201",
    says="Expected status 201, got status 200. 201 says that something exists now that did not exist before.",
)
def asked_after_the_change():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        shelves[name] = books
        if name not in shelves:
            response.status_code = 201
            response.headers["location"] = f"/shelves/{name}"
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="replaces_with_200",
    says="Expected status 200, got status 201. A `status_code` in the decorator holds for every good answer.",
)
def always_201():
    app, shelves, put = _shelves_app(status_code=201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        shelves[name] = books
        response.headers["location"] = f"/shelves/{name}"
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="replaces_with_200",
    says="Expected no Location header, got /shelves/lwiupkdm. The address is news only when the thing is new.",
)
def address_every_time():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        response.status_code = 200 if name in shelves else 201
        response.headers["location"] = f"/shelves/{name}"
        shelves[name] = books
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="answers_what_is_there",
    says='Expected the JSON ["mhmxzxla", "hodtddsd", "jysdqdso"], got ["tusncxqj", "ohvsydos", "qslrcuhd"]. The client compares it with what it sent.',
)
def answers_what_was_there():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        before = shelves.get(name)
        if before is None:
            response.status_code = 201
            response.headers["location"] = f"/shelves/{name}"
        shelves[name] = books
        return before or books

    return app


@wrong(
    "created_or_replaced",
    fails="describes_both",
    says="Expected 200 and 201 among the described answers, got 200, 422. FastAPI can't see a status that you set while the function runs.",
)
def told_to_nobody():
    app, shelves, put = _shelves_app()

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        if name not in shelves:
            response.status_code = 201
            response.headers["location"] = f"/shelves/{name}"
        shelves[name] = books
        return books

    return app


def _shelves_app_that_asks(is_new: Callable[[str, dict[str, list[str]]], bool]) -> FastAPI:
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        if is_new(name, shelves):
            response.status_code = 201
            response.headers["location"] = f"/shelves/{name}"
        shelves.pop(name, None)
        shelves[name] = books
        return books

    return app


@wrong(
    "created_or_replaced",
    fails="creates_with_201",
    says="Expected status 201, got status 200. A second shelf is as new as the first one was.",
)
def new_while_there_is_no_shelf():
    return _shelves_app_that_asks(lambda name, shelves: not shelves)


@wrong(
    "created_or_replaced",
    fails="replaces_with_200",
    says="Expected status 200, got status 201. An empty shelf is a shelf: ask whether the name is there, not whether books are.",
)
def new_while_there_is_no_book():
    return _shelves_app_that_asks(lambda name, shelves: not shelves.get(name))


@wrong(
    "created_or_replaced",
    fails="replaces_with_200",
    says="Expected status 200, got status 201. The shelf was there, whatever was put on another one since.",
)
def new_after_another_one():
    return _shelves_app_that_asks(lambda name, shelves: list(shelves)[-1:] != [name])


@wrong(
    "created_or_replaced",
    fails="creates_with_201",
    says="Expected the header location: /shelves/zlpuvxnz, got location: /shelves. A 201 says in `Location` where the new thing is.",
)
def address_of_all_shelves():
    app, shelves, put = _shelves_app(**TELLS_201)

    @put
    async def put_shelf(name: str, books: list[str], response: Response) -> list[str]:
        if name not in shelves:
            response.status_code = 201
            response.headers["location"] = "/shelves"
        shelves[name] = books
        return books

    return app


# visitor_headers


def _welcome_app(language: Any, tags: Any, theme: Any, no_tag: Any = ()) -> FastAPI:
    app = FastAPI()

    @app.get("/welcome")
    async def welcome(
        accept_language: language = "en", x_tag: tags = no_tag, theme: theme = "light"
    ) -> dict[str, Any]:
        return {"language": accept_language, "tags": x_tag, "theme": theme}

    return app


_LANGUAGE = Annotated[str, Header()]
_TAGS = Annotated[list[str], Header()]
_THEME = Annotated[Literal["light", "dark"], Cookie()]


@wrong(
    "visitor_headers",
    fails="reads_the_language",
    says='Expected "language": "mh", got "language": "en". A parameter becomes a header parameter by `Header()`, not by its name.',
)
def language_in_the_query():
    return _welcome_app(str, _TAGS, _THEME)


@wrong(
    "visitor_headers",
    fails="reads_every_tag",
    says='Expected "tags": ["rhzjawyn", "bfqrbwmm"], got "tags": "rhzjawyn". A header that comes twice is a list of values; as one word, all but one are lost.',
)
def one_tag():
    return _welcome_app(_LANGUAGE, Annotated[str, Header()], _THEME, "")


@wrong(
    "visitor_headers",
    fails="reads_every_tag",
    says='Expected "tags": [], got "tags": null. Most visitors send none.',
)
def null_for_no_tags():
    return _welcome_app(_LANGUAGE, Annotated[list[str] | None, Header()], _THEME, None)


@wrong(
    "visitor_headers",
    fails="reads_the_theme",
    says='Expected "theme": "dark", got "theme": "light". Cookies come in a header of their own, which `Cookie()` takes apart.',
)
def theme_in_the_query():
    return _welcome_app(_LANGUAGE, _TAGS, Literal["light", "dark"])


@wrong(
    "visitor_headers",
    fails="reads_the_theme",
    says='Expected "theme": "dark", got "theme": "light". Cookies come in a header of their own, which `Cookie()` takes apart.',
)
def theme_as_a_header():
    return _welcome_app(_LANGUAGE, _TAGS, Annotated[Literal["light", "dark"], Header()])


@wrong(
    "visitor_headers",
    fails="refuses_other_themes",
    says="Expected status 422, got status 200. A cookie is written by the client, and the client can write anything.",
)
def any_theme():
    return _welcome_app(_LANGUAGE, _TAGS, Annotated[str, Cookie()])


@wrong(
    "visitor_headers",
    fails="reads_the_theme",
    says="Expected status 200, got status 422. Cookies come in a header of their own, which `Cookie()` takes apart.",
)
def dark_alone():
    return _welcome_app(_LANGUAGE, _TAGS, Annotated[Literal["dark"], Cookie()])


@wrong(
    "visitor_headers",
    fails="reads_the_theme",
    says='Expected "theme": "light", got "theme": "dark". Cookies come in a header of their own, which `Cookie()` takes apart.',
)
def dark_anywhere():
    app = FastAPI()

    @app.get("/welcome")
    async def welcome(request: Request) -> dict[str, str]:
        return {"theme": "dark" if "dark" in request.headers.get("cookie", "") else "light"}

    return app


@wrong(
    "visitor_headers",
    fails="refuses_other_themes",
    says="Expected status 422, got status 200. A word that begins with `light` is another word.",
)
def pattern_without_brackets():
    return _welcome_app(_LANGUAGE, _TAGS, Annotated[str, Cookie(pattern="^light|dark$")])


@wrong(
    "visitor_headers",
    fails="refuses_other_themes",
    says="Expected status 422, got status 200. A word that ends with `dark` is another word.",
)
def the_end_of_a_word():
    return _welcome_app(_LANGUAGE, _TAGS, Annotated[str, Cookie(pattern="^light$|dark$")])


@wrong(
    "visitor_headers",
    fails="reads_the_language",
    says="Expected status 200, got status 422. A parameter becomes a header parameter by `Header()`, not by its name.",
)
def four_languages():
    four = Annotated[Literal["de", "fr", "it", "pl", "en"], Header()]
    return _welcome_app(four, _TAGS, _THEME)


@wrong(
    "visitor_headers",
    fails="reads_every_tag",
    says='Expected "tags": ["bfqrbwmm"], got "tags": ["rhzjawyn", "bfqrbwmm", "bfqrbwmm"]. One tag is a list of one: the next visitor has no tags of the last.',
)
def tags_of_all_visitors():
    app = FastAPI()
    seen: list[str] = []

    @app.get("/welcome")
    async def welcome(
        x_tag: Annotated[list[str] | None, Header()] = None,
    ) -> dict[str, Any]:
        seen.extend(x_tag or [])
        return {"tags": seen if x_tag else []}

    return app


@wrong(
    "visitor_headers",
    fails="reads_the_theme",
    says='Expected "theme": "light", got "theme": "dark". Cookies come in a header of their own, which `Cookie()` takes apart.',
)
def theme_of_the_last_visitor():
    app = FastAPI()
    last = ["light"]

    @app.get("/welcome")
    async def welcome(theme: Annotated[str, Cookie()] = "") -> dict[str, Any]:
        last.append(theme or last[-1])
        return {"theme": last[-1]}

    return app

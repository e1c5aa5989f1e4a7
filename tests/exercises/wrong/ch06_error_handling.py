"""Wrong answers to the exercises of chapter 6, and what each is told."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from workbook.proofs import wrong

NAMES = {1: "tea", 2: "cup", 3: "pot"}
STOCK = {1: 12, 2: 0, 3: 7}
PRICES = {1: 3.5, 2: 8.0, 3: 19.0}
OPENS_IN = {"london": 0, "paris": 600}
DISCOUNTS = {"SPRING": "10", "SUMMER": "15; see account 40-2217"}
ORDERS = {"london": ["1,2", "3,1", "1,5"], "paris": ["2,1", "3,two", "1,1"], "oslo": []}


class ShopError(Exception): ...


class UnknownItem(ShopError): ...


class OutOfStock(ShopError): ...


def take(item_id: int, amount: int) -> int:
    """Say how many pieces would be left, as the chapter's set-up cell does."""
    if item_id not in STOCK:
        raise UnknownItem(f"There is no item {item_id}.")
    if amount > STOCK[item_id]:
        raise OutOfStock(f"Only {STOCK[item_id]} of {NAMES[item_id]} left.")
    return STOCK[item_id] - amount


class Registration(BaseModel):
    email: str
    password: str = Field(min_length=12)


ItemId = Annotated[int, Path(ge=1)]


@wrong(
    "sold_out",
    fails="tells_zero",
    says="Expected status 200, got status 404. 0 is a number of pieces, and `not 0` is true.",
)
def truth_of_a_number():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: ItemId) -> dict[str, int]:
        if not STOCK.get(item_id):
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: ItemId) -> dict[str, float]:
        if item_id not in PRICES:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="refuses_unknown",
    says="Expected status 404, got status 200. An exception that is returned is a value: its attributes become the JSON.",
)
def returned_exception():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: ItemId) -> dict[str, int]:
        if item_id not in STOCK:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: ItemId):
        if item_id not in PRICES:
            return HTTPException(404, detail=f"There is no item {item_id}.")
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="refuses_unknown",
    says="Expected a detail that names 2620, got 'Not Found'. Somebody who reads the answer wants to know which item is meant.",
)
def detail_without_number():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: ItemId) -> dict[str, int]:
        if item_id not in STOCK:
            raise HTTPException(404)
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: ItemId) -> dict[str, float]:
        if item_id not in PRICES:
            raise HTTPException(404)
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="tells_prices",
    says='Expected the JSON {"price": 3.5}, got {"price": "3.5"}. A repair keeps what worked.',
)
def prices_as_text():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: ItemId) -> dict[str, int]:
        if item_id not in STOCK:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: ItemId) -> dict[str, str]:
        if item_id not in PRICES:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"price": str(PRICES[item_id])}

    return app


@wrong(
    "sold_out",
    fails="refuses_small_numbers",
    says="Expected status 422, got status 404. No item can have such a number, and the parameter can say so by itself.",
)
def no_lower_bound():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: int) -> dict[str, int]:
        if item_id not in STOCK:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: int) -> dict[str, float]:
        if item_id not in PRICES:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="refuses_small_numbers",
    says="Expected status 422, got status 400. A check by hand is in no description; `Path(ge=1)` is.",
)
def bound_by_hand():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: int) -> dict[str, int]:
        if item_id < 1:
            raise HTTPException(400, detail="Invalid item ID")
        if item_id not in STOCK:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: int) -> dict[str, float]:
        if item_id < 1:
            raise HTTPException(400, detail="Invalid item ID")
        if item_id not in PRICES:
            raise HTTPException(404, detail=f"There is no item {item_id}.")
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="refuses_unknown",
    says="Expected status 404, got status 200. A status of success makes a client look for a price that is not there.",
)
def detail_in_a_200():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: ItemId) -> dict[str, Any]:
        if item_id not in STOCK:
            return {"detail": f"There is no item {item_id}."}
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: ItemId) -> dict[str, Any]:
        if item_id not in PRICES:
            return {"detail": f"There is no item {item_id}."}
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "sold_out",
    fails="refuses_unknown",
    says="Expected status 404, got status 422. Only the lowest number belongs into the parameter. Which items there are, the data say, and they change.",
)
def highest_number_in_the_parameter():
    number = Annotated[int, Path(ge=1, le=3)]
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: number) -> dict[str, int]:
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    async def read_price(item_id: number) -> dict[str, float]:
        return {"price": PRICES[item_id]}

    return app


@wrong(
    "closed_shop",
    fails="open_shop_orders",
    says="Expected status 200, got status 503. London is open, and nothing changes there.",
)
def every_city_is_closed():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        raise HTTPException(503, headers={"Retry-After": str(OPENS_IN[city])})

    return app


@wrong(
    "closed_shop",
    fails="closed_shop_refuses",
    says="Expected status 503, got status 200. 200 says that all went well, whatever the body says.",
)
def closed_is_ok():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> JSONResponse:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if OPENS_IN[city]:
            headers = {"Retry-After": str(OPENS_IN[city])}
            return JSONResponse({"error": "closed"}, headers=headers)
        return JSONResponse({"city": city, "ordered": True})

    return app


@wrong(
    "closed_shop",
    fails="says_when",
    says="Expected the header Retry-After: 600, got no Retry-After header. A client that knows when to come back does not ask every second.",
)
def seconds_in_the_detail():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if OPENS_IN[city]:
            raise HTTPException(503, detail={"opens_in": OPENS_IN[city]})
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="refuses_unknown_city",
    says="Expected status 404, got status 200. `OPENS_IN.get(city, 0)` takes a city that it does not know for open.",
)
def unknown_city_is_open():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if (seconds := OPENS_IN.get(city, 0)) > 0:
            raise HTTPException(503, headers={"Retry-After": str(seconds)})
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="reads_the_opening",
    says="Expected a number that is looked up in `OPENS_IN`, got '600' in your code. Opening hours change in one place, and a copy of them in the code does not.",
)
def seconds_written_down():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if OPENS_IN[city]:
            raise HTTPException(503, headers={"Retry-After": "600"})
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="reads_the_opening",
    says="Expected a number that is looked up in `OPENS_IN`, got '600' in your code. Opening hours change in one place, and a copy of them in the code does not.",
)
def seconds_in_a_dictionary_of_headers():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if OPENS_IN[city]:
            headers = {"Retry-After": "600"}
            raise HTTPException(503, headers=headers)
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="reads_the_opening",
    says="Expected a number that is looked up in `OPENS_IN`, got 600 in your code. Opening hours change in one place, and a copy of them in the code does not.",
)
def seconds_copied_into_another_table():
    app = FastAPI()
    seconds = {"london": 0, "paris": 600}

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if seconds[city]:
            headers = {"Retry-After": str(seconds[city])}
            raise HTTPException(503, headers=headers)
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="reads_the_opening",
    says="Expected to ask `OPENS_IN` whether a city's shop is closed, got a comparison with 'paris'. Tomorrow another city is closed, and only `OPENS_IN` knows of it.",
)
def closed_by_name():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if city == "paris":
            headers = {"Retry-After": str(OPENS_IN[city])}
            raise HTTPException(503, headers=headers)
        return {"city": city, "ordered": True}

    return app


@wrong(
    "closed_shop",
    fails="closed_shop_refuses",
    says="Expected a header whose value is text, got one that is none. A header is sent as text, and a number is none: make text of it with `str`.",
)
def seconds_as_a_number():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if city not in OPENS_IN:
            raise HTTPException(404)
        if OPENS_IN[city]:
            headers: Any = {"Retry-After": OPENS_IN[city]}
            raise HTTPException(503, headers=headers)
        return {"city": city, "ordered": True}

    return app


@wrong(
    "domain_errors",
    fails="orders_what_is_there",
    says="Expected status 200, got status 404. There is no such route: is its decorator above its function?",
)
def no_route():
    return "E G B I"


@wrong(
    "domain_errors",
    fails="refuses_sold_out_order",
    says="TypeError: exceptions must derive from BaseException",
)
def raises_the_response():
    return "E G B F A D H"


@wrong(
    "domain_errors",
    fails="refuses_unknown_order",
    says="arranged.UnknownItem: There is no item 5612.",
)
def handler_of_one_child():
    return "C G B I A D H"


class _Order(BaseModel):
    item_id: int
    amount: int


def _problem_app(
    *,
    status: int = 201,
    media_type: str = "application/problem+json",
    statuses: tuple[int, int] = (409, 404),
    types: tuple[str, str] = ("urn:sold-out", "urn:unknown"),
    title: str | None = "Refused",
    detail: str | None = None,
) -> FastAPI:
    """An app with problems that differs from a right one in what is named."""
    app = FastAPI()

    @app.exception_handler(ShopError)
    async def refuse(request: Request, error: ShopError) -> JSONResponse:
        kind = int(isinstance(error, UnknownItem))
        body = {
            "type": types[kind],
            "title": title or str(error),
            "status": statuses[kind],
            "detail": detail or str(error),
        }
        return JSONResponse(body, statuses[kind], media_type=media_type)

    @app.post("/orders", status_code=status)
    async def place_order(order: _Order) -> dict[str, int]:
        return {"left": take(order.item_id, order.amount)}

    return app


@wrong(
    "problem_orders",
    fails="takes_orders",
    says="Expected status 201, got status 200. `take` says how many pieces would be left.",
)
def status_200():
    return _problem_app(status=200)


@wrong(
    "problem_orders",
    fails="takes_orders",
    says="Expected status 201, got status 422. The body was refused: `item_id` and `amount` are two whole numbers in one object.",
)
def single_query_parameters():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(item_id: int, amount: int) -> dict[str, int]:
        return {"left": take(item_id, amount)}

    return app


@wrong(
    "problem_orders",
    fails="has_statuses",
    says="Expected status 409, got status 404. Whether it makes sense to try again depends on the kind of refusal.",
)
def one_status_for_both():
    return _problem_app(statuses=(404, 404))


@wrong(
    "problem_orders",
    fails="has_statuses",
    says="workbook_answers_wrong_ch06_error_handling.OutOfStock: Only 0 of cup left.",
)
def no_handler():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: _Order) -> dict[str, int]:
        return {"left": take(order.item_id, order.amount)}

    return app


@wrong(
    "problem_orders",
    fails="is_a_problem",
    says="Expected the media type application/problem+json, got application/json. By it a program knows that the body is a problem, before it reads one.",
)
def plain_json():
    return _problem_app(media_type="application/json")


@wrong(
    "problem_orders",
    fails="is_a_problem",
    says='Expected "detail": "Only 7 of pot left.", got "detail": "That did not work.". `status` repeats the code, and `detail` is what the exception says.',
)
def words_of_its_own():
    return _problem_app(detail="That did not work.")


@wrong(
    "problem_orders",
    fails="is_a_problem",
    says="Expected the media type application/problem+json, got application/json. By it a program knows that the body is a problem, before it reads one.",
)
def http_exceptions():
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: _Order) -> dict[str, int]:
        try:
            return {"left": take(order.item_id, order.amount)}
        except OutOfStock as error:
            raise HTTPException(409, str(error)) from None
        except UnknownItem as error:
            raise HTTPException(404, str(error)) from None

    return app


@wrong(
    "problem_orders",
    fails="names_the_kind",
    says="Expected the same `title` for two cases of one kind, got 'There is no item 1991.' and 'There is no item 8741.'. What differs from case to case belongs into `detail`.",
)
def title_of_the_case():
    return _problem_app(title=None)


@wrong(
    "problem_orders",
    fails="names_the_kind",
    says="Expected a `type` of its own for each kind, got 'about:blank' for both. A program tells the two apart by `type`, without reading any text.",
)
def one_type_for_both():
    return _problem_app(types=("about:blank", "about:blank"))


def _shaped(status: int, message: Any, headers: Any = None) -> JSONResponse:
    return JSONResponse({"error": {"status": status, "message": message}}, status, headers)


def _places(error: RequestValidationError) -> str:
    return "; ".join(".".join(map(str, one["loc"])) + ": " + one["msg"] for one in error.errors())


def _shape_app(
    *,
    refusals: type[Exception] | None = StarletteHTTPException,
    with_headers: bool = True,
    bad_request: Any = _places,
    account: int = 201,
) -> FastAPI:
    """An app with one shape that differs from a right one in what is named."""
    app = FastAPI()

    async def answer_refusal(request: Request, error: Any) -> JSONResponse:
        return _shaped(error.status_code, error.detail, error.headers if with_headers else None)

    async def answer_bad_request(request: Request, error: Any) -> JSONResponse:
        return _shaped(422, bad_request(error))

    if refusals:
        app.add_exception_handler(refusals, answer_refusal)
    if bad_request:
        app.add_exception_handler(RequestValidationError, answer_bad_request)

    @app.post("/accounts", status_code=account)
    async def open_account(new: Registration) -> dict[str, str]:
        return {"email": new.email}

    @app.get("/secrets")
    async def read_secrets() -> None:
        raise HTTPException(401, "Log in first.", {"WWW-Authenticate": "Bearer"})

    return app


@wrong(
    "one_shape",
    fails="shapes_raised",
    says="Expected the header WWW-Authenticate: Bearer, got no WWW-Authenticate header. The header tells a client how to log in; a handler has to pass it on.",
)
def forgets_headers():
    return _shape_app(with_headers=False)


@wrong(
    "one_shape",
    fails="shapes_raised",
    says='Expected the JSON {"error": {"status": 401, "message": "Log in first."}}, got {"detail": "Log in first."}. This is FastAPI\'s own shape: no handler of yours was asked for this exception.',
)
def registers_nothing():
    return _shape_app(refusals=None, bad_request=None)


@wrong(
    "one_shape",
    fails="shapes_the_routers",
    says='Expected the JSON {"error": {"status": 404, "message": "Not Found"}}, got {"detail": "Not Found"}. This is FastAPI\'s own shape: no handler of yours was asked for this exception.',
)
def fastapis_class_only():
    return _shape_app(refusals=HTTPException)


@wrong(
    "one_shape",
    fails="shapes_bad_requests",
    says="Expected a message that names body.password, got 'body.email: Field required'. Without the place the client has to guess which field to mend.",
)
def only_the_first_place():
    return _shape_app(bad_request=lambda error: _places(error).partition(";")[0])


@wrong(
    "one_shape",
    fails="shapes_bad_requests",
    says='Expected an object "error" with the status 422 and a message, got {"error":{"status":422,"message":[{"loc":["body","email"],"msg":"Field required"}]}}. One shape for every refusal: a client reads them all with the same code.',
)
def list_as_message():
    return _shape_app(
        bad_request=lambda error: [{"loc": one["loc"], "msg": one["msg"]} for one in error.errors()]
    )


@wrong(
    "one_shape",
    fails="shapes_bad_requests",
    says="Expected a message without body.password, which was in order, got 'body.email: Field required; body.password: Field required, at least 12 characters'. Somebody would look for a mistake where there is none.",
)
def every_place_each_time():
    text = "body.email: Field required; body.password: Field required, at least 12 characters"
    return _shape_app(bad_request=lambda error: text)


@wrong(
    "one_shape",
    fails="shapes_raised",
    says='Expected the JSON {"error": {"status": 401, "message": "Log in first."}}, got {"error": {"status": 401, "message": "401: Log in first."}}. `str` of the exception puts the status in front; its `detail` is the text alone.',
)
def status_in_the_message():
    app = _shape_app()

    @app.exception_handler(StarletteHTTPException)
    async def answer_refusal(request: Request, error: StarletteHTTPException) -> JSONResponse:
        return _shaped(error.status_code, str(error), error.headers)

    return app


@wrong(
    "one_shape",
    fails="shapes_bad_requests",
    says="Expected a message that says 'Field required', got 'body.email'. A place alone does not say what is wrong there; `msg` does.",
)
def places_without_messages():
    return _shape_app(
        bad_request=lambda error: ", ".join(
            ".".join(map(str, one["loc"])) for one in error.errors()
        )
    )


@wrong(
    "one_shape",
    fails="repeats_nothing",
    says="Expected an answer without the password that was sent, got {\"error\":{\"status\":422,\"message\":\"body.email: Field required[{'type': 'missing', 'loc': ('body', 'email'), 'msg': 'Field …. Answers of error statuses are logged on the way, and read by many.",
)
def whole_error_as_message():
    return _shape_app(bad_request=lambda error: _places(error) + str(error.errors()))


@wrong(
    "one_shape",
    fails="accepts_good_requests",
    says="Expected status 201, got status 200. Handlers are for what goes wrong.",
)
def account_as_200():
    return _shape_app(account=200)


@wrong(
    "one_shape",
    fails="shapes_raised",
    says='Expected an object "error" with the status 400 for a body that is no UTF-8, got status 400 and {"detail":"There was an error parsing the body"}. This is FastAPI\'s own shape: no handler of yours was asked for this exception.',
)
def statuses_one_by_one():
    app = _shape_app(refusals=None)

    @app.exception_handler(401)
    @app.exception_handler(404)
    @app.exception_handler(405)
    async def answer_refusal(request: Request, error: StarletteHTTPException) -> JSONResponse:
        return _shaped(error.status_code, error.detail, error.headers)

    return app


@wrong(
    "one_shape",
    fails="repeats_nothing",
    says='Expected an answer without the email that was sent, got {"error":{"status":422,"message":"body.email: Input should be a valid string, got 420217535; body.password: String shoul …. A password is not all that is private: `input` repeats whatever was sent.',
)
def email_repeated():
    return _shape_app(
        bad_request=lambda error: "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            + (
                f", got {one['input']}"
                if one["loc"][-1] == "email" and "email" in error.body
                else ""
            )
            for one in error.errors()
        )
    )


def _coupon_app(raised: type[Exception], handled: type[Exception] | None, *, data=None) -> FastAPI:
    app = FastAPI()
    discounts = DISCOUNTS if data is None else data

    if handled is not None:

        @app.exception_handler(handled)
        async def answer(request: Request, error: Exception) -> JSONResponse:
            return JSONResponse({"detail": str(error)}, 400)

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, int]:
        if code not in discounts:
            raise raised(f"There is no coupon {code}.")
        return {"percent": int(discounts[code])}

    return app


class UnknownCoupon(Exception): ...


@wrong(
    "honest_errors",
    fails="refuses_unknown_coupon",
    says="workbook_answers_wrong_ch06_error_handling.UnknownCoupon: There is no coupon VKMKXLYP.",
)
def handler_taken_away():
    return _coupon_app(UnknownCoupon, None)


@wrong(
    "honest_errors",
    fails="refuses_unknown_coupon",
    says="Expected status 400, got status 404. This one is the caller's mistake, and the caller can mend it.",
)
def not_found_instead():
    app = FastAPI()

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, int]:
        if code not in DISCOUNTS:
            raise HTTPException(404, f"There is no coupon {code}.")
        return {"percent": int(DISCOUNTS[code])}

    return app


@wrong(
    "honest_errors",
    fails="gives_discount",
    says='Expected the JSON {"percent": 10}, got {"percent": "10"}. A repair keeps what worked.',
)
def discount_as_text():
    app = FastAPI()

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, str]:
        if code not in DISCOUNTS:
            raise HTTPException(400, f"There is no coupon {code}.")
        int(DISCOUNTS[code])
        return {"percent": DISCOUNTS[code]}

    return app


@wrong(
    "honest_errors",
    fails="owns_its_mistakes",
    says="Expected status 500, got status 400. The caller asked for a coupon that exists.",
)
def still_value_error():
    return _coupon_app(ValueError, ValueError)


@wrong(
    "honest_errors",
    fails="owns_its_mistakes",
    says="Expected status 500, got status 200. The stored data is for a colleague to mend. Leave it as it is.",
)
def mends_the_data():
    return _coupon_app(UnknownCoupon, UnknownCoupon, data={"SPRING": "10", "SUMMER": "15"})


@wrong(
    "honest_errors",
    fails="owns_its_mistakes",
    says="Expected an answer that says nothing about the inside, got 'account' in it. Stored data and messages of Python are for the log, where only you read them.",
)
def tells_the_inside():
    app = FastAPI()

    @app.exception_handler(Exception)
    async def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 500)

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, int]:
        if code not in DISCOUNTS:
            raise HTTPException(400, f"There is no coupon {code}.")
        return {"percent": int(DISCOUNTS[code])}

    return app


async def _rows(city: str, *, last: bool = True) -> AsyncIterator[str]:
    sent, complete = 0, True
    try:
        for row in ORDERS[city]:
            item_id, amount = row.split(",")
            yield json.dumps({"item_id": int(item_id), "amount": int(amount)}) + "\n"
            sent += 1
    except ValueError:
        complete = False
    if last:
        yield json.dumps({"complete": complete, "rows": sent}) + "\n"


@wrong(
    "honest_export",
    fails="refuses_before_the_stream",
    says="RuntimeError: Caught handled exception, but response already started.",
)
def refuses_in_the_generator():
    app = FastAPI()

    async def lines(city: str) -> AsyncIterator[str]:
        if city not in ORDERS:
            raise HTTPException(404)
        async for line in _rows(city):
            yield line

    @app.get("/exports/{city}")
    async def export(city: str) -> StreamingResponse:
        return StreamingResponse(lines(city))

    return app


@wrong(
    "honest_export",
    fails="refuses_before_the_stream",
    says="Expected status 404, got status 200. An empty export says that the city has no orders, not that it has no shop.",
)
def unknown_city_is_empty():
    app = FastAPI()

    @app.get("/exports/{city}")
    async def export(city: str) -> StreamingResponse:
        return StreamingResponse(_rows(city if city in ORDERS else "oslo"))

    return app


@wrong(
    "honest_export",
    fails="says_complete",
    says='Expected {"complete": true, "rows": 3} as line 4 of london, got the end of the export. The last line is how a client knows a whole export from half of one.',
)
def no_last_line():
    app = FastAPI()

    @app.get("/exports/{city}")
    async def export(city: str) -> StreamingResponse:
        if city not in ORDERS:
            raise HTTPException(404)
        return StreamingResponse(_rows(city, last=False))

    return app


@wrong(
    "honest_export",
    fails="says_incomplete",
    says="ValueError: invalid literal for int() with base 10: 'two'",
)
def breaks_off():
    app = FastAPI()

    async def lines(city: str) -> AsyncIterator[str]:
        for row in ORDERS[city]:
            item_id, amount = row.split(",")
            yield json.dumps({"item_id": int(item_id), "amount": int(amount)}) + "\n"
        yield json.dumps({"complete": True, "rows": len(ORDERS[city])}) + "\n"

    @app.get("/exports/{city}")
    async def export(city: str) -> StreamingResponse:
        if city not in ORDERS:
            raise HTTPException(404)
        return StreamingResponse(lines(city))

    return app


@wrong(
    "honest_export",
    fails="says_incomplete",
    says='Expected {"complete": false, "rows": 1} as line 2 of paris, got {"item_id": 1, "amount": 1}. The last line is how a client knows a whole export from half of one.',
)
def leaves_the_bad_row_out():
    app = FastAPI()

    async def lines(city: str) -> AsyncIterator[str]:
        sent = 0
        for row in ORDERS[city]:
            item_id, amount = row.split(",")
            if amount.isdigit():
                yield json.dumps({"item_id": int(item_id), "amount": int(amount)}) + "\n"
                sent += 1
        yield json.dumps({"complete": True, "rows": sent}) + "\n"

    @app.get("/exports/{city}")
    async def export(city: str) -> StreamingResponse:
        if city not in ORDERS:
            raise HTTPException(404)
        return StreamingResponse(lines(city))

    return app


@wrong(
    "honest_export",
    fails="says_complete",
    says="Expected a stream, whose length nobody knows at its start, got one piece of 114 bytes. An export may be larger than the memory; the rows go out one by one.",
)
def sent_in_one_piece():
    app = FastAPI()

    @app.get("/exports/{city}")
    async def export(city: str) -> Response:
        if city not in ORDERS:
            raise HTTPException(404)
        return Response("".join([line async for line in _rows(city)]))

    return app


def _socket_app(caught: tuple[type[Exception], ...], *, reply: bool = True) -> FastAPI:
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            try:
                order = _Order.model_validate_json(text)
                left = take(order.item_id, order.amount)
            except caught as error:
                if reply:
                    await socket.send_json({"error": str(error)})
            else:
                await socket.send_json({"left": left})

    return app


@wrong(
    "patient_socket",
    fails="serves_orders",
    says='Expected an answer to \'{"item_id": 3, "amount": 7}\', got the end of the connection. One message, good or bad, is no reason to hang up.',
)
def one_order_only():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        order = await socket.receive_json()
        await socket.send_json({"left": take(order["item_id"], order["amount"])})
        await socket.close()

    return app


@wrong(
    "patient_socket",
    fails="survives_nonsense",
    says="Expected an answer to 'qfdjozmt', got the end of the connection. One message, good or bad, is no reason to hang up.",
)
def reads_json_unguarded():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            order = await socket.receive_json()
            try:
                await socket.send_json({"left": take(order["item_id"], order["amount"])})
            except (KeyError, TypeError, ShopError) as error:
                await socket.send_json({"error": str(error)})

    return app


@wrong(
    "patient_socket",
    fails="survives_nonsense",
    says="Expected an answer to 'qfdjozmt', got silence for two seconds. Whoever sends a message waits for an answer.",
)
def ignores_in_silence():
    return _socket_app((ValueError, ShopError), reply=False)


@wrong(
    "patient_socket",
    fails="survives_other_shapes",
    says="Expected an answer to '{\"item\": 2}', got the end of the connection. One message, good or bad, is no reason to hang up.",
)
def guards_json_only():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            try:
                order = json.loads(text)
            except ValueError:
                await socket.send_json({"error": "no JSON"})
                continue
            try:
                await socket.send_json({"left": take(order["item_id"], order["amount"])})
            except ShopError as error:
                await socket.send_json({"error": str(error)})

    return app


@wrong(
    "patient_socket",
    fails="survives_refusals",
    says='Expected an answer to \'{"item_id": 7289, "amount": 1}\', got the end of the connection. One message, good or bad, is no reason to hang up.',
)
def forgets_the_shop():
    return _socket_app((ValueError,))


@wrong(
    "patient_socket",
    fails="serves_orders",
    says="Expected a WebSocket at /orders that opens, got a refusal with status 403. There has to be a `websocket` route with that path, and it has to `accept()`.",
)
def never_accepts():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        async for text in socket.iter_text():
            await socket.send_json({"sent": text})

    return app


@wrong(
    "patient_socket",
    fails="serves_orders",
    says='Expected an answer to \'{"item_id": 1, "amount": 6}\', got a binary message. The answers of today are text, and a customer\'s app reads text.',
)
def answers_in_bytes():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            order = _Order.model_validate_json(text)
            left = take(order.item_id, order.amount)
            await socket.send_bytes(json.dumps({"left": left}).encode())

    return app


@wrong(
    "patient_socket",
    fails="lets_clients_leave",
    says="Expected code that knows `WebSocketDisconnect`, got none that names it. A client that leaves raises it. Uncaught, or caught as one more bad message, it puts an error into the log for every customer who goes.",
)
def answers_those_who_left():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            try:
                order = await socket.receive_json()
                await socket.send_json({"left": take(order["item_id"], order["amount"])})
            except Exception as error:  # noqa: BLE001 - the mistake that is stored here
                await socket.send_json({"error": str(error) or "no order"})

    return app


@wrong(
    "patient_socket",
    fails="lets_clients_leave",
    says="Expected a `WebSocketDisconnect` that ends the loop, got one that sends an answer to a client that has left. Nothing can be read from such a socket or sent to it: the next try raises, and there is an error in the log for every customer who goes.",
)
def answers_those_who_left_by_name():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            try:
                order = _Order.model_validate_json(await socket.receive_text())
                await socket.send_json({"left": take(order.item_id, order.amount)})
            except (ValueError, ShopError, WebSocketDisconnect) as error:
                await socket.send_json({"error": str(error) or "no order"})

    return app


@wrong(
    "patient_socket",
    fails="lets_clients_leave",
    says="Expected a `WebSocketDisconnect` that ends the loop, got one after which the loop goes on. Nothing can be read from such a socket or sent to it: the next try raises, and there is an error in the log for every customer who goes.",
)
def waits_for_those_who_left():
    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            try:
                order = _Order.model_validate_json(await socket.receive_text())
                await socket.send_json({"left": take(order.item_id, order.amount)})
            except (ValueError, ShopError) as error:
                await socket.send_json({"error": str(error)})
            except WebSocketDisconnect:
                continue

    return app

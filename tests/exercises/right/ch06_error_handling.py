"""Right answers to the exercises of chapter 6, written differently from the solutions."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import (
    Body,
    Depends,
    FastAPI,
    HTTPException,
    Path,
    Request,
    Response,
    WebSocket,
    WebSocketDisconnect,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from workbook.proofs import right

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


@right("sold_out")
def is_none_and_a_dependency():
    def known_item(item_id: Annotated[int, Path(gt=0)]) -> int:
        if NAMES.get(item_id) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"No item has the number {item_id}")
        return item_id

    app = FastAPI()
    item = Annotated[int, Depends(known_item)]

    @app.get("/stock/{item_id}")
    def count_pieces(item_id: item):
        return {"left": STOCK[item_id]}

    @app.get("/prices/{item_id}")
    def read_price(item_id: item):
        return {"price": PRICES[item_id]}

    return app


@right("sold_out")
def key_error_becomes_a_404():
    app = FastAPI()

    @app.get("/stock/{item_id}")
    async def count_pieces(item_id: int = Path(ge=1)):  # noqa: FAST002 - the older style
        try:
            return {"left": STOCK[item_id]}
        except KeyError:
            raise HTTPException(404, detail={"item_id": item_id}) from None

    @app.get("/prices/{item_id}")
    async def read_price(item_id: int = Path(ge=1)):  # noqa: FAST002 - the older style
        try:
            return {"price": PRICES[item_id]}
        except KeyError:
            raise HTTPException(404, detail={"item_id": item_id}) from None

    return app


@right("closed_shop")
def answers_without_exceptions():
    app = FastAPI()

    @app.post("/shops/{city}/orders")
    async def order_in(city: str, response: Response) -> dict[str, Any]:
        seconds = OPENS_IN.get(city)
        if seconds is None:
            response.status_code = 404
            return {"error": "no such shop"}
        if seconds:
            response.status_code = 503
            response.headers["retry-after"] = f"{seconds}"
            return {"error": "closed"}
        return {"city": city, "ordered": True}

    return app


@right("closed_shop")
def an_exception_with_a_handler():
    class Closed(Exception): ...

    app = FastAPI()

    @app.exception_handler(Closed)
    async def refuse(request: Request, error: Closed) -> JSONResponse:
        return JSONResponse({"error": "closed"}, 503, {"Retry-After": str(error)})

    @app.post("/shops/{city}/orders")
    async def order_in(city: str) -> dict[str, Any]:
        if (seconds := OPENS_IN.get(city)) is None:
            raise HTTPException(404)
        if seconds:
            raise Closed(seconds)
        return {"city": city, "ordered": True}

    return app


@right("domain_errors")
def route_first():
    return "A D H E G B I"


@right("problem_orders")
def one_handler_with_a_table():
    kinds: dict[type[ShopError], tuple[int, str]] = {
        UnknownItem: (404, "No such item"),
        OutOfStock: (409, "Too few pieces"),
    }
    app = FastAPI()

    @app.exception_handler(ShopError)
    def refuse(request: Request, error: ShopError) -> Response:
        status, title = kinds[type(error)]
        body = {
            "type": f"https://shop.example/problems/{status}",
            "title": title,
            "status": status,
            "detail": error.args[0],
            "instance": request.url.path,
        }
        return Response(
            json.dumps(body), status, media_type="application/problem+json; charset=utf-8"
        )

    @app.post("/orders", status_code=HTTPStatus.CREATED)
    def place_order(item_id: Annotated[int, Body()], amount: Annotated[int, Body()]):
        return {"left": take(item_id, amount)}

    return app


@right("problem_orders")
def caught_in_the_endpoint():
    class Order(BaseModel):
        item_id: int
        amount: int

    app = FastAPI()

    def problem(kind: str, status: int, detail: str) -> JSONResponse:
        body = {"type": kind, "title": kind.title(), "status": status, "detail": detail}
        return JSONResponse(body, status, media_type="application/problem+json")

    @app.post("/orders")
    async def place_order(order: Order):
        try:
            left = take(**order.model_dump())
        except UnknownItem as error:
            return problem("unknown", 404, str(error))
        except OutOfStock as error:
            return problem("sold-out", 409, str(error))
        return JSONResponse({"left": left}, 201)

    return app


@right("one_shape")
def handlers_in_the_constructor():
    def shaped(status: int, message: str, headers: Any = None) -> JSONResponse:
        return JSONResponse({"error": {"status": status, "message": message}}, status, headers)

    async def refuse(request: Request, error: Any) -> JSONResponse:
        return shaped(error.status_code, error.detail, error.headers)

    async def refuse_request(request: Request, error: Any) -> JSONResponse:
        lines = [f"{'.'.join(str(p) for p in e['loc'])} {e['msg']}" for e in error.errors()]
        return shaped(422, "\n".join(lines))

    app = FastAPI(
        exception_handlers={
            StarletteHTTPException: refuse,
            RequestValidationError: refuse_request,
        }
    )

    @app.post("/accounts", status_code=201)
    def open_account(new: Registration) -> dict[str, str]:
        return {"email": new.email}

    @app.get("/secrets")
    def read_secrets() -> None:
        raise HTTPException(401, "Log in first.", {"WWW-Authenticate": "Bearer"})

    return app


@right("honest_errors")
def http_exception_and_a_last_resort():
    app = FastAPI()

    @app.exception_handler(Exception)
    async def sorry(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "Something went wrong."}, 500)

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, int]:
        if code not in DISCOUNTS:
            raise HTTPException(400, f"There is no coupon {code}.")
        return {"percent": int(DISCOUNTS[code])}

    return app


@right("honest_errors")
def child_of_value_error():
    class UnknownCoupon(ValueError): ...

    app = FastAPI()

    @app.exception_handler(UnknownCoupon)
    async def refuse(request: Request, error: UnknownCoupon) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 400)

    @app.get("/coupons/{code}")
    async def read_discount(code: str) -> dict[str, int]:
        if code not in DISCOUNTS:
            raise UnknownCoupon(f"There is no coupon {code}.")
        return {"percent": int(DISCOUNTS[code])}

    return app


@right("honest_export")
def plain_generator_and_a_dependency():
    app = FastAPI()

    def orders_of(city: str) -> list[str]:
        if city not in ORDERS:
            raise HTTPException(404)
        return ORDERS[city]

    def lines(rows: list[str]):
        number = 0
        for number, row in enumerate(rows, 1):
            try:
                item_id, amount = map(int, row.split(","))
            except ValueError:
                yield b'{"rows": %d, "complete": false}\n' % (number - 1)
                return
            yield b'{"amount": %d, "item_id": %d}\n' % (amount, item_id)
        yield b'{"rows": %d, "complete": true}\n' % number

    @app.get("/exports/{city}")
    def export(rows: Annotated[list[str], Depends(orders_of)]) -> StreamingResponse:
        return StreamingResponse(lines(rows))

    return app


@right("honest_export")
def json_lines_endpoint():
    class Row(BaseModel):
        item_id: int
        amount: int

    app = FastAPI()

    def known(city: str) -> str:
        if city not in ORDERS:
            raise HTTPException(404, "No shop there.")
        return city

    @app.get("/exports/{city}")
    async def export(city: Annotated[str, Depends(known)]) -> AsyncIterator[dict[str, Any]]:
        sent = 0
        for row in ORDERS[city]:
            item_id, amount = row.split(",")
            try:
                order = Row(item_id=item_id, amount=amount)
            except ValidationError:
                yield {"complete": False, "rows": sent}
                return
            yield order.model_dump()
            sent += 1
        yield {"complete": True, "rows": sent}

    return app


@right("patient_socket")
def checks_by_hand():
    app = FastAPI()

    def answer(text: str) -> dict[str, Any]:
        try:
            order = json.loads(text)
            return {"left": take(int(order["item_id"]), int(order["amount"]))}
        except (ValueError, KeyError, TypeError):
            return {"error": "no order", "sent": len(text)}
        except ShopError as error:
            return {"error": error.args[0]}

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(json.dumps(answer(text)))

    return app


@right("patient_socket")
def under_another_name_in_one_clause():
    from starlette.websockets import WebSocketDisconnect as Left

    class Order(BaseModel):
        item_id: int
        amount: int

    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            try:
                order = Order.model_validate_json(await socket.receive_text())
                await socket.send_json({"left": take(order.item_id, order.amount)})
            except Exception as error:  # noqa: BLE001 - one clause for all that can go wrong
                if isinstance(error, Left):
                    return
                await socket.send_json({"error": str(error)})

    return app


@right("patient_socket")
def a_flag_that_ends_the_loop():
    class Order(BaseModel):
        item_id: int
        amount: int

    app = FastAPI()

    @app.websocket("/orders")
    async def take_orders(socket: WebSocket) -> None:
        await socket.accept()
        connected = True
        while connected:
            try:
                order = Order.model_validate_json(await socket.receive_text())
                await socket.send_json({"left": take(order.item_id, order.amount)})
            except (ValueError, ShopError) as error:
                await socket.send_json({"error": str(error)})
            except WebSocketDisconnect:
                connected = False

    return app

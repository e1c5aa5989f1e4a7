"""What an adapter serves, and what it says of an object that it can't serve."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from workbook.adapters import WrongKind, arranged, plain_function, pydantic_model
from workbook.client import Client, client

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    """A model with a bound and an alias."""

    model_config = ConfigDict(alias_generator=to_camel)

    item_id: Annotated[int, Field(ge=1)]
    price: Decimal = Decimal("1.50")


@dataclass
class Parcel:
    """A dataclass that checks."""

    weight: float


async def answer(http: Client, document: Any) -> tuple[int, Any]:
    """The status and the JSON of the answer to a document."""
    response = await http.post("/", json=document)
    return response.status_code, response.json()


async def test_model_answers_by_alias() -> None:
    """A good document comes back with its defaults, in JSON's own types."""
    async with client(pydantic_model(Order)) as http:
        assert await answer(http, {"itemId": "7"}) == (200, {"itemId": 7, "price": "1.50"})


async def test_model_refuses_with_its_errors() -> None:
    """A bad document is a 422 that says where and what."""
    async with client(pydantic_model(Order)) as http:
        status, body = await answer(http, {"itemId": 0})
    assert status == 422
    assert [(one["loc"], one["type"]) for one in body["detail"]] == [
        (["itemId"], "greater_than_equal")
    ]


@pytest.mark.parametrize(
    ("value", "document", "expected"),
    [
        (Annotated[Decimal, Field(gt=0)], "0.10", "0.10"),
        (TypeAdapter(list[int]), ["1"], [1]),
        (Parcel, {"weight": "2"}, {"weight": 2.0}),
        (int | None, "7", 7),
    ],
)
async def test_types_are_served_like_models(value: Any, document: Any, expected: Any) -> None:
    """An annotated type, an adapter, a dataclass and a union need no model around them."""
    async with client(pydantic_model(value)) as http:
        assert await answer(http, document) == (200, expected)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            Order.model_validate({"itemId": 1}),
            "This is one Order object. Pass the class: `Order`, without",
        ),
        (FastAPI(), "This is an app."),
        (len, "This is the function len."),
        ("Order", "This is a str, not a model. Pass the model itself, without quotes."),
        ({"itemId": 1}, "This is a dict, not a model. Pass the model itself."),
        (3, "This is an int, not a model."),
        (object(), "Pydantic can't validate with object"),
    ],
)
def test_what_is_no_model(value: Any, says: str) -> None:
    """The message names what was given and what to pass instead."""
    with pytest.raises(WrongKind, match=says.replace(".", r"\.").replace("(", r"\(")):
        pydantic_model(value)


async def test_function_gets_arguments_and_answers_json() -> None:
    """Arguments come as a list; both kinds of function are called."""

    def double(price: str) -> Decimal:
        return 2 * Decimal(price)

    async def add(one: int, other: int) -> int:
        return one + other

    async with client(plain_function(double)) as http:
        assert await answer(http, ["0.10"]) == (200, "0.20")
    async with client(plain_function(add)) as http:
        assert await answer(http, [1, 2]) == (200, 3)


async def test_function_that_refuses_is_a_422() -> None:
    """A `ValidationError` is an answer; anything else is the function's own mistake."""

    def read(item_id: int) -> Order:
        return Order.model_validate({"itemId": item_id})

    async with client(plain_function(read), log_app_exceptions=False) as http:
        assert (await answer(http, [0]))[0] == 422
        assert (await http.post("/", json=[1, 2])).status_code == 500


@pytest.mark.parametrize("value", [Order, "read", 3, FastAPI()])
def test_what_is_no_function(value: Any) -> None:
    """Only a function can be called with arguments."""
    with pytest.raises(WrongKind, match="Pass the function"):
        plain_function(value)


def test_coroutine_is_told_to_be_passed_uncalled() -> None:
    """Calling the function in the check is a common slip."""

    async def read() -> None: ...

    with pytest.raises(WrongKind, match="without parentheses"):
        plain_function(read())


async def test_arranged_lines_may_build_a_model() -> None:
    """What the lines bind is handed to the adapter that was named."""
    serve = arranged(
        {"A": "    weight: float", "B": "class Box(BaseModel):"},
        build="Box",
        given="from pydantic import BaseModel",
        serve_built=pydantic_model,
    )
    async with client(serve("B A")) as http:
        assert await answer(http, {"weight": 2}) == (200, {"weight": 2.0})
    with pytest.raises(WrongKind, match="make nothing called `Box`"):
        serve("")

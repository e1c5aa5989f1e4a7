"""Right answers to the exercises of chapter 3, written differently from the solutions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, TypedDict

import httpx
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import (
    AfterValidator,
    AliasChoices,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    Tag,
    TypeAdapter,
    computed_field,
    model_validator,
)
from pydantic.dataclasses import dataclass

from workbook.proofs import right


class CustomerRow:
    """A row of the chapter's set-up cell."""

    def __init__(self, id: int, display_name: str) -> None:
        self.id = id
        self.display_name = display_name
        self.hashed_password = f"hash-{id}"


CUSTOMERS = {7: CustomerRow(7, "Ada"), 8: CustomerRow(8, "Grace")}


@right("parcel_fields")
def as_a_dataclass():
    @dataclass
    class Parcel:
        weight: float
        note: Optional[str]  # noqa: UP045 - the old spelling is a right answer, too
        express: bool = False
        gift_text: str | None = Field(default=None)

    return Parcel


@right("exact_price")
def checked_by_functions():
    def to_ten_thousand(price: Decimal) -> Decimal:
        if not 0 < price <= 10_000:
            raise ValueError("a price is more than 0 and at most 10000")
        return price

    def in_cents(price: Decimal) -> Decimal:
        if price != price.quantize(Decimal("0.01")):
            raise ValueError("nobody can pay fractions of a cent")
        return price

    return Annotated[Decimal, AfterValidator(to_ten_thousand), AfterValidator(in_cents)]


@right("blank_names")
def by_constraints():
    class NamedItem(BaseModel):
        name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]

    return NamedItem


@right("blank_names")
def by_configuration():
    class NamedItem(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True, str_min_length=2)

        name: str

    return NamedItem


@right("tags_from_text")
def without_classmethod():
    return "E C J G I B F"


@right("quiet_refusals")
def with_the_input_taken_out():
    class Registration(BaseModel):
        username: str
        password: str = Field(min_length=8)

    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        detail = [dict(one) for one in error.errors()]
        for one in detail:
            one.pop("input", None)
            one.pop("ctx", None)
        return JSONResponse({"detail": detail}, 422)

    @app.post("/registrations", status_code=201, response_model_exclude={"password"})
    def register(data: Registration) -> Registration:
        return data

    return app


@right("customer_rows")
def by_returning_the_row():
    class CustomerAnswer(BaseModel):
        id: int
        display_name: str

    app = FastAPI()

    @app.get("/customers/{customer_id}", response_model=CustomerAnswer)
    async def read_customer(customer_id: int) -> Any:
        if customer_id not in CUSTOMERS:
            raise HTTPException(404)
        return CUSTOMERS[customer_id]

    return app


@right("camel_orders")
def with_choices_for_each_field():
    class CamelOrder(BaseModel):
        item_id: int = Field(
            validation_alias=AliasChoices("itemId", "item_id"), serialization_alias="itemId"
        )
        gift_note: str = Field(
            default="",
            validation_alias=AliasChoices("giftNote", "gift_note"),
            serialization_alias="giftNote",
        )
        amount: int = Field(default=1, validation_alias=AliasChoices("amount", "qty"))

    return CamelOrder


@right("camel_orders")
def with_the_old_name_of_the_setting():
    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(map(str.title, rest))

    class CamelOrder(BaseModel):
        model_config = ConfigDict(alias_generator=camel, populate_by_name=True)

        item_id: int
        gift_note: str = ""
        amount: int = 1

        @model_validator(mode="before")
        @classmethod
        def read_old_name(cls, document: Any) -> Any:
            if isinstance(document, dict) and "qty" in document:
                document = {**document, "amount": document["qty"]}
            return document

    return CamelOrder


@right("day_total")
def with_typed_dictionaries():
    class Order(TypedDict):
        price: Annotated[Decimal, Field(gt=0)]
        amount: PositiveInt

    orders: TypeAdapter[Sequence[Order]] = TypeAdapter(list[Order])

    async def day_total(raw: str) -> Decimal:
        total = Decimal()
        for order in orders.validate_json(raw):
            total += order["price"] * order["amount"]
        return total

    return day_total


@right("price_patch")
def with_what_was_set():
    class ItemChange(BaseModel):
        name: str = ""
        description: str | None = None
        price: float = Field(default=1, gt=0)

    stored: dict[int, dict[str, Any]] = {}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        stored[item_id] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return stored[item_id]

    @app.patch("/items/{item_id}")
    async def change_item(item_id: int, change: ItemChange) -> dict[str, Any]:
        sent = {name: getattr(change, name) for name in change.model_fields_set}
        stored[item_id] |= sent
        return stored[item_id]

    return app


@right("price_patch_test")
def by_two_items():
    async def test_price_patch(http: httpx.AsyncClient) -> None:
        item = {"name": "cup", "description": "white", "price": 4.0}
        for number, change in ((3, {"price": 5.0}), (4, {"description": None})):
            await http.put(f"/items/{number}", json=item)
            changed = await http.patch(f"/items/{number}", json=change)
            assert changed.status_code == 200
            assert changed.json() == {**item, **change}

    return test_price_patch


@right("basket")
def with_named_types():
    known_only = ConfigDict(extra="forbid")

    class Line(BaseModel):
        model_config = known_only

        item_id: PositiveInt
        amount: Annotated[NonNegativeInt, Field(gt=0, lt=100)] = 1

    class Basket(BaseModel):
        model_config = known_only

        lines: Annotated[list[Line], Field(min_length=1, max_length=20)]
        gift_page: AnyHttpUrl | None = Field(default=None)

    return Basket


@right("payment_kinds")
def with_tags():
    class Card(BaseModel):
        kind: Literal["card"]
        last_digits: str

    class Voucher(BaseModel):
        kind: Literal["voucher"]
        code: str

    def kind_of(value: Any) -> str | None:
        return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)

    return Annotated[
        Annotated[Card, Tag("card")] | Annotated[Voucher, Tag("voucher")], Discriminator(kind_of)
    ]


@right("payment_kinds")
def as_a_model_field():
    class Card(BaseModel):
        kind: Literal["card"] = "card"
        last_digits: str

    class Voucher(BaseModel):
        kind: Literal["voucher"] = "voucher"
        code: str

    return TypeAdapter(Annotated[Card | Voucher, Field(discriminator="kind")])


@right("sale_period")
def checked_by_assertion():
    class SalePeriod(BaseModel):
        model_config = ConfigDict(extra="forbid")

        starts: date
        ends: date

        @model_validator(mode="after")
        def check(self):
            assert self.starts <= self.ends, "it ends before it starts"
            return self

        @computed_field
        def days(self) -> int:
            return self.ends.toordinal() - self.starts.toordinal() + 1

    return SalePeriod


@right("day_total")
def with_the_adapter_as_a_default():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    def day_total(raw: str, orders: TypeAdapter[list[Order]] = TypeAdapter(list[Order])) -> Decimal:  # noqa: B008 - made once, when the function is
        return sum((one.price * one.amount for one in orders.validate_json(raw)), Decimal(0))

    return day_total

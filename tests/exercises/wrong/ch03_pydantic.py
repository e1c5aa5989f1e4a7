"""Wrong answers to the exercises of chapter 3, and what each is told."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from workbook.proofs import wrong


class CustomerRow:
    """A row of the chapter's set-up cell."""

    def __init__(self, id: int, display_name: str) -> None:
        self.id = id
        self.display_name = display_name
        self.hashed_password = f"hash-{id}"


CUSTOMERS = {7: CustomerRow(7, "Ada"), 8: CustomerRow(8, "Grace")}


# parcel_fields


@wrong(
    "parcel_fields",
    fails="weight_is_required",
    says="Expected status 422, got status 200. A parcel without a weight can't be priced: a field without a default is required.",
)
def with_a_weight_of_nothing():
    class Parcel(BaseModel):
        weight: float = 0
        note: str | None
        express: bool = False
        gift_text: str | None = None

    return Parcel


@wrong(
    "parcel_fields",
    fails="note_is_nullable",
    says="Expected status 422, got status 200. The sender has to say it, if only with null: a default makes a field optional.",
)
def with_a_note_that_may_be_missing():
    class Parcel(BaseModel):
        weight: float
        note: str | None = None
        express: bool = False
        gift_text: str | None = None

    return Parcel


@wrong(
    "parcel_fields",
    fails="note_is_nullable",
    says="Expected status 200, got status 422. The type of `note` does not allow None yet.",
)
def with_a_note_that_is_text():
    class Parcel(BaseModel):
        weight: float
        note: str
        express: bool = False
        gift_text: str | None = None

    return Parcel


@wrong(
    "parcel_fields",
    fails="express_is_optional",
    says="Expected status 422, got status 200. A yes-or-no that may be null has three values, and the third means nothing here.",
)
def with_three_kinds_of_express():
    class Parcel(BaseModel):
        weight: float
        note: str | None
        express: bool | None = False
        gift_text: str | None = None

    return Parcel


@wrong(
    "parcel_fields",
    fails="express_is_optional",
    says="Expected status 200, got status 422. A field without a default is required.",
)
def with_express_required():
    class Parcel(BaseModel):
        weight: float
        note: str | None
        express: bool
        gift_text: str | None = None

    return Parcel


@wrong(
    "parcel_fields",
    fails="gift_text_is_both",
    says='Expected "gift_text": null, got "gift_text": "". Both mean the same here: there is no card in the parcel.',
)
def with_an_empty_gift_text():
    class Parcel(BaseModel):
        weight: float
        note: str | None
        express: bool = False
        gift_text: str | None = ""

    return Parcel


@wrong(
    "parcel_fields",
    fails="note_is_nullable",
    says="Expected status 422, got status 200. A note is a text or null: to allow null is not to allow everything.",
)
def with_a_note_that_may_be_anything():
    class Parcel(BaseModel):
        weight: float
        note: Any
        express: bool = False
        gift_text: str | None = None

    return Parcel


# exact_price


@wrong(
    "exact_price",
    fails="keeps_every_cent",
    says='Expected the JSON "0.10", got 0.1. The price has become a binary number: `float` can\'t hold most prices exactly.',
)
def as_a_float():
    return Annotated[float, Field(gt=0, le=10_000)]


@wrong(
    "exact_price",
    fails="refuses_free",
    says="Expected status 422, got status 200. With a price of zero or less, the shop pays its customers.",
)
def from_zero_on():
    return Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2)]


@wrong(
    "exact_price",
    fails="refuses_half_a_cent",
    says="Expected status 422, got status 200. Nobody can pay half a cent, and rounding in silence changes a price.",
)
def with_any_number_of_places():
    return Annotated[Decimal, Field(gt=0, le=10_000)]


@wrong(
    "exact_price",
    fails="bounds_the_price",
    says="Expected status 200, got status 422. `lt` leaves the bound out; with `le` it is in.",
)
def without_the_bound():
    return Annotated[Decimal, Field(gt=0, lt=10_000, decimal_places=2)]


@wrong(
    "exact_price",
    fails="bounds_the_price",
    says="Expected status 422, got status 200. The type says which values make sense, and 10000.01 is none of them.",
)
def without_an_upper_bound():
    return Annotated[Decimal, Field(gt=0, decimal_places=2)]


@wrong(
    "exact_price",
    fails="keeps_every_cent",
    says="Expected status 200, got status 422. This is a good price: more than 0, at most 10000, with two decimal places.",
)
def with_one_decimal_place():
    return Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=1)]


@wrong(
    "exact_price",
    fails="keeps_every_cent",
    says="Expected status 200, got status 422. This is a good price: more than 0, at most 10000, with two decimal places.",
)
def with_a_smallest_price():
    return Annotated[Decimal, Field(ge=Decimal("0.05"), le=10_000, decimal_places=2)]


# blank_names


@wrong(
    "blank_names",
    fails="refuses_blank_names",
    says="Expected status 422, got status 200. The length was measured before the spaces were taken off, so spaces counted.",
)
def as_it_was_found():
    class NamedItem(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            if len(value) < 2:
                raise ValueError("name too short")
            return value.strip()

    return NamedItem


@wrong(
    "blank_names",
    fails="keeps_the_inner_space",
    says='Expected the JSON {"name": "nkgyvuql zzpifwte"}, got {"name": "nkgyvuqlzzpifwte"}. A repair keeps what worked: `  green tea ` is stored as `green tea`.',
)
def without_any_space():
    class NamedItem(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            value = value.replace(" ", "")
            if len(value) < 2:
                raise ValueError("name too short")
            return value

    return NamedItem


@wrong(
    "blank_names",
    fails="keeps_the_inner_space",
    says='Expected the JSON {"name": "nkgyvuql zzpifwte"}, got {"name": "  nkgyvuql zzpifwte "}. A repair keeps what worked: `  green tea ` is stored as `green tea`.',
)
def measured_but_not_kept():
    class NamedItem(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            if len(value.strip()) < 2:
                raise ValueError("name too short")
            return value

    return NamedItem


@wrong(
    "blank_names",
    fails="accepts_two_letters",
    says="Expected status 200, got status 422. The bound belongs to the range.",
)
def longer_than_two():
    class NamedItem(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            value = value.strip()
            if len(value) <= 2:
                raise ValueError("name too short")
            return value

    return NamedItem


@wrong(
    "blank_names",
    fails="keeps_the_inner_space",
    says='Expected the JSON {"name": "vwdlhizy  tdahsveu"}, got {"name": "vwdlhizy tdahsveu"}. Only the spaces around a name are taken off.',
)
def that_squeezes_the_inside():
    class NamedItem(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def name_must_be_meaningful(cls, value: str) -> str:
            squeezed = " ".join(value.split())
            if len(squeezed) < 2:
                raise ValueError("name too short")
            return squeezed

    return NamedItem


# tags_from_text


@wrong(
    "tags_from_text",
    fails="splits_text",
    says="Expected status 200, got status 422. The text was checked against `list[str]` before your function could split it.",
)
def after_the_type_was_checked():
    return "E C D A G I B F"


@wrong(
    "tags_from_text",
    fails="keeps_lists",
    says="Expected status 200, got status 422. Your function returned nothing for a list, so the field was checked with None.",
)
def without_the_last_line():
    return "E C J A G I B"


@wrong(
    "tags_from_text",
    fails="refuses_numbers",
    says="Expected status 422, got status 200. The validator prepares the value; the type of the field still decides.",
)
def with_any_type():
    return "E H J A G I B F"


# quiet_refusals


def registering(model: type[BaseModel], handler: Any = None, answer: Any = None) -> FastAPI:
    """The app of the exercise, with a learner's model, handler and answer."""
    app = FastAPI()
    if handler is not None:
        app.add_exception_handler(RequestValidationError, handler)

    async def register(data: Any) -> Any:
        return data

    register.__annotations__["data"] = model
    app.post("/registrations", status_code=201, response_model=answer or model)(register)
    return app


class Registration(BaseModel):
    username: str
    password: str = Field(min_length=8)


class SecretRegistration(BaseModel):
    username: str
    password: Annotated[SecretStr, Field(min_length=8)]


class RegistrationOut(BaseModel):
    username: str


@wrong(
    "quiet_refusals",
    fails="answers_without_password",
    says="Expected an answer that does not repeat the password, got one that does. What came in as a secret must not go out as an answer.",
)
def with_the_registration_sent_back():
    return registering(Registration)


@wrong(
    "quiet_refusals",
    fails="answers_without_password",
    says="Expected an answer without a field `password`, got the fields username, password. Even a row of stars tells a client nothing; leave the field out of the answer.",
)
def with_a_row_of_stars():
    return registering(SecretRegistration)


@wrong(
    "quiet_refusals",
    fails="refuses_quietly",
    says="Expected an answer that does not repeat the password, got one that does. `input` repeats what was sent, whatever its type; answers are kept in logs and browsers.",
)
def with_a_secret_and_no_handler():
    return registering(SecretRegistration, answer=RegistrationOut)


@wrong(
    "quiet_refusals",
    fails="refuses_the_rest_quietly",
    says="Expected an answer that does not repeat the password, got one that does. When a field is missing, `input` in the error is the whole body.",
)
def quiet_about_the_password_field_only():
    async def handler(request: Request, error: RequestValidationError) -> JSONResponse:
        detail = []
        for one in error.errors():
            if one["loc"][-1] == "password":
                one = {"loc": one["loc"], "msg": one["msg"], "type": one["type"]}
            detail.append(one)
        return JSONResponse({"detail": detail}, 422)

    return registering(SecretRegistration, handler, RegistrationOut)


@wrong(
    "quiet_refusals",
    fails="says_where_and_why",
    says='Expected an entry in `detail` with "loc": ["body", "password"], got {"detail":"the registration is not valid"}. A client that is told nothing can\'t show which field to mend.',
)
def quiet_about_everything():
    async def handler(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": "the registration is not valid"}, 422)

    return registering(SecretRegistration, handler, RegistrationOut)


@wrong(
    "quiet_refusals",
    fails="says_where_and_why",
    says="Expected a `msg` in each entry of `detail`, got the fields loc. The message is for people, the type for programs; neither repeats the value.",
)
def without_the_reason():
    async def handler(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": [{"loc": one["loc"]} for one in error.errors()]}, 422)

    return registering(SecretRegistration, handler, RegistrationOut)


@wrong(
    "quiet_refusals",
    fails="answers_without_password",
    says="Expected status 201, got status 422. Eight characters are enough, as before.",
)
def with_nine_characters_at_least():
    class Registration(BaseModel):
        username: str
        password: str = Field(min_length=9)

    class RegistrationOut(BaseModel):
        username: str

    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        told = [{key: one[key] for key in ("loc", "msg", "type")} for one in error.errors()]
        return JSONResponse({"detail": told}, status_code=422)

    @app.post("/registrations", status_code=201)
    async def register(data: Registration) -> RegistrationOut:
        return RegistrationOut(username=data.username)

    return app


@wrong(
    "quiet_refusals",
    fails="refuses_quietly",
    says="Expected an answer that does not repeat the password, got one that does. A password of digits, sent without quotes, is a password as well.",
)
def that_repeats_a_number():
    class Registration(BaseModel):
        username: str
        password: str = Field(min_length=8)

    class RegistrationOut(BaseModel):
        username: str

    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        told = [{key: one[key] for key in ("loc", "msg", "type")} for one in error.errors()]
        for one, raw in zip(told, error.errors(), strict=True):
            if isinstance(raw["input"], int):
                one["input"] = raw["input"]
        return JSONResponse({"detail": told}, status_code=422)

    @app.post("/registrations", status_code=201)
    async def register(data: Registration) -> RegistrationOut:
        return RegistrationOut(username=data.username)

    return app


@wrong(
    "quiet_refusals",
    fails="says_where_and_why",
    says="Expected an entry for the user name and one for the password, since both are missing, got entries for [['body', 'username']]. A client that is told one mistake at a time asks once for each.",
)
def that_tells_the_first_mistake_only():
    class Registration(BaseModel):
        username: str
        password: str = Field(min_length=8)

    class RegistrationOut(BaseModel):
        username: str

    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        told = [{key: one[key] for key in ("loc", "msg", "type")} for one in error.errors()[:1]]
        return JSONResponse({"detail": told}, status_code=422)

    @app.post("/registrations", status_code=201)
    async def register(data: Registration) -> RegistrationOut:
        return RegistrationOut(username=data.username)

    return app


# customer_rows


@wrong(
    "customer_rows",
    fails="reads_the_row",
    says='Expected "display_name": "Ada", got no field "display_name". `from_attributes` lets a model read an object\'s attributes.',
)
def under_another_name():
    class CustomerAnswer(BaseModel):
        id: int
        name: str

    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> CustomerAnswer:
        row = CUSTOMERS[customer_id]
        return CustomerAnswer(id=row.id, name=row.display_name)

    return app


@wrong(
    "customer_rows",
    fails="keeps_the_hash",
    says='Expected an answer with the two fields of the model, got {"id":7,"display_name":"Ada","hashed_password":"hash-7"}. Whoever has the hash can try passwords against it at leisure.',
)
def with_the_whole_row():
    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> dict[str, Any]:
        return vars(CUSTOMERS[customer_id])

    return app


@wrong(
    "customer_rows",
    fails="configuration_is_known",
    says="Expected keys that `ConfigDict` knows, got from_atributes. Pydantic ignores a key that it does not know, and the next reader trusts it.",
)
def around_the_typo():
    class CustomerAnswer(BaseModel):
        model_config = {"from_atributes": True}  # type: ignore

        id: int
        display_name: str

    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> CustomerAnswer:
        row = CUSTOMERS[customer_id]
        return CustomerAnswer(id=row.id, display_name=row.display_name)

    return app


@wrong(
    "customer_rows",
    fails="reads_the_row",
    says='Expected "id": 8, got "id": 7. `from_attributes` lets a model read an object\'s attributes.',
)
def with_one_customer_for_all():
    class CustomerAnswer(BaseModel):
        id: int
        display_name: str

    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> CustomerAnswer:
        return CustomerAnswer(id=7, display_name="Ada")

    return app


@wrong(
    "customer_rows",
    fails="keeps_the_hash",
    says='Expected an answer with the two fields of the model, got {"id":7,"display_name":"Ada","secret":"-7"}. Whoever has the hash can try passwords against it at leisure.',
)
def with_the_secret_under_another_name():
    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> dict[str, Any]:
        row = CUSTOMERS[customer_id]
        secret = row.hashed_password.removeprefix("hash")
        return {"id": row.id, "display_name": row.display_name, "secret": secret}

    return app


@wrong(
    "customer_rows",
    fails="configuration_is_known",
    says="Expected keys that `ConfigDict` knows, got from_atributes. Pydantic ignores a key that it does not know, and the next reader trusts it.",
)
def with_the_misspelt_key_in_a_variable():
    config = {"from_atributes": True}

    class CustomerAnswer(BaseModel):
        model_config = config  # ty: ignore[invalid-assignment]  # that is the mistake

        id: int
        display_name: str

    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: int) -> CustomerAnswer:
        return CustomerAnswer.model_validate(CUSTOMERS[customer_id], from_attributes=True)

    return app


# camel_orders


@wrong(
    "camel_orders",
    fails="reads_camel_case",
    says="Expected status 200, got status 422. The model knows only its own names: `itemId` is a stranger to it.",
)
def with_python_names():
    class CamelOrder(BaseModel):
        item_id: int
        gift_note: str = ""
        amount: int = Field(1, validation_alias=AliasChoices("amount", "qty"))

    return CamelOrder


@wrong(
    "camel_orders",
    fails="reads_camel_case",
    says='Expected an order with all three values that were sent, got {"itemId":400,"gift_note":"","amount":2}. A name that the model does not know is ignored, and its default used instead.',
)
def with_one_alias_forgotten():
    class CamelOrder(BaseModel):
        item_id: int = Field(alias="itemId")
        gift_note: str = ""
        amount: int = 1

    return CamelOrder


@wrong(
    "camel_orders",
    fails="writes_camel_case",
    says='Expected the JSON {"itemId": 674, "giftNote": "", "amount": 1}, got {"item_id": 674, "gift_note": "", "amount": 1}. The same page reads the answer.',
)
def with_aliases_for_reading():
    class CamelOrder(BaseModel):
        model_config = ConfigDict(validate_by_name=True)

        item_id: int = Field(validation_alias="itemId")
        gift_note: str = Field("", validation_alias="giftNote")
        amount: int = Field(1, validation_alias=AliasChoices("amount", "qty"))

    return CamelOrder


@wrong(
    "camel_orders",
    fails="reads_snake_case",
    says="Expected status 200, got status 422. With an alias, the field's own name is not accepted unless you allow it.",
)
def with_camel_case_only():
    class CamelOrder(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel)

        item_id: int
        gift_note: str = ""
        amount: int = Field(1, validation_alias=AliasChoices("amount", "qty"))

    return CamelOrder


@wrong(
    "camel_orders",
    fails="reads_the_old_name",
    says='Expected "amount": 5, got no field "amount". Both names are read, and one is written: `amount`.',
)
def with_the_old_name_for_both():
    class CamelOrder(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

        item_id: int
        gift_note: str = ""
        amount: int = Field(1, alias="qty")

    return CamelOrder


@wrong(
    "camel_orders",
    fails="reads_the_old_name",
    says='Expected "amount": 5, got "amount": 1. Both names are read, and one is written: `amount`.',
)
def without_the_old_name():
    class CamelOrder(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

        item_id: int
        gift_note: str = ""
        amount: int = 1

    return CamelOrder


@wrong(
    "camel_orders",
    fails="reads_the_old_name",
    says='Expected "amount": 5, got "amount": 1. The scripts that say `qty` send snake_case.',
)
def that_reads_the_old_name_in_camel_case_only():
    class CamelOrder(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

        item_id: int
        gift_note: str = ""
        amount: int = 1

        @model_validator(mode="before")
        @classmethod
        def read_the_old_name(cls, data: dict[str, Any]) -> dict[str, Any]:
            if "itemId" in data and "qty" in data:
                return {**data, "amount": data["qty"]}
            return data

    return CamelOrder


# day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected the total 0.30, a Decimal, got 0.30000000000000004, a float. Money is added as `Decimal`: with `float`, three times 0.10 is not 0.30.",
)
def with_floats():
    class Order(BaseModel):
        price: float = Field(gt=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> float:
        return sum(order.price * order.amount for order in orders.validate_json(raw))

    return day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected the total 0.30, a Decimal, got None. Your function returned nothing: is a `return` missing?",
)
def without_a_return():
    def day_total(raw: str) -> Decimal | None: ...

    return day_total


@wrong(
    "day_total",
    fails="adds_up_nothing",
    says="Expected status 200, got status 422. A day without orders is a day, too.",
)
def at_least_one_order():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(Annotated[list[Order], Field(min_length=1)])

    def day_total(raw: str) -> Decimal:
        return sum((one.price * one.amount for one in orders.validate_json(raw)), Decimal(0))

    return day_total


@wrong(
    "day_total",
    fails="refuses_bad_orders",
    says="Expected status 422, got status 200. One order has an amount of 0; a total that counts it is wrong.",
)
def without_bounds():
    class Order(BaseModel):
        price: Decimal
        amount: int

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> Decimal:
        return sum((one.price * one.amount for one in orders.validate_json(raw)), Decimal(0))

    return day_total


@wrong(
    "day_total",
    fails="adapter_is_made_once",
    says="Expected an adapter that is made once, above the function, got one that day_total makes at every call. To make an adapter, Pydantic builds a validator: that costs far more than to use it.",
)
def with_an_adapter_in_the_function():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    def day_total(raw: str) -> Decimal:
        orders = TypeAdapter(list[Order]).validate_json(raw)
        return sum((one.price * one.amount for one in orders), Decimal(0))

    return day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected the total 1234567890123456.78, a Decimal, got 1234567890123456.8, a Decimal. Money is added as `Decimal`: with `float`, three times 0.10 is not 0.30.",
)
def with_floats_that_are_rounded():
    class Order(BaseModel):
        price: float = Field(gt=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> Decimal:
        return Decimal(
            str(round(sum(one.price * one.amount for one in orders.validate_json(raw)), 2))
        )

    return day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected the total 0.30, a Decimal, got 0.3, a float. Money is added as `Decimal`: with `float`, three times 0.10 is not 0.30.",
)
def that_makes_a_float_at_the_end():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> float:
        return float(sum(one.price * one.amount for one in orders.validate_json(raw)))

    return day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected the total 0.30, a Decimal, got 0.30, a str. Nobody can add to a text: return the `Decimal` itself.",
)
def that_makes_a_text_at_the_end():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> str:
        return str(sum(one.price * one.amount for one in orders.validate_json(raw)))

    return day_total


@wrong(
    "day_total",
    fails="adds_up_exactly",
    says="Expected status 200, got status 422. Each of these orders is a good one.",
)
def with_two_pieces_at_least():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=2)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> Decimal:
        return sum((one.price * one.amount for one in orders.validate_json(raw)), Decimal(0))

    return day_total


@wrong(
    "day_total",
    fails="refuses_bad_orders",
    says="Expected status 422, got status 200. One order has a price of 0.00; a total that counts it is wrong.",
)
def with_orders_that_are_free():
    class Order(BaseModel):
        price: Decimal = Field(ge=0)
        amount: int = Field(ge=1)

    orders = TypeAdapter(list[Order])

    def day_total(raw: str) -> Decimal:
        return sum((one.price * one.amount for one in orders.validate_json(raw)), Decimal(0))

    return day_total


@wrong(
    "day_total",
    fails="adapter_is_made_once",
    says="Expected an adapter that is made once, above the function, got one that day_total makes at every call. To make an adapter, Pydantic builds a validator: that costs far more than to use it.",
)
def with_an_adapter_beside_a_helper():
    class Order(BaseModel):
        price: Decimal = Field(gt=0)
        amount: int = Field(ge=1)

    def day_total(raw: str) -> Decimal:
        def total(one: Order) -> Decimal:
            return one.price * one.amount

        orders = TypeAdapter(list[Order])
        return sum(map(total, orders.validate_json(raw)), Decimal(0))

    return day_total


# price_patch


def patching(model: type[BaseModel], **how: Any) -> FastAPI:
    """The app of the exercise, with a learner's model and their way of dumping it."""
    stored: dict[int, dict[str, Any]] = {}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: dict[str, Any]) -> dict[str, Any]:
        stored[item_id] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return stored[item_id]

    async def change_item(item_id: int, change: Any) -> dict[str, Any]:
        stored[item_id].update(change.model_dump(**how))
        return stored[item_id]

    change_item.__annotations__["change"] = model
    app.patch("/items/{item_id}")(change_item)
    return app


class LooseChange(BaseModel):
    name: str | None = None
    description: str | None = None
    price: Annotated[float, Field(gt=0)] | None = None


class UnboundedChange(BaseModel):
    name: str = ""
    description: str | None = None
    price: float = 1.0


@wrong(
    "price_patch",
    fails="keeps_what_is_not_sent",
    says='Expected the JSON {"name": "teapot", "description": "for four cups", "price": 40.0}, got {"name": null, "description": null, "price": 40.0}. PATCH changes a part: who sends a price says nothing about the description.',
)
def with_all_defaults():
    return patching(LooseChange)


@wrong(
    "price_patch",
    fails="keeps_what_is_not_sent",
    says="Expected status 200, got status 422. A change names only what it changes, so every field may be left out.",
)
def with_required_fields():
    class ItemChange(BaseModel):
        name: str
        description: str | None
        price: float = Field(gt=0)

    return patching(ItemChange)


@wrong(
    "price_patch",
    fails="clears_the_description",
    says='Expected the JSON {"name": "teapot", "description": null, "price": 24.9}, got {"name": "teapot", "description": "for four cups", "price": 24.9}. Null was sent, so it is meant: left out and null are two different things.',
)
def without_none():
    return patching(LooseChange, exclude_none=True)


@wrong(
    "price_patch",
    fails="refuses_null",
    says="Expected status 422, got status 200. Every item has a name: it can be changed, but not taken away.",
)
def with_a_name_that_may_be_null():
    return patching(LooseChange, exclude_unset=True)


@wrong(
    "price_patch",
    fails="refuses_bad_prices",
    says="Expected status 422, got status 200. What is changed keeps the rules that a new item keeps.",
)
def without_the_rule_for_prices():
    return patching(UnboundedChange, exclude_unset=True)


@wrong(
    "price_patch",
    fails="keeps_what_is_not_sent",
    says='Expected the JSON {"name": "teapot", "description": "for four cups", "price": 40.0}, got null. A repair keeps what the PATCH answered: the whole item, as it is now.',
)
def that_answers_nothing():
    class ItemChange(BaseModel):
        name: str = ""
        description: str | None = None
        price: Annotated[float, Field(gt=0)] = 1

    stored: dict[int, dict[str, Any]] = {}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: dict[str, Any]) -> dict[str, Any]:
        stored[item_id] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return stored[item_id]

    @app.patch("/items/{item_id}")
    async def change_item(item_id: int, change: ItemChange) -> dict[str, Any] | None:
        stored[item_id].update(change.model_dump(exclude_unset=True))
        return None

    return app


@wrong(
    "price_patch",
    fails="keeps_what_is_not_sent",
    says='Expected the JSON {"name": "teapot", "description": "for four cups", "price": 24.9}, got {"name": "ctcgawvy", "description": "blue", "price": 40.0}. A change of one item leaves the others alone.',
)
def with_one_place_for_all_items():
    class ItemChange(BaseModel):
        name: str = ""
        description: str | None = None
        price: Annotated[float, Field(gt=0)] = 1

    stored: dict[int, dict[str, Any]] = {}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: dict[str, Any]) -> dict[str, Any]:
        stored[1] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return stored[1]

    @app.patch("/items/{item_id}")
    async def change_item(item_id: int, change: ItemChange) -> dict[str, Any] | None:
        stored[1].update(change.model_dump(exclude_unset=True))
        return stored[1]

    return app


@wrong(
    "price_patch",
    fails="keeps_what_is_not_sent",
    says='Expected the JSON {"name": "ctcgawvy", "price": 40.0, "description": "blue"}, got {"name": "teapot", "description": "for four cups", "price": 40.0}. The next PATCH leaves alone what the first one changed.',
)
def with_a_name_that_never_changes():
    class ItemChange(BaseModel):
        name: Literal["teapot"] = "teapot"
        description: str | None = None
        price: Annotated[float, Field(gt=0)] = 1

    stored: dict[int, dict[str, Any]] = {}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: dict[str, Any]) -> dict[str, Any]:
        stored[item_id] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return stored[item_id]

    @app.patch("/items/{item_id}")
    async def change_item(item_id: int, change: ItemChange) -> dict[str, Any] | None:
        stored[item_id].update(change.model_dump(exclude_unset=True))
        return stored[item_id]

    return app


# price_patch_test


@wrong(
    "price_patch_test",
    fails="passes_on_repaired",
    says='Expected a test that passes on the repaired app, got AssertionError at `assert response.json() == {"price": 5.0}`. A test that fails on right code is switched off sooner or later.',
)
def with_a_field_that_is_not_there():
    async def test_price_patch(http: httpx.AsyncClient) -> None:
        await http.put("/items/1", json={"name": "cup", "description": "white", "price": 4.0})
        response = await http.patch("/items/1", json={"price": 5.0})
        assert response.json() == {"price": 5.0}

    return test_price_patch


@wrong(
    "price_patch_test",
    fails="fails_on_wiping",
    says="Expected a test that fails on the app that wipes what is not sent, got one that passes. Compare the fields that you did not send, too: they are what was lost.",
)
def that_looks_at_the_price_only():
    async def test_price_patch(http: httpx.AsyncClient) -> None:
        await http.put("/items/1", json={"name": "cup", "description": "white", "price": 4.0})
        response = await http.patch("/items/1", json={"price": 5.0})
        assert response.status_code == 200
        assert response.json()["price"] == 5.0

    return test_price_patch


@wrong(
    "price_patch_test",
    fails="fails_on_deaf",
    says="Expected a test that fails on an app that ignores `null`, got one that passes. Many repair it with `exclude_none`, and then nobody can clear a description any more.",
)
def that_never_sends_null():
    async def test_price_patch(http: httpx.AsyncClient) -> None:
        item = {"name": "cup", "description": "white", "price": 4.0}
        await http.put("/items/1", json=item)
        response = await http.patch("/items/1", json={"price": 5.0})
        assert response.json() == item | {"price": 5.0}

    return test_price_patch


@wrong(
    "price_patch_test",
    fails="fails_on_forgetful",
    says="Expected a test that fails on an app that changes nothing at all, got one that passes. A test that only looks for what must stay is content with an app that does nothing.",
)
def that_looks_at_what_stays():
    async def test_price_patch(http: httpx.AsyncClient) -> None:
        await http.put("/items/1", json={"name": "cup", "description": "white", "price": 4.0})
        response = await http.patch("/items/1", json={"price": 5.0})
        assert response.json()["description"] == "white"

    return test_price_patch


# basket


class BasketLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    item_id: int = Field(ge=1)
    amount: int = Field(default=1, ge=1, le=99)


@wrong(
    "basket",
    fails="accepts_baskets",
    says="Expected status 200, got status 422. A line without an amount is for one piece, and most baskets have no gift page.",
)
def with_an_amount_required():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int = Field(ge=1)
        amount: int = Field(ge=1, le=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: HttpUrl | None = None

    return Basket


@wrong(
    "basket",
    fails="bounds_the_lines",
    says="Expected status 422, got status 200. An empty basket is no order, and an endless one is an attack.",
)
def with_any_number_of_lines():
    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[BasketLine]
        gift_page: HttpUrl | None = None

    return Basket


@wrong(
    "basket",
    fails="names_the_wrong_line",
    says="Expected status 422, got status 200. A line with an item_id of 0 makes no sense.",
)
def with_dictionaries_for_lines():
    class Basket(BaseModel):
        lines: list[dict[str, int]] = Field(min_length=1, max_length=20)
        gift_page: HttpUrl | None = None

    return Basket


@wrong(
    "basket",
    fails="names_the_wrong_line",
    says='Expected "loc": ["lines", 2, "item_id"], got []. A page with ten lines must know which field to mark.',
)
def checked_as_a_whole():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int
        amount: int = 1

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: HttpUrl | None = None

        @model_validator(mode="after")
        def check(self) -> Self:
            for line in self.lines:
                if line.item_id < 1 or not 1 <= line.amount <= 99:
                    raise ValueError("some line is wrong")
            return self

    return Basket


@wrong(
    "basket",
    fails="checks_the_address",
    says="Expected status 422, got status 200. The shop makes a link of it: only http and https may be followed.",
)
def with_any_text_as_address():
    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[BasketLine] = Field(min_length=1, max_length=20)
        gift_page: str | None = None

    return Basket


@wrong(
    "basket",
    fails="refuses_strangers",
    says="Expected status 422, got status 200. A misspelt name is otherwise ignored: who orders three gets one.",
)
def with_lines_that_ignore_strangers():
    class Line(BaseModel):
        item_id: int = Field(ge=1)
        amount: int = Field(default=1, ge=1, le=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: HttpUrl | None = None

    return Basket


@wrong(
    "basket",
    fails="accepts_baskets",
    says="Expected status 200, got status 422. The bounds belong to the range: an amount of 99 is allowed.",
)
def with_fewer_pieces_than_allowed():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int = Field(ge=1)
        amount: int = Field(default=1, ge=1, lt=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: HttpUrl | None = None

    return Basket


@wrong(
    "basket",
    fails="checks_the_address",
    says="Expected status 200, got status 422. 'http://shop.example/cards/8' is allowed.",
)
def with_https_only():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int = Field(ge=1)
        amount: int = Field(default=1, ge=1, le=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: Annotated[str, Field(pattern="^https://")] | None = None

    return Basket


@wrong(
    "basket",
    fails="checks_the_address",
    says="Expected status 422, got status 200. The shop makes a link of it: only http and https may be followed.",
)
def with_whatever_begins_like_the_web():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int = Field(ge=1)
        amount: int = Field(default=1, ge=1, le=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: Annotated[str, Field(pattern="^http")] | None = None

    return Basket


@wrong(
    "basket",
    fails="checks_the_address",
    says='Expected "gift_page": "https://shop.example/cards/7", got "gift_page": null. What was accepted is kept: the shop has a card to print.',
)
def that_forgets_the_page():
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        item_id: int = Field(ge=1)
        amount: int = Field(default=1, ge=1, le=99)

    class Basket(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: list[Line] = Field(min_length=1, max_length=20)
        gift_page: Annotated[HttpUrl | None, AfterValidator(lambda page: None)] = None

    return Basket


# sale_period


@wrong(
    "sale_period",
    fails="refuses_backwards",
    says="Expected status 422, got status 200. Each date is right by itself; only together they are wrong.",
)
def without_the_rule():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @computed_field
        @property
        def days(self) -> int:
            return (self.ends - self.starts).days + 1

    return SalePeriod


@wrong(
    "sale_period",
    fails="counts_the_days",
    says='Expected the JSON {"starts": "2026-11-14", "ends": "2026-11-14", "days": 1}, got {"starts": "2026-11-14", "ends": "2026-11-14", "days": 0}. A sale on one day takes one day.',
)
def one_day_too_few():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @computed_field
        @property
        def days(self) -> int:
            return (self.ends - self.starts).days

    return SalePeriod


@wrong(
    "sale_period",
    fails="counts_the_days",
    says='Expected the JSON {"starts": "2026-11-14", "ends": "2026-11-14", "days": 1}, got {"starts": "2026-11-14", "ends": "2026-11-14"}. Without `@computed_field` a property works in Python, but is not in the answer.',
)
def with_a_property_that_is_not_shown():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @property
        def days(self) -> int:
            return (self.ends - self.starts).days + 1

    return SalePeriod


@wrong(
    "sale_period",
    fails="counts_the_days",
    says="Expected status 200, got status 422. A sale that ends on the day it starts is a good one: compare with `<`.",
)
def without_sales_of_one_day():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @model_validator(mode="after")
        def check(self) -> Self:
            if self.ends <= self.starts:
                raise ValueError("the sale ends before it starts")
            return self

        @computed_field
        @property
        def days(self) -> int:
            return (self.ends - self.starts).days + 1

    return SalePeriod


@wrong(
    "sale_period",
    fails="counts_the_days",
    says='Expected the JSON {"starts": "2026-11-14", "ends": "2026-11-14", "days": 1}, got null. The model has become None: a model validator has to `return self`.',
)
def without_returning_self():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @model_validator(mode="after")
        def check(self):
            if self.ends < self.starts:
                raise ValueError("the sale ends before it starts")

        @computed_field
        @property
        def days(self) -> int:
            return (self.ends - self.starts).days + 1

    return SalePeriod


@wrong(
    "sale_period",
    fails="days_are_not_an_input",
    says='Expected "days": 2, got "days": 52. What is computed is never taken from outside: ignore it or refuse it.',
)
def with_a_field_that_is_filled_in():
    class SalePeriod(BaseModel):
        starts: date
        ends: date
        days: int = 0

        @model_validator(mode="after")
        def count(self) -> Self:
            if self.ends < self.starts:
                raise ValueError("the sale ends before it starts")
            self.days = self.days or (self.ends - self.starts).days + 1
            return self

    return SalePeriod


@wrong(
    "sale_period",
    fails="refuses_backwards",
    says="Expected status 422, got status 200. A date is more than its day: this sale ends in the month before it starts.",
)
def that_compares_the_days_of_the_months():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @model_validator(mode="after")
        def end_after_start(self) -> Self:
            if self.ends.day < self.starts.day:
                raise ValueError("the sale ends before it starts")
            return self

        @computed_field
        @property
        def days(self) -> int:
            return (self.ends - self.starts).days + 1

    return SalePeriod


@wrong(
    "sale_period",
    fails="counts_the_days",
    says='Expected "days": 47, got "days": -14. A sale may go on into another month and another year: subtract the dates, and not their days.',
)
def that_subtracts_the_days_of_the_months():
    class SalePeriod(BaseModel):
        starts: date
        ends: date

        @model_validator(mode="after")
        def end_after_start(self) -> Self:
            if self.ends < self.starts:
                raise ValueError("the sale ends before it starts")
            return self

        @computed_field
        @property
        def days(self) -> int:
            return self.ends.day - self.starts.day + 1

    return SalePeriod


# payment_kinds


class PlainCard(BaseModel):
    kind: str = "card"
    last_digits: str


class PlainVoucher(BaseModel):
    kind: str = "voucher"
    code: str


class Card(BaseModel):
    kind: Literal["card"]
    last_digits: str


class Voucher(BaseModel):
    kind: Literal["voucher"]
    code: str


@wrong(
    "payment_kinds",
    fails="accepts_both_kinds",
    says="Expected status 200, got status 422. Label and content fit each other.",
)
def cards_only():
    return Card


@wrong(
    "payment_kinds",
    fails="refuses_wrong_labels",
    says="Expected status 422, got status 200. Whoever reads `kind` later, to charge the card, finds something else inside.",
)
def with_labels_of_any_text():
    return PlainCard | PlainVoucher


@wrong(
    "payment_kinds",
    fails="explains_unknown_kinds",
    says="Expected one error, got 3, about Card.kind and Card.last_digits and Voucher.kind. Without a discriminator Pydantic tries every model and reports them all.",
)
def without_a_discriminator():
    return Card | Voucher


@wrong(
    "payment_kinds",
    fails="wants_the_label",
    says="Expected status 422, got status 200. A label that is filled in by a guess is no label.",
)
def with_labels_that_are_filled_in():
    class DefaultCard(BaseModel):
        kind: Literal["card"] = "card"
        last_digits: str

    class DefaultVoucher(BaseModel):
        kind: Literal["voucher"] = "voucher"
        code: str

    return DefaultCard | DefaultVoucher

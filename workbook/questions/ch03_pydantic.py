"""The questions of chapter 3: three that look back, then one or two a section."""

import json
from importlib.metadata import requires
from typing import Annotated, Self

from fastapi import FastAPI
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from workbook.client import client
from workbook.quizzes import Option, Question

one_slow_endpoint = Question(
    "one_slow_endpoint",
    section="2.2",
    prompt="An endpoint asks a library that blocks for two seconds. Why is plain `def` the right "
    "word for it?",
    options={
        "a": Option(
            "`def` makes the library faster.",
            "It takes two seconds in both; the others are what differs.",
        ),
        "b": Option(
            "It then runs on a worker thread, and the event loop serves others meanwhile.",
            "In `async def` the same call would hold up every other visitor.",
        ),
        "c": Option(
            "`async def` endpoints can't call libraries.",
            "They can; but each call that blocks keeps the event loop.",
        ),
    },
    answer="b",
)

model_is_a_body = Question(
    "model_is_a_body",
    section="2.6",
    prompt="`async def put_order(note: str, order: Order)` has two parameters, and `Order` is a "
    "model. Why is only one of them taken from the body?",
    options={
        "a": Option(
            "Only the last parameter comes from the body.",
            "The order of the parameters plays no part.",
        ),
        "b": Option(
            "`note` has no default.",
            "A default decides whether a value is required, not where it is sought.",
        ),
        "c": Option(
            "A single value such as `str` is sought in the query string, a model in the body.",
            "Unless `Annotated` names another place.",
        ),
    },
    answer="c",
)


@model_is_a_body.proven_by
async def _prove_model_is_a_body() -> str:
    class Order(BaseModel):
        item_id: int

    app = FastAPI()

    @app.put("/orders")
    async def put_order(note: str, order: Order) -> None: ...

    async with client(app) as http:
        refused = (await http.put("/orders", json={})).json()["detail"]
    return "c" if [one["loc"][0] for one in refused] == ["query", "body"] else ""


email_is_an_extra = Question(
    "email_is_an_extra",
    section="1.3",
    prompt="A project has `pydantic` and nothing else. A model with an `EmailStr` raises "
    "`ImportError`. Why?",
    options={
        "a": Option(
            "`EmailStr` needs the package `email-validator`, which only an extra brings.",
            "`pydantic[email]` asks for it, and so does `fastapi[standard]`.",
        ),
        "b": Option(
            "`EmailStr` was removed in Pydantic 2.",
            "It is there, and section 3.2 uses it.",
        ),
        "c": Option(
            "Pydantic has to ask a mail server, and the network is down.",
            "It looks at the text alone.",
        ),
    },
    answer="a",
)


@email_is_an_extra.proven_by
async def _prove_email_is_an_extra() -> str:
    needed = [one for one in requires("pydantic") or [] if one.startswith("email-validator")]
    return "a" if needed and all("extra ==" in one for one in needed) else ""


nullable_is_not_optional = Question(
    "nullable_is_not_optional",
    section="3.1",
    prompt="A model has `description: str | None`. A document without a description is refused. Why?",
    options={
        "a": Option(
            "`None` is not a value that JSON knows.",
            "It is: JSON calls it `null`.",
        ),
        "b": Option(
            "The type says that null is allowed; only a default says that it may be missing.",
            "`description: str | None = None` allows both.",
        ),
        "c": Option(
            "A field with `|` needs a discriminator.",
            "That is for unions of models, section 3.7.",
        ),
    },
    answer="b",
)


@nullable_is_not_optional.proven_by
async def _prove_nullable_is_not_optional() -> str:
    class Item(BaseModel):
        description: str | None

    return "b" if _accepts(Item, '{"description": null}') and not _accepts(Item, "{}") else ""


lax_only_for_text = Question(
    "lax_only_for_text",
    section="3.1",
    prompt='In lax mode `"3"` is accepted for an `int`, but `3` is refused for a `str`. '
    "Why the difference?",
    options={
        "a": Option(
            "Text often carries a number, as in a query string; a number where text is due is more "
            "often a mistake.",
            "Every number could be written as text, so nothing would ever be refused.",
        ),
        "b": Option(
            "Python can't turn a number into text.",
            "`str(3)` does; Pydantic chooses not to.",
        ),
        "c": Option(
            "Text is always checked in strict mode.",
            "Bytes, for example, are accepted for a `str` in lax mode.",
        ),
    },
    answer="a",
)


@lax_only_for_text.proven_by
async def _prove_lax_only_for_text() -> str:
    text_for_int = TypeAdapter(int).validate_python("3") == 3
    try:
        TypeAdapter(str).validate_python(3)
    except ValidationError:
        return "a" if text_for_int and TypeAdapter(str).validate_python(b"3") == "3" else ""
    return "b"


money_as_text = Question(
    "money_as_text",
    section="3.2",
    prompt="Why does a model write a `Decimal` as text in JSON, and not as a number?",
    options={
        "a": Option(
            "JSON has no numbers with a point.",
            "It has; the trouble is what readers make of them.",
        ),
        "b": Option(
            "Most readers turn a JSON number into a binary `float`, and the exact amount is lost.",
            "Text stays as it is, digit by digit.",
        ),
        "c": Option(
            "So that the currency can be written behind it.",
            "The text holds the number alone.",
        ),
    },
    answer="b",
)


@money_as_text.proven_by
async def _prove_money_as_text() -> str:
    price = "9999999999999999.99"
    return "b" if f"{json.loads(price):.2f}" != price else ""


why_blank_name = Question(
    "why_blank_name",
    section="3.3",
    prompt="A validator refuses names shorter than 2 and then returns `value.strip()`. Why can an "
    "empty name be stored?",
    options={
        "a": Option(
            "It measures what was sent and stores something shorter.",
            "Two spaces are two characters; without them nothing is left.",
        ),
        "b": Option(
            "`strip` removes letters as well.",
            "It takes spaces off both ends, nothing else.",
        ),
        "c": Option(
            "Validators do not run for empty text.",
            "They do; the text was not empty when the validator looked.",
        ),
    },
    answer="a",
)


@why_blank_name.proven_by
async def _prove_why_blank_name() -> str:
    class Item(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            if len(value) < 2:
                raise ValueError("too short")
            return value.strip()

    return "a" if Item(name="  ").name == "" and not _accepts(Item, '{"name": ""}') else ""


secret_is_echoed = Question(
    "secret_is_echoed",
    section="3.3",
    prompt="The password has the type `SecretStr`. A short one is refused, and the 422 contains it. "
    "Why?",
    options={
        "a": Option(
            "`SecretStr` hides a value that was accepted; the error shows what was sent.",
            "`input` in an error is the raw input. An exception handler has to leave it out.",
        ),
        "b": Option(
            "`SecretStr` only works with `hide_input_in_errors`.",
            "That setting changes the text of the exception, not the list of errors.",
        ),
        "c": Option(
            "FastAPI turns a `SecretStr` into text.",
            "An answer with a `SecretStr` has stars in it.",
        ),
    },
    answer="a",
)


@secret_is_echoed.proven_by
async def _prove_secret_is_echoed() -> str:
    class Registration(BaseModel):
        model_config = ConfigDict(hide_input_in_errors=True)

        password: Annotated[SecretStr, Field(min_length=8)]

    app = FastAPI()

    @app.post("/")
    async def register(data: Registration) -> Registration:
        return data

    async with client(app) as http:
        refused = await http.post("/", json={"password": "short1"})
        accepted = await http.post("/", json={"password": "long-enough"})
    if "long-enough" in accepted.text:
        return "c"
    return "a" if "short1" in refused.text else "b"


who_finds_the_typo = Question(
    "who_finds_the_typo",
    section="3.4",
    prompt='`model_config = {"from_atributes": True}` has a typo. Who tells you?',
    options={
        "a": Option(
            "Pydantic, when the class is made.",
            "It keeps keys that it does not know, and says nothing.",
        ),
        "b": Option(
            "The type checker, before anything runs.",
            "`model_config` is typed as `ConfigDict`, which lists the keys.",
        ),
        "c": Option(
            "FastAPI, when the app starts.",
            "It never looks at that key.",
        ),
    },
    answer="b",
)


@who_finds_the_typo.proven_by
async def _prove_who_finds_the_typo() -> str:
    class Row(BaseModel):
        model_config = {"from_atributes": True}  # ty: ignore[unknown-typed-dict-constructor-key]

        id: int

    kept = "from_atributes" in Row.model_config
    return "b" if kept and "from_atributes" not in ConfigDict.__annotations__ else "a"


why_patch_wipes = Question(
    "why_patch_wipes",
    section="3.5",
    prompt="A PATCH sends a price, and the description becomes null. Every field of the model has the "
    "default None. Why is the description lost?",
    options={
        "a": Option(
            "PATCH replaces the whole item.",
            "That is PUT. What PATCH does is up to your function.",
        ),
        "b": Option(
            "`model_dump()` gives the defaults as well, and they overwrite what was stored.",
            "`model_dump(exclude_unset=True)` gives only what was sent.",
        ),
        "c": Option(
            "JSON can't leave a field out.",
            "It can, and the model remembers in `model_fields_set` what was there.",
        ),
    },
    answer="b",
)


@why_patch_wipes.proven_by
async def _prove_why_patch_wipes() -> str:
    class ItemPatch(BaseModel):
        price: float | None = None
        description: str | None = None

    patch = ItemPatch(price=1)
    sent = patch.model_dump(exclude_unset=True)
    return "b" if patch.model_dump() != sent == {"price": 1} else ""


adapter_in_the_loop = Question(
    "adapter_in_the_loop",
    section="3.5",
    prompt="Why is a `TypeAdapter` made once, outside the function that uses it?",
    options={
        "a": Option(
            "It can be used only once in each function.",
            "It can be used as often as you like; making it is the costly part.",
        ),
        "b": Option(
            "Making it builds a validator for the whole type; using it only runs that.",
            "A model does the same once, when its class is made.",
        ),
        "c": Option(
            "It keeps what it has validated.",
            "It keeps nothing of what passes through.",
        ),
    },
    answer="b",
)

loc_has_numbers = Question(
    "loc_has_numbers",
    section="3.6",
    prompt='A 422 says `"loc": ["body", "lines", 1, "amount"]`. Which value is wrong?',
    options={
        "a": Option(
            "The amount of the first line.",
            "Lists are counted from 0, as in Python.",
        ),
        "b": Option(
            "The amount of the second line.",
            "Read it as a path: body, then `lines`, then number 1, then `amount`.",
        ),
        "c": Option(
            "The amount 1.",
            "The number stands for a place in the list; the value is in `input`.",
        ),
    },
    answer="b",
)


@loc_has_numbers.proven_by
async def _prove_loc_has_numbers() -> str:
    class Line(BaseModel):
        amount: int

    class Basket(BaseModel):
        lines: list[Line]

    try:
        Basket.model_validate({"lines": [{"amount": 1}, {"amount": "many"}]})
    except ValidationError as error:
        return {0: "a", 1: "b"}.get(error.errors()[0]["loc"][1], "")
    return ""


label_that_lies = Question(
    "label_that_lies",
    section="3.7",
    prompt='Two models have `kind: str = "card"` and `kind: str = "voucher"`. Why can a voucher be '
    'accepted with `"kind": "card"`?',
    options={
        "a": Option(
            "Without a discriminator, the fields decide which model fits; the label is any text.",
            "`Literal` types and a discriminator make the label decide.",
        ),
        "b": Option(
            "Pydantic always takes the first model of a union.",
            "It tries them and takes the one that fits best.",
        ),
        "c": Option(
            "A default can't be overwritten.",
            "It can, with any text at all: that is the trouble.",
        ),
    },
    answer="a",
)


@label_that_lies.proven_by
async def _prove_label_that_lies() -> str:
    class Card(BaseModel):
        kind: str = "card"
        digits: str

    class Voucher(BaseModel):
        kind: str = "voucher"
        code: str

    made = TypeAdapter(Card | Voucher).validate_python({"kind": "card", "code": "x"})
    return "a" if isinstance(made, Voucher) and made.kind == "card" else "b"


forbid_or_strict = Question(
    "forbid_or_strict",
    section="3.7",
    prompt='A model forbids extra fields. Why is `{"stock": "3"}` still accepted for `stock: int`?',
    options={
        "a": Option(
            "`forbid` is about names, strict mode is about types.",
            "`ConfigDict(strict=True)` refuses the text.",
        ),
        "b": Option(
            '`extra="forbid"` works for nested models only.',
            "It works for the model that has it.",
        ),
        "c": Option(
            "JSON numbers and JSON text are the same.",
            "They differ, and strict mode knows it.",
        ),
    },
    answer="a",
)


@forbid_or_strict.proven_by
async def _prove_forbid_or_strict() -> str:
    class Forbidding(BaseModel):
        model_config = ConfigDict(extra="forbid")

        stock: int

    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)

        stock: int

    text, stranger = '{"stock": "3"}', '{"stock": 3, "name": "tea"}'
    seen = [_accepts(model, one) for model in (Forbidding, Strict) for one in (text, stranger)]
    return "a" if seen == [True, False, False, True] else ""


what_the_model_sees = Question(
    "what_the_model_sees",
    section="3.7",
    prompt='What does a `@model_validator(mode="after")` see that a field validator does not?',
    options={
        "a": Option(
            "The raw text of the request.",
            "That is closer to `before`.",
        ),
        "b": Option(
            "All fields at once, each one already of its type.",
            "So it is the place for rules about two fields, such as an end after a start.",
        ),
        "c": Option(
            "The database.",
            "No validator does, unless you hand it over; a rule that needs one belongs elsewhere.",
        ),
    },
    answer="b",
)


@what_the_model_sees.proven_by
async def _prove_what_the_model_sees() -> str:
    seen: list[object] = []

    class Period(BaseModel):
        starts: int
        ends: int

        @model_validator(mode="after")
        def look(self) -> Self:
            seen.extend([self.starts, self.ends])
            return self

    Period.model_validate({"starts": "1", "ends": "2"})
    return "b" if seen == [1, 2] else ""


def _accepts(model: type[BaseModel], document: str) -> bool:
    try:
        model.model_validate_json(document)
    except ValidationError:
        return False
    return True

"""The exercises of chapter 3, data models with Pydantic, in the order in which it sets them."""

import ast
import json
import string
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from inspect import isawaitable
from random import Random
from typing import Annotated, Any

import httpx
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from workbook.adapters import arranged, plain_function, pydantic_model
from workbook.asgi import ASGIApp
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.trials import tried_on

parcel_fields = Exercise(
    "parcel_fields",
    title="What may be left out, what may be null",
    kind="complete",
    section="3.1",
    serve=pydantic_model,
    hints=(
        (
            "There are two questions about each field: may the sender leave it out, and may the "
            "value be null? Which part of `name: type = default` answers the first question, and "
            "which the second?"
        ),
        (
            "A default makes a field optional. `| None` in the type makes it nullable. Section 3.1 "
            "has a table with the four combinations."
        ),
        (
            "The first field is right as it is. The second gets `None` in its type and no default. "
            "The third gets a default and keeps its type. The fourth gets both."
        ),
    ),
)

_PARCEL = {"weight": 1.5, "note": "ring twice", "express": True, "gift_text": "for you"}


@parcel_fields.requirement("`weight` must be sent, and is never null")
async def weight_is_required(client: Client) -> None:
    expect(
        await _post(client, _without(_PARCEL, "weight")),
        status=422,
        because="A parcel without a weight can't be priced: a field without a default is required.",
    )
    expect(
        await _post(client, _PARCEL | {"weight": None}),
        status=422,
        because="`float` alone does not allow null.",
    )


@parcel_fields.requirement("`note` must be sent, and may be null")
async def note_is_nullable(client: Client) -> None:
    expect(
        await _post(client, _PARCEL | {"note": None}),
        status=200,
        contains={"note": None},
        because="Null means that the sender was asked and has no note.",
        mistakes={422: "The type of `note` does not allow None yet."},
    )
    expect(
        await _post(client, _without(_PARCEL, "note")),
        status=422,
        because="The sender has to say it, if only with null: a default makes a field optional.",
    )
    expect(
        await _post(client, _PARCEL | {"note": 7}),
        status=422,
        because="A note is a text or null: to allow null is not to allow everything.",
    )


@parcel_fields.requirement("`express` may be left out, and is never null")
async def express_is_optional(client: Client) -> None:
    expect(
        await _post(client, _without(_PARCEL, "express")),
        status=200,
        contains={"express": False},
        because="Who says nothing gets the ordinary parcel.",
        mistakes={422: "A field without a default is required."},
    )
    expect(
        await _post(client, _PARCEL | {"express": None}),
        status=422,
        because="A yes-or-no that may be null has three values, and the third means nothing here.",
    )


@parcel_fields.requirement("`gift_text` may be left out and may be null")
async def gift_text_is_both(client: Client, rng: Random) -> None:
    for parcel in (_without(_PARCEL, "gift_text"), _PARCEL | {"gift_text": None}):
        expect(
            await _post(client, parcel),
            status=200,
            contains={"gift_text": None},
            because="Both mean the same here: there is no card in the parcel.",
        )
    text = _word(rng)
    expect(
        await _post(client, _PARCEL | {"gift_text": text}),
        status=200,
        contains={"gift_text": text},
        because="A text that was sent is kept.",
    )


exact_price = Exercise(
    "exact_price",
    title="A price that is exact",
    kind="change",
    section="3.2",
    serve=pydantic_model,
    hints=(
        (
            "Which Python type stores 0.10 exactly? And what does the type you have today do with "
            "`NaN`, or with half a cent?"
        ),
        (
            "`Decimal` is exact. `Field` takes `gt`, `le` and, for a `Decimal`, `decimal_places`. "
            "Section 3.2, under the heading on money."
        ),
        (
            "Replace the type inside `Annotated`, keep the bound that is there, and add two more to "
            "the same `Field`: an upper one at ten thousand, which is itself allowed, and the "
            "number of decimal places."
        ),
    ),
)


@exact_price.requirement("a price is kept exactly, and is written as text")
async def keeps_every_cent(client: Client, rng: Random) -> None:
    tens = rng.randint(1, 9)
    for price in (
        "0.10",
        f"{rng.randint(1, 9999)}.{tens}0",
        f"{rng.randint(1, 9999)}.{tens}{rng.randint(1, 9)}",
        "0.01",
        "9999.99",
    ):
        expect(
            await _post(client, price),
            status=200,
            json=price,
            because="A price must come out as it went in, to the last digit.",
            mistakes=_price_as_number,
        )


@exact_price.requirement("nothing is free: a price is more than 0")
async def refuses_free(client: Client, rng: Random) -> None:
    for price in ("0", "0.00", f"-{rng.randint(1, 99)}"):
        expect(
            await _post(client, price),
            status=422,
            because="With a price of zero or less, the shop pays its customers.",
        )


@exact_price.requirement("fractions of a cent are refused")
async def refuses_half_a_cent(client: Client, rng: Random) -> None:
    expect(
        await _post(client, f"{rng.randint(1, 99)}.{rng.randint(1, 99):02}5"),
        status=422,
        because="Nobody can pay half a cent, and rounding in silence changes a price.",
    )


@exact_price.requirement("10000 is accepted; what is over it, or no number at all, is refused")
async def bounds_the_price(client: Client) -> None:
    expect(
        await _post(client, "10000.00"),
        status=200,
        because="The bound belongs to the range: 10000 is a price.",
        mistakes={422: "`lt` leaves the bound out; with `le` it is in."},
    )
    for price in ("10000.01", "1000000", "NaN", "Infinity"):
        expect(
            await _post(client, price),
            status=422,
            because=f"The type says which values make sense, and {price} is none of them.",
        )


blank_names = Exercise(
    "blank_names",
    title="The items without a name",
    kind="bug hunt",
    section="3.3",
    serve=pydantic_model,
    hints=(
        (
            "The validator does two things. In which order? Write down what `value` is at each line "
            "when the name is two spaces."
        ),
        (
            "Either change the order inside the validator, or let "
            "`Annotated[str, StringConstraints(…)]` do both: it strips before it measures. "
            "Section 3.3, first heading."
        ),
        (
            "Take the spaces off first and keep the result in a variable. Measure that variable, "
            "and return that same variable. Nothing else in the class has to change."
        ),
    ),
)


@blank_names.requirement("a name of spaces, or of one letter between spaces, is refused", points=2)
async def refuses_blank_names(client: Client, rng: Random) -> None:
    for name in (" " * rng.randint(2, 9), f" {rng.choice(string.ascii_lowercase)} ", ""):
        expect(
            await _post(client, {"name": name}),
            status=422,
            because="What counts is the name that is stored, and that has fewer than two letters.",
            mistakes={
                200: "The length was measured before the spaces were taken off, so spaces counted."
            },
        )


@blank_names.requirement("the spaces around a name are taken off, those inside stay")
async def keeps_the_inner_space(client: Client, rng: Random) -> None:
    for between, because in (
        (" ", "A repair keeps what worked: `  green tea ` is stored as `green tea`."),
        ("  ", "Only the spaces around a name are taken off."),
    ):
        name = f"{_word(rng)}{between}{_word(rng)}"
        expect(
            await _post(client, {"name": f"  {name} "}),
            status=200,
            json={"name": name},
            because=because,
        )


@blank_names.requirement("a name of two letters is long enough")
async def accepts_two_letters(client: Client, rng: Random) -> None:
    name = _word(rng)[:2]
    expect(
        await _post(client, {"name": name}),
        status=200,
        json={"name": name},
        because="The bound belongs to the range.",
    )


TAG_LINES = {
    "A": "    @classmethod",
    "B": "            return [tag.strip() for tag in value.split(',')]",
    "C": "    tags: list[str]",
    "D": "    @field_validator('tags', mode='after')",
    "E": "class TaggedItem(BaseModel):",
    "F": "        return value",
    "G": "    def split_text(cls, value):",
    "H": "    tags: Any",
    "I": "        if isinstance(value, str):",
    "J": "    @field_validator('tags', mode='before')",
}

tags_from_text = Exercise(
    "tags_from_text",
    title="Tags as text or as a list",
    kind="arrange",
    section="3.3",
    serve=arranged(
        TAG_LINES,
        build="TaggedItem",
        given="from typing import Any\nfrom pydantic import BaseModel, field_validator\n",
        serve_built=pydantic_model,
    ),
    lines=TAG_LINES,
    hints=(
        (
            "When the text arrives, has anybody looked at the type yet? Decide whether the validator "
            "must run before or after that, and what the type of the field is to be."
        ),
        (
            "A field validator with the mode `before` sees what was sent; one with the mode `after` "
            "sees only what already has the right type. Section 3.3, the order of the steps."
        ),
        (
            "Eight of the ten lines are used. First the class and its field; then the two decorators, "
            "the one of Pydantic above `@classmethod`; then the function, its `if`, the line that "
            "belongs to the `if`, and last the line for everything else."
        ),
    ),
)


@tags_from_text.requirement("`hot, new` becomes a list of two tags")
async def splits_text(client: Client, rng: Random) -> None:
    tags = [_word(rng), _word(rng)]
    expect(
        await _post(client, {"tags": ", ".join(tags)}),
        status=200,
        json={"tags": tags},
        because="A form sends one text; the rest of the app wants a list.",
        mistakes={
            422: "The text was checked against `list[str]` before your function could split it."
        },
    )


@tags_from_text.requirement("a list stays as it is")
async def keeps_lists(client: Client, rng: Random) -> None:
    tags = [_word(rng)]
    expect(
        await _post(client, {"tags": tags}),
        status=200,
        json={"tags": tags},
        because="Whoever sends a list already does it right.",
        mistakes=_returned_nothing,
    )


@tags_from_text.requirement("anything else is still refused")
async def refuses_numbers(client: Client, rng: Random) -> None:
    for tags in (rng.randint(1, 99), [rng.randint(1, 99)], None):
        expect(
            await _post(client, {"tags": tags}),
            status=422,
            because="The validator prepares the value; the type of the field still decides.",
        )


quiet_refusals = Exercise(
    "quiet_refusals",
    title="The password that comes back",
    kind="change",
    section="3.3",
    hints=(
        (
            "In how many places does the password leave the app? Look at the answer to a good "
            "registration, to a short password, and to a registration without a user name."
        ),
        (
            "A model for the answer that has no password, as the return type. And an "
            "`exception_handler` for `RequestValidationError`: its method `errors()` gives a list of "
            "dictionaries. Section 3.3, under the heading on secrets."
        ),
        (
            "The handler takes a request and the error. It makes a new list in which each entry has "
            "only `loc`, `msg` and `type`, and returns a `JSONResponse` with the status 422 whose "
            "`detail` is that list."
        ),
    ),
)


@quiet_refusals.requirement("a registration is answered without the password")
async def answers_without_password(client: Client, rng: Random) -> None:
    name, password = _word(rng), _word(rng) + _word(rng)
    expect(
        await client.post("/registrations", json={"username": name, "password": _word(rng)}),
        status=201,
        contains={"username": name},
        because="Eight characters are enough, as before.",
    )
    response = await client.post("/registrations", json={"username": name, "password": password})
    expect(
        response,
        status=201,
        contains={"username": name},
        because="The registration still works, and says for whom.",
    )
    _must_not_tell(password, response, "What came in as a secret must not go out as an answer.")
    ensure(
        "password" not in response.json(),
        "an answer without a field `password`",
        got=f"the fields {', '.join(response.json())}",
        because="Even a row of stars tells a client nothing; leave the field out of the answer.",
        response=response,
    )


@quiet_refusals.requirement("the refusal of a short password does not repeat it", points=2)
async def refuses_quietly(client: Client, rng: Random) -> None:
    password = _word(rng)[:7]
    response = await client.post(
        "/registrations", json={"username": _word(rng), "password": password}
    )
    expect(response, status=422, because="Fewer than eight characters are still refused.")
    _must_not_tell(
        password,
        response,
        "`input` repeats what was sent, whatever its type; answers are kept in logs and browsers.",
    )
    number = rng.randint(10**9, 10**10)
    response = await client.post(
        "/registrations", json={"username": _word(rng), "password": number}
    )
    expect(response, status=422, because="A number is still no text, and so no password.")
    _must_not_tell(
        str(number), response, "A password of digits, sent without quotes, is a password as well."
    )


@quiet_refusals.requirement("nor does a refusal that is about another field")
async def refuses_the_rest_quietly(client: Client, rng: Random) -> None:
    password = _word(rng) + _word(rng)
    response = await client.post("/registrations", json={"password": password})
    expect(response, status=422, because="A registration without a user name is still refused.")
    _must_not_tell(
        password, response, "When a field is missing, `input` in the error is the whole body."
    )


@quiet_refusals.requirement("a refusal still says where and why")
async def says_where_and_why(client: Client, rng: Random) -> None:
    response = await client.post(
        "/registrations", json={"username": _word(rng), "password": _word(rng)[:3]}
    )
    expect(response, status=422, because="A short password is refused.")
    detail = response.json().get("detail") if isinstance(response.json(), dict) else None
    first = detail[0] if isinstance(detail, list) and detail else {}
    ensure(
        isinstance(first, dict) and first.get("loc") == ["body", "password"],
        'an entry in `detail` with "loc": ["body", "password"]',
        got=response.text[:120],
        because="A client that is told nothing can't show which field to mend.",
        response=response,
    )
    for name in ("msg", "type"):
        ensure(
            bool(first.get(name)),
            f"a `{name}` in each entry of `detail`",
            got=f"the fields {', '.join(first)}",
            because="The message is for people, the type for programs; neither repeats the value.",
            response=response,
        )
    response = await client.post("/registrations", json={})
    expect(response, status=422, because="An empty registration is refused.")
    places = [one.get("loc") for one in response.json()["detail"]]
    ensure(
        sorted(places) == [["body", "password"], ["body", "username"]],
        "an entry for the user name and one for the password, since both are missing",
        got=f"entries for {places}",
        because="A client that is told one mistake at a time asks once for each.",
        response=response,
    )


def _must_not_tell(secret: str, response: httpx.Response, because: str) -> None:
    ensure(
        secret not in response.text,
        "an answer that does not repeat the password",
        got="one that does",
        because=because,
        response=response,
    )


customer_rows = Exercise(
    "customer_rows",
    title="The customers that can't be read",
    kind="bug hunt",
    section="3.4",
    hints=(
        (
            "Which exception does the log name, and what does its message ask for? The row is an "
            "object with attributes: has the model been told that it may read attributes?"
        ),
        (
            "`model_config` decides whether a model reads attributes. Section 3.4 shows how to ask "
            "`ConfigDict` itself which keys it knows."
        ),
        (
            "Compare the one key of the configuration with the name that the section uses, letter by "
            "letter. And ask yourself what the comment at the end of that line keeps quiet."
        ),
    ),
)

_CUSTOMERS = {7: "Ada", 8: "Grace"}
"""What the chapter's set-up cell gives the learner's app to read."""


@customer_rows.requirement("a customer is answered with number and name", points=2)
async def reads_the_row(client: Client, rng: Random) -> None:
    for number in rng.sample(list(_CUSTOMERS), len(_CUSTOMERS)):
        expect(
            await client.get(f"/customers/{number}"),
            status=200,
            contains={"id": number, "display_name": _CUSTOMERS[number]},
            because="`from_attributes` lets a model read an object's attributes.",
        )


@customer_rows.requirement("the password's hash stays in the shop")
async def keeps_the_hash(client: Client, rng: Random) -> None:
    response = await client.get(f"/customers/{rng.choice(list(_CUSTOMERS))}")
    expect(response, status=200, because="A customer is there to be read.")
    ensure(
        "hash" not in response.text and len(response.json()) == 2,
        "an answer with the two fields of the model",
        got=response.text,
        because="Whoever has the hash can try passwords against it at leisure.",
        response=response,
    )


@customer_rows.source_requirement("the configuration has no key that Pydantic does not know")
def configuration_is_known(tree: ast.Module) -> None:
    for key in _config_keys(tree):
        ensure(
            key in ConfigDict.__annotations__,
            "keys that `ConfigDict` knows",
            got=key,
            because="Pydantic ignores a key that it does not know, and the next reader trusts it.",
        )


def _config_keys(tree: ast.Module) -> list[str]:
    """The keys of every `model_config` in the source, however it is written."""
    bound = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    keys: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id="model_config"), value=ast.expr() as value):
                pass
            case _:
                continue
        match bound.get(value.id, value) if isinstance(value, ast.Name) else value:
            case ast.Dict(keys=names):
                keys += [str(name.value) for name in names if isinstance(name, ast.Constant)]
            case ast.Call(keywords=keywords):
                keys += [keyword.arg for keyword in keywords if keyword.arg]
    return keys


camel_orders = Exercise(
    "camel_orders",
    title="Two spellings and an old name",
    kind="change",
    section="3.4",
    serve=pydantic_model,
    hints=(
        (
            "Which names does a request use, which does the answer use, and which does Python use? "
            "An alias can be for reading, for writing, or for both."
        ),
        (
            "`alias_generator=to_camel` and `validate_by_name=True` in the configuration; for one "
            "field `validation_alias=AliasChoices(…)`. Section 3.4, under the heading on aliases."
        ),
        (
            "Put the generator and the switch into `ConfigDict`. The last field gets a `Field` with "
            "its default and an alias for reading only, with two choices: its own name and the old "
            "one. For writing, the generator's name is right already."
        ),
    ),
)


@camel_orders.requirement("an order in camelCase is read")
async def reads_camel_case(client: Client, rng: Random) -> None:
    item_id, note = rng.randint(1, 999), _word(rng)
    response = await _post(client, {"itemId": item_id, "giftNote": note, "amount": 2})
    expect(
        response,
        status=200,
        because="The page in the browser writes `itemId` and `giftNote`.",
        mistakes={422: "The model knows only its own names: `itemId` is a stranger to it."},
    )
    ensure(
        sorted(map(str, response.json().values())) == sorted(["2", str(item_id), note]),
        "an order with all three values that were sent",
        got=response.text,
        because="A name that the model does not know is ignored, and its default used instead.",
        response=response,
    )


@camel_orders.requirement("the answer is in camelCase")
async def writes_camel_case(client: Client, rng: Random) -> None:
    item_id = rng.randint(1, 999)
    expect(
        await _post(client, {"itemId": item_id}),
        status=200,
        json={"itemId": item_id, "giftNote": "", "amount": 1},
        because="The same page reads the answer.",
    )


@camel_orders.requirement("an order in snake_case is still read")
async def reads_snake_case(client: Client, rng: Random) -> None:
    item_id, note = rng.randint(1, 999), _word(rng)
    expect(
        await _post(client, {"item_id": item_id, "gift_note": note}),
        status=200,
        contains={"giftNote": note},
        because="Scripts that other people wrote send the old spelling.",
        mistakes={422: "With an alias, the field's own name is not accepted unless you allow it."},
    )


@camel_orders.requirement("the old name `qty` is read as `amount`, and never written")
async def reads_the_old_name(client: Client, rng: Random) -> None:
    amount = rng.randint(2, 9)
    for name in ("qty", "amount"):
        expect(
            await _post(client, {"itemId": 1, name: amount}),
            status=200,
            contains={"amount": amount},
            because="Both names are read, and one is written: `amount`.",
        )
    expect(
        await _post(client, {"item_id": 1, "qty": amount}),
        status=200,
        contains={"amount": amount},
        because="The scripts that say `qty` send snake_case.",
    )


def _totals(value: Any) -> ASGIApp:
    """Serve the function, and tell the type of what it returned: JSON has one for all numbers."""
    plain_function(value)  # so that what is no function is told as everywhere

    async def total(raw: str) -> dict[str, Any]:
        answer = value(raw)
        if isawaitable(answer):
            answer = await answer
        return {"type": type(answer).__name__, "total": str(answer)}

    return plain_function(total)


day_total = Exercise(
    "day_total",
    title="The total of a day",
    kind="make",
    section="3.5",
    serve=_totals,
    hints=(
        (
            "What is one order, and what is the whole text? Say both with types first. What can turn "
            "JSON text into that whole type in one step, without a loop?"
        ),
        (
            "A model with two bounded fields, and `TypeAdapter(list[…])` with its method "
            "`validate_json`. Section 3.5, under the heading on lists. Make the adapter once, "
            "outside the function."
        ),
        (
            "Above the function: the model (a `Decimal` that is more than zero, an `int` that is at "
            "least one) and the adapter of a list of it. Inside: validate the text, then `sum` the "
            "products, beginning with a `Decimal` zero."
        ),
    ),
)


_WHY_NO_TOTAL = {
    "NoneType": "Your function returned nothing: is a `return` missing?",
    "str": "Nobody can add to a text: return the `Decimal` itself.",
}


@day_total.requirement("the total is exact", points=2)
async def adds_up_exactly(client: Client, rng: Random) -> None:
    three_dimes: list[dict[str, Any]] = [{"price": "0.10", "amount": 3}]
    # A float has some sixteen digits, so rounding it does not bring these back.
    treasure: list[dict[str, Any]] = [{"price": "1234567890123456.78", "amount": 1}]
    drawn: list[dict[str, Any]] = [
        {"price": f"{rng.randint(1, 99)}.{rng.randint(10, 99)}", "amount": rng.randint(1, 9)}
        for _ in range(3)
    ]
    for orders in (three_dimes, drawn, treasure):
        response = await _call(client, orders)
        expect(response, status=200, because="Each of these orders is a good one.")
        total = sum(Decimal(order["price"]) * order["amount"] for order in orders)
        answer = response.json()
        ensure(
            answer["type"] == "Decimal" and _decimal(answer["total"]) == total,
            f"the total {total}, a Decimal",
            got=_told(answer),
            because=_WHY_NO_TOTAL.get(
                answer["type"],
                "Money is added as `Decimal`: with `float`, three times 0.10 is not 0.30.",
            ),
        )


@day_total.requirement("a day without orders has the total 0")
async def adds_up_nothing(client: Client) -> None:
    response = await _call(client, [])
    expect(response, status=200, because="A day without orders is a day, too.")
    answer = response.json()
    ensure(
        answer["type"] in ("Decimal", "int") and _decimal(answer["total"]) == 0,
        "the total 0",
        got=_told(answer),
        because="An empty list is a good list.",
    )


@day_total.requirement("an order that makes no sense raises a `ValidationError`")
async def refuses_bad_orders(client: Client, rng: Random) -> None:
    good = {"price": "3.50", "amount": 2}
    for change in (
        {"amount": 0},
        {"price": "-1.00"},
        {"price": "free"},
        {"amount": 1.5},
        {"price": "0.00"},
    ):
        expect(
            await _call(client, [good, good | change]),
            status=422,
            because=f"One order has {_named(change)}; a total that counts it is wrong.",
        )
    expect(
        await _call(client, [good, _without(good, "price")]),
        status=422,
        because="An order without a price can't be counted.",
    )


@day_total.source_requirement("no `TypeAdapter` is made inside a function")
def adapter_is_made_once(tree: ast.Module) -> None:
    for function in _plain_functions(tree):
        ensure(
            not any(_calls(node, "TypeAdapter") for node in _own_nodes(function)),
            "an adapter that is made once, above the function",
            got=f"one that {function.name} makes at every call",
            because="To make an adapter, Pydantic builds a validator: that costs far more than "
            "to use it.",
        )


def _told(answer: dict[str, str]) -> str:
    """`0.3, a float`, for an answer that was told with its type."""
    return "None" if answer["type"] == "NoneType" else f"{answer['total']}, {_a(answer['type'])}"


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}"


async def _call(client: Client, orders: list[dict[str, Any]]) -> httpx.Response:
    return await client.post("/", json=[json.dumps(orders)])


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def _plain_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions, except decorated ones, which may be cached, and those that return another."""
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and not node.decorator_list:
            inside = {one.name for one in ast.walk(node) if isinstance(one, _FUNCTIONS)}
            returned = {
                one.value.id
                for one in _own_nodes(node)
                if isinstance(one, ast.Return) and isinstance(one.value, ast.Name)
            }
            if not inside & returned:
                yield node


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """What runs at every call: the body without the functions in it, and without the defaults."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            waiting += ast.iter_child_nodes(node)


def _calls(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=called)) | ast.Call(func=ast.Attribute(attr=called)):
            return called == name
        case ast.Call(func=ast.Subscript(value=ast.Name(id=called))):
            return called == name
    return False


price_patch = Exercise(
    "price_patch",
    title="The description that disappears",
    kind="bug hunt",
    section="3.5",
    hints=(
        (
            "Which fields does the client send, and which fields does `model_dump()` give back? Print "
            "both. Who put the others there?"
        ),
        (
            "`model_dump(exclude_unset=True)` gives what was sent; so does `MISSING` as the default. "
            "And a type with `| None` allows null: which of the three fields may be cleared? "
            "Section 3.5, under the heading on PATCH."
        ),
        (
            "Change the call that updates the store, so that it gets only the fields that were sent. "
            "Then go through the model: take `| None` out of the two fields that may never be null, "
            "and give them another default, which is never used."
        ),
    ),
)

_TEAPOT = {"name": "teapot", "description": "for four cups", "price": 24.9}


@price_patch.requirement("a field that is not sent stays as it is", points=2)
async def keeps_what_is_not_sent(client: Client, rng: Random) -> None:
    path, price = await _put(client, rng), float(rng.randint(1, 99))
    other = await _put(client, rng)
    changed = await client.patch(path, json={"price": price})
    expect(
        changed,
        status=200,
        because="A change names only what it changes, so every field may be left out.",
    )
    expect(
        await client.get(path),
        status=200,
        json=_TEAPOT | {"price": price},
        because="PATCH changes a part: who sends a price says nothing about the description.",
    )
    expect(
        changed,
        json=_TEAPOT | {"price": price},
        because="A repair keeps what the PATCH answered: the whole item, as it is now.",
    )
    name = _word(rng)
    await client.patch(path, json={"description": "blue", "name": name})
    expect(
        await client.get(path),
        status=200,
        json={"name": name, "price": price, "description": "blue"},
        because="The next PATCH leaves alone what the first one changed.",
    )
    expect(
        await client.get(other),
        status=200,
        json=_TEAPOT,
        because="A change of one item leaves the others alone.",
    )


@price_patch.requirement("null clears the description")
async def clears_the_description(client: Client, rng: Random) -> None:
    path = await _put(client, rng)
    expect(
        await client.patch(path, json={"description": None}),
        status=200,
        because="A description may be taken away: its type allows null.",
    )
    expect(
        await client.get(path),
        status=200,
        json=_TEAPOT | {"description": None},
        because="Null was sent, so it is meant: left out and null are two different things.",
    )


@price_patch.requirement("a name or a price of null is refused")
async def refuses_null(client: Client, rng: Random) -> None:
    path = await _put(client, rng)
    for name in ("name", "price"):
        expect(
            await client.patch(path, json={name: None}),
            status=422,
            because=f"Every item has a {name}: it can be changed, but not taken away.",
        )


@price_patch.requirement("a price of 0 is refused, and nothing is changed")
async def refuses_bad_prices(client: Client, rng: Random) -> None:
    path = await _put(client, rng)
    expect(
        await client.patch(path, json={"name": "pot", "price": 0}),
        status=422,
        because="What is changed keeps the rules that a new item keeps.",
    )
    expect(
        await client.get(path),
        status=200,
        json=_TEAPOT,
        because="A request that was refused has changed nothing.",
    )


async def _put(client: Client, rng: Random) -> str:
    """Store a teapot under a new number, and return its path."""
    path = f"/items/{rng.randint(1, 1_000_000)}"
    expect(
        await client.put(path, json=_TEAPOT),
        status=200,
        because="The PUT of the starter still stores an item.",
    )
    return path


def _patch_app(change: Callable[[dict[str, Any], BaseModel], None]) -> FastAPI:
    """The app of the exercise `price_patch`, with the way in which it applies a change."""

    class ItemChange(BaseModel):
        name: str = ""
        description: str | None = None
        price: Annotated[float, Field(gt=0)] = 1.0

    store: dict[int, dict[str, Any]] = {1: deepcopy(_TEAPOT)}
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def put_item(item_id: int, item: dict[str, Any]) -> dict[str, Any]:
        store[item_id] = item
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, Any]:
        return store[item_id]

    @app.patch("/items/{item_id}")
    async def change_item(item_id: int, patch: ItemChange) -> dict[str, Any]:
        change(store[item_id], patch)
        return store[item_id]

    return app


def _repaired() -> FastAPI:
    return _patch_app(lambda item, patch: item.update(patch.model_dump(exclude_unset=True)))


def _wiping() -> FastAPI:
    """The app as it was found: what is not sent is set to its default."""
    return _patch_app(lambda item, patch: item.update(patch.model_dump()))


def _deaf_to_null() -> FastAPI:
    """A wrong repair: what is not sent stays, but null is not heard either."""
    return _patch_app(
        lambda item, patch: item.update(patch.model_dump(exclude_unset=True, exclude_none=True))
    )


def _forgetful() -> FastAPI:
    """A wrong repair: the change is answered, but never stored."""

    def forget(item: dict[str, Any], patch: BaseModel) -> None:
        return None

    return _patch_app(forget)


price_patch_test = Exercise(
    "price_patch_test",
    title="The test that would have caught it",
    kind="make",
    section="3.5",
    serve=tried_on(
        {
            "repaired": _repaired,
            "wiping": _wiping,
            "deaf": _deaf_to_null,
            "forgetful": _forgetful,
        }
    ),
    hints=(
        (
            "What does the owner expect after a change of the price? That the price is new, and that "
            "the rest is as before. And after `null` for the description?"
        ),
        (
            "Await `http.patch(…, json=…)`, then `http.get(…)`, then use `assert` on the whole "
            "`response.json()`. Comparing the whole document catches what you did not think of."
        ),
        (
            "Put an item first, so that you know what is there. Patch its price, read it, and "
            "compare all three fields. Then patch the description with `None`, read it again, and "
            "compare all three once more."
        ),
    ),
)


@price_patch_test.requirement("the test passes on the repaired app")
async def passes_on_repaired(client: Client) -> None:
    report = await _report(client, "repaired")
    ensure(
        report["outcome"] == "passed",
        "a test that passes on the repaired app",
        got=report["message"],
        because="A test that fails on right code is switched off sooner or later.",
    )


@price_patch_test.requirement("the test fails on the app as it was found")
async def fails_on_wiping(client: Client) -> None:
    await _must_fail(
        client,
        "wiping",
        "the app that wipes what is not sent",
        "Compare the fields that you did not send, too: they are what was lost.",
    )


@price_patch_test.requirement("the test fails when null is ignored")
async def fails_on_deaf(client: Client) -> None:
    await _must_fail(
        client,
        "deaf",
        "an app that ignores `null`",
        "Many repair it with `exclude_none`, and then nobody can clear a description any more.",
    )


@price_patch_test.requirement("the test fails when the change is not stored")
async def fails_on_forgetful(client: Client) -> None:
    await _must_fail(
        client,
        "forgetful",
        "an app that changes nothing at all",
        "A test that only looks for what must stay is content with an app that does nothing.",
    )


async def _must_fail(client: Client, app: str, which: str, because: str) -> None:
    report = await _report(client, app)
    ensure(
        report["outcome"] == "failed",
        f"a test that fails on {which}",
        got="one that passes",
        because=because,
    )


async def _report(client: Client, app: str) -> dict[str, str]:
    response = await client.get(f"/trials/{app}")
    expect(response, status=200, because="Your test was run against four apps.")
    return response.json()


basket = Exercise(
    "basket",
    title="A basket, from nothing",
    kind="make",
    section="3.6",
    serve=pydantic_model,
    hints=(
        (
            "There are two models in this document, one inside the other. Which of them is repeated? "
            "Begin with the inner one, check it by hand, then build the outer one from it."
        ),
        (
            "`Field(ge=…, le=…)` for numbers, `Field(min_length=…, max_length=…)` for a list, "
            '`HttpUrl` for an address, `ConfigDict(extra="forbid")` against unknown names. '
            "Sections 3.2, 3.4 and 3.6."
        ),
        (
            "The inner model has two bounded numbers, the second with a default of one. The outer "
            "model has a list of the inner one, with bounds for its length, and an address that is "
            "nullable and optional. Both models forbid what they do not know."
        ),
    ),
)


@basket.requirement("a good basket is accepted, and what is left out is filled in")
async def accepts_baskets(client: Client, rng: Random) -> None:
    item_id, amount = rng.randint(1, 999), rng.randint(2, 99)
    expect(
        await _post(client, {"lines": [{"item_id": item_id, "amount": amount}, {"item_id": 1}]}),
        status=200,
        json={
            "lines": [{"item_id": item_id, "amount": amount}, {"item_id": 1, "amount": 1}],
            "gift_page": None,
        },
        because="A line without an amount is for one piece, and most baskets have no gift page.",
    )
    for bound in (1, 99):
        expect(
            await _post(client, {"lines": [{"item_id": 1, "amount": bound}]}),
            status=200,
            because=f"The bounds belong to the range: an amount of {bound} is allowed.",
        )


@basket.requirement("a basket has 1 to 20 lines")
async def bounds_the_lines(client: Client) -> None:
    line = {"item_id": 1}
    for number, status in ((0, 422), (1, 200), (20, 200), (21, 422)):
        expect(
            await _post(client, {"lines": [line] * number}),
            status=status,
            because="An empty basket is no order, and an endless one is an attack."
            if status == 422
            else f"The bounds belong to the range: {number} lines are allowed.",
        )


@basket.requirement("a wrong line is refused, and `loc` says which one")
async def names_the_wrong_line(client: Client, rng: Random) -> None:
    number = rng.randint(0, 3)
    for name, value in (("item_id", 0), ("amount", 0), ("amount", 100)):
        lines: list[dict[str, Any]] = [{"item_id": 5, "amount": 1} for _ in range(4)]
        lines[number][name] = value
        response = await _post(client, {"lines": lines})
        expect(response, status=422, because=f"A line with {_named({name: value})} makes no sense.")
        ensure(
            response.json()["detail"][0]["loc"] == ["lines", number, name],
            f'"loc": ["lines", {number}, "{name}"]',
            got=str(response.json()["detail"][0]["loc"]),
            because="A page with ten lines must know which field to mark.",
            response=response,
        )


@basket.requirement("`gift_page` is an address of the web, or null")
async def checks_the_address(client: Client) -> None:
    for page, status in (
        ("https://shop.example/cards/7", 200),
        (None, 200),
        ("http://shop.example/cards/8", 200),
        ("not a page", 422),
        ("javascript:alert(1)", 422),
        ("ftp://shop.example/cards/7", 422),
        ("httpx://shop.example/cards/7", 422),
    ):
        response = await _post(client, {"lines": [{"item_id": 1}], "gift_page": page})
        expect(
            response,
            status=status,
            because="The shop makes a link of it: only http and https may be followed."
            if status == 422
            else f"{page!r} is allowed.",
        )
        if status == 200:
            expect(
                response,
                contains={"gift_page": page},
                because="What was accepted is kept: the shop has a card to print.",
            )


@basket.requirement("a name that does not exist is refused, in the basket and in a line")
async def refuses_strangers(client: Client) -> None:
    for document in (
        {"lines": [{"item_id": 1}], "gift_pag": None},
        {"lines": [{"item_id": 1, "amuont": 3}]},
    ):
        expect(
            await _post(client, document),
            status=422,
            because="A misspelt name is otherwise ignored: who orders three gets one.",
        )


sale_period = Exercise(
    "sale_period",
    title="A sale from one day to another",
    kind="complete",
    section="3.7",
    serve=pydantic_model,
    hints=(
        (
            "The rule compares two fields. Which validator sees both of them, already as dates? And "
            "the number of days: is it something that a client tells you, or something that you know?"
        ),
        (
            "A `model_validator` with the mode `after` gets `self` and must return it. `computed_field` "
            "above a property puts it into the answer. Section 3.7, the first two headings."
        ),
        (
            "The validator raises a `ValueError` when the end is before the start; the same day is "
            "allowed. The property subtracts the two dates, takes `.days` of the difference, and "
            "counts the first day as well."
        ),
    ),
)


@sale_period.requirement("a sale that ends before it starts is refused")
async def refuses_backwards(client: Client, rng: Random) -> None:
    day = rng.randint(10, 27)
    expect(
        await _post(client, {"starts": f"2026-11-{day}", "ends": f"2026-11-{day - 1}"}),
        status=422,
        because="Each date is right by itself; only together they are wrong.",
    )
    expect(
        await _post(client, {"starts": f"2026-12-0{day % 9 + 1}", "ends": f"2026-11-{day}"}),
        status=422,
        because="A date is more than its day: this sale ends in the month before it starts.",
    )


@sale_period.requirement("the answer has `days`, with the first and the last day counted")
async def counts_the_days(client: Client, rng: Random) -> None:
    day, more = rng.randint(1, 14), rng.randint(1, 14)
    for length in (0, more):
        sale = {"starts": f"2026-11-{day:02}", "ends": f"2026-11-{day + length:02}"}
        expect(
            await _post(client, sale),
            status=200,
            json=sale | {"days": length + 1},
            because="A sale on one day takes one day.",
            mistakes=_about_days,
        )
    expect(
        await _post(client, {"starts": "2026-11-29", "ends": f"2027-01-{day:02}"}),
        status=200,
        contains={"days": 33 + day},
        because="A sale may go on into another month and another year: subtract the dates, and "
        "not their days.",
    )


@sale_period.requirement("a client can't set `days`")
async def days_are_not_an_input(client: Client, rng: Random) -> None:
    response = await _post(
        client,
        {"starts": "2026-11-24", "ends": "2026-11-25", "days": rng.randint(50, 99)},
    )
    if response.status_code != 422:
        expect(
            response,
            status=200,
            contains={"days": 2},
            because="What is computed is never taken from outside: ignore it or refuse it.",
        )


payment_kinds = Exercise(
    "payment_kinds",
    title="Payments under a wrong label",
    kind="change",
    section="3.7",
    serve=pydantic_model,
    hints=(
        (
            "What does the type of `kind` say about its value? And what decides today which of the "
            "two models is taken: the label, or the fields that happen to be there?"
        ),
        (
            "`Literal` lists the values that a label may have, and "
            "`Annotated[…, Field(discriminator=…)]` makes the label decide. Section 3.7, under the "
            "heading on unions."
        ),
        (
            "Give `kind` in each model a `Literal` type with its one word, and no default. Wrap the "
            "union of the two in `Annotated`, with a `Field` that names the label as the "
            "discriminator."
        ),
    ),
)


@payment_kinds.requirement("both kinds of payment are accepted")
async def accepts_both_kinds(client: Client, rng: Random) -> None:
    for payment in (
        {"kind": "card", "last_digits": f"{rng.randint(0, 9999):04}"},
        {"kind": "voucher", "code": _word(rng)},
    ):
        expect(
            await _post(client, payment),
            status=200,
            json=payment,
            because="Label and content fit each other.",
        )


@payment_kinds.requirement("a voucher that is labelled as a card is refused", points=2)
async def refuses_wrong_labels(client: Client, rng: Random) -> None:
    for payment in (
        {"kind": "card", "code": _word(rng)},
        {"kind": "voucher", "last_digits": "0007"},
    ):
        expect(
            await _post(client, payment),
            status=422,
            because="Whoever reads `kind` later, to charge the card, finds something else inside.",
        )


@payment_kinds.requirement("an unknown kind is one error, about the label")
async def explains_unknown_kinds(client: Client, rng: Random) -> None:
    response = await _post(client, {"kind": _word(rng), "code": _word(rng)})
    expect(response, status=422, because="There are two kinds of payment, and this is neither.")
    detail = response.json()["detail"]
    ensure(
        len(detail) == 1,
        "one error",
        got=f"{len(detail)}, about {' and '.join('.'.join(map(str, e['loc'])) for e in detail)}",
        because="Without a discriminator Pydantic tries every model and reports them all.",
        response=response,
    )


@payment_kinds.requirement("a payment without a kind is refused")
async def wants_the_label(client: Client, rng: Random) -> None:
    expect(
        await _post(client, {"code": _word(rng)}),
        status=422,
        because="A label that is filled in by a guess is no label.",
    )


async def _post(client: Client, document: Any) -> httpx.Response:
    return await client.post("/", json=document)


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def _named(change: dict[str, Any]) -> str:
    """`an amount of 0`, for a sentence about one field."""
    ((name, value),) = change.items()
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name} of {value}"


def _word(rng: Random) -> str:
    """Eight letters that no answer can have foreseen."""
    return "".join(rng.choices(string.ascii_lowercase, k=8))


def _about_days(response: httpx.Response) -> str | None:
    """What to say of a sale without its days; None for one with a wrong number."""
    if response.status_code == 422:
        return "A sale that ends on the day it starts is a good one: compare with `<`."
    if response.json() is None:
        return "The model has become None: a model validator has to `return self`."
    if "days" not in response.json():
        return "Without `@computed_field` a property works in Python, but is not in the answer."
    return None


def _price_as_number(response: httpx.Response) -> str | None:
    """What to say of a price that was refused or is a JSON number; None for any other answer."""
    if response.status_code == 422:
        return "This is a good price: more than 0, at most 10000, with two decimal places."
    if response.status_code == 200 and isinstance(response.json(), float | int):
        return "The price has become a binary number: `float` can't hold most prices exactly."
    return None


def _returned_nothing(response: httpx.Response) -> str | None:
    """What to say when a validator forgot to return; None for any other answer."""
    if response.status_code == 422 and response.json()["detail"][0]["input"] is None:
        return "Your function returned nothing for a list, so the field was checked with None."
    return None

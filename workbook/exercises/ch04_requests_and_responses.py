"""The exercises of chapter 4, requests and responses, in the order in which it sets them."""

import ast
import inspect
import json
import string
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from itertools import takewhile
from random import Random
from typing import Any
from urllib.parse import parse_qs, quote

import httpx
from fastapi import FastAPI, HTTPException

from workbook.adapters import WrongKind, arranged, kind
from workbook.asgi import ASGIApp, Receive, Scope, Send
from workbook.client import Client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.trials import tried_on

unheard_order = Exercise(
    "unheard_order",
    title="The order that is not heard",
    kind="bug hunt",
    section="4.1",
    hints=(
        (
            "The 422 names a place in `loc`. Is that the place where the client put the item? Look "
            "at the parameters of the function: what in them says `body`?"
        ),
        (
            "A single value such as `str` or `int` is sought in the query string, in a POST as well. "
            "A Pydantic model is sought in the body. Section 4.1, and section 2.6 for the whole rule."
        ),
        (
            "Write a class with the two fields: the first required, the second with a default and a "
            "lower bound by `Field`. Give the function one parameter of that class, and answer with "
            "the two values that it holds."
        ),
    ),
)


@unheard_order.requirement("an order sent as JSON is answered 201 with what was ordered", points=2)
async def hears_the_body(client: Client, rng: Random) -> None:
    order = {"item": _word(rng), "amount": rng.randint(2, 9)}
    expect(
        await client.post("/orders", json=order),
        status=201,
        json=order,
        because="A client that sends JSON puts its values into the body.",
        mistakes=_where_the_order_was_sought,
    )


@unheard_order.requirement("without an amount it is one piece")
async def orders_one_piece(client: Client, rng: Random) -> None:
    item = _word(rng)
    expect(
        await client.post("/orders", json={"item": item}),
        status=201,
        json={"item": item, "amount": 1},
        because="Old clients send no amount, and a repair keeps what worked for them.",
        mistakes=_where_the_order_was_sought,
    )
    order = {"item": item, "amount": 1}
    expect(
        await client.post("/orders", json=order),
        status=201,
        json=order,
        because="One piece that is asked for by its number is one piece, too.",
        mistakes=_where_the_order_was_sought,
    )


@unheard_order.requirement("no item, or fewer than one piece: 422")
async def refuses_bad_orders(client: Client, rng: Random) -> None:
    item = _word(rng)
    for order in (
        {"amount": 2},
        {"item": item, "amount": 0},
        {"item": item, "amount": -rng.randint(1, 9)},
    ):
        expect(
            await client.post("/orders", json=order),
            status=422,
            because=f"{json.dumps(order)} is no order that the shop could send.",
        )


gift_order = Exercise(
    "gift_order",
    title="An order, a gift and a wish",
    kind="complete",
    section="4.2",
    hints=(
        (
            "Three things come in the body, one in the path, one in the query string. Which of them "
            "would FastAPI look for in the right place by its type alone?"
        ),
        (
            "Two models in one signature are sought in the body under their own names. A single "
            "value joins them there when its annotation names `Body`. Section 4.2."
        ),
        (
            "Three parameters: the first has the type `Gift`; the second is a `bool` wrapped in "
            "`Annotated` together with `Body()`; the third is a plain `bool`. The last two are "
            "`False` by default. Put all of them into the answer."
        ),
    ),
)


@gift_order.requirement("`order` and `gift` are two objects side by side in the body", points=2)
async def takes_two_objects(client: Client, rng: Random) -> None:
    number, body = rng.randint(2, 99), _gift_body(rng)
    response = await client.post(f"/customers/{number}/orders", json=body)
    expect(
        response,
        status=200,
        contains={"order": body["order"], "gift": body["gift"]},
        because="What came in as two objects is to be answered as two objects.",
        mistakes=_where_the_gift_was_sought,
    )
    expect(
        response,
        contains={"customer_id": number},
        because="The path says whose order it is, and the answer is to say it too.",
    )


@gift_order.requirement("`wrap` is a third key of the body, and is false by default")
async def takes_wrap_from_the_body(client: Client, rng: Random) -> None:
    path, body = f"/customers/{rng.randint(1, 99)}/orders", _gift_body(rng)
    for sent, wrap in (({**body, "wrap": True}, True), (body, False)):
        expect(
            await client.post(path, json=sent),
            status=200,
            contains={"wrap": wrap},
            because=f"The body {'asks for wrapping' if wrap else 'says nothing about it'}.",
            mistakes=_where_wrap_was_sought,
        )


@gift_order.requirement("`express` comes from the query string, and is false by default")
async def takes_express_from_the_query(client: Client, rng: Random) -> None:
    path, body = f"/customers/{rng.randint(1, 99)}/orders", _gift_body(rng)
    for query, express in (("?express=true", True), ("", False)):
        expect(
            await client.post(path + query, json=body),
            status=200,
            contains={"express": express},
            because="A plain `bool` is a query parameter.",
            mistakes=_where_the_gift_was_sought,
        )


@gift_order.requirement("an order without its gift is refused with 422")
async def refuses_no_gift(client: Client, rng: Random) -> None:
    path, body = f"/customers/{rng.randint(1, 99)}/orders", _gift_body(rng)
    expect(
        await client.post(path, json={"order": body["order"]}),
        status=422,
        because="A gift order needs somebody to give it to.",
        mistakes={200: "With a default the gift may be left out."},
    )
    expect(
        await client.post(path, json={"order": body["order"], "gift": {"card": "for you"}}),
        status=422,
        because="A gift order needs somebody to give it to: the model `Gift` has a required `to`.",
    )


sign_up_form = Exercise(
    "sign_up_form",
    title="A form that keeps its secret",
    kind="change",
    section="4.3",
    hints=(
        (
            "Which of the three fields should never be in an answer? And where could you say, once "
            "for the whole form, that fields you do not know are refused?"
        ),
        (
            "A Pydantic model behind `Annotated[…, Form()]` is a form model. It takes `Field` for "
            "rules and `extra` in its `model_config`. Section 4.3, form models."
        ),
        (
            "Move the three fields into a class that forbids extra ones. The password gets a "
            "`min_length` of twelve, the newsletter stays `False` by default. The function has one "
            "parameter, and its answer names two of the three fields."
        ),
    ),
)


@sign_up_form.requirement("the answer has the address and the newsletter, not the password")
async def keeps_the_password(client: Client, rng: Random) -> None:
    form = {"email": _address(rng), "password": _secret(rng), "newsletter": "true"}
    expect(
        await client.post("/sign-up", data=form),
        status=201,
        json={"email": form["email"], "newsletter": True},
        because="The client knows its password; logs and caches on the way should not.",
        mistakes=_what_became_of_the_form,
    )


@sign_up_form.requirement("a box that is not ticked is not sent, and means no")
async def newsletter_is_optional(client: Client, rng: Random) -> None:
    form = {"email": _address(rng), "password": _secret(rng)}
    expect(
        await client.post("/sign-up", data=form),
        status=201,
        contains={"newsletter": False},
        because="A browser leaves an unticked box out of the form.",
        mistakes=_what_became_of_the_form,
    )


@sign_up_form.requirement("a field that the form does not have is refused with 422")
async def refuses_unknown_fields(client: Client, rng: Random) -> None:
    form = {"email": _address(rng), "password": _secret(rng)}
    for name in ("is_admin", f"is_{_word(rng)}"):
        expect(
            await client.post("/sign-up", data={**form, name: "true"}),
            status=422,
            because=f"Somebody who sends `{name}` hopes that you will store it.",
        )


@sign_up_form.requirement("a password of fewer than 12 characters is refused with 422")
async def refuses_short_passwords(client: Client, rng: Random) -> None:
    email, password = _address(rng), _secret(rng)
    expect(
        await client.post("/sign-up", data={"email": email, "password": password[:11]}),
        status=422,
        because="Eleven characters are one too few: the form's model says what is enough.",
    )
    expect(
        await client.post("/sign-up", data={"email": email, "password": password[:12]}),
        status=201,
        because="At least twelve characters: twelve are enough.",
        mistakes=_what_became_of_the_form,
    )


safe_accounts = Exercise(
    "safe_accounts",
    title="The account that tells too much",
    kind="bug hunt",
    section="4.4",
    hints=(
        (
            "Read the three answers and look for a field that no visitor should see. What does each "
            "function promise about its answer, and who checks the promise?"
        ),
        (
            "FastAPI filters an answer by its return type or by `response_model`, nested objects "
            "included. A type that says nothing, or the stored class itself, filters nothing. "
            "Section 4.4."
        ),
        (
            "`UserOut` has the two fields that may be seen. Name it, alone and as a list, in the "
            "decorators of the first two routes. For the third, write a class with a number, an item "
            "and a buyer who is such a user."
        ),
    ),
)

_ADA, _GRACE = {"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}


@safe_accounts.requirement("`/users/{user_id}` answers the number and the name, nothing else")
async def shows_one_user(client: Client, rng: Random) -> None:
    for user in rng.sample([_ADA, _GRACE], 2):
        expect(
            await client.get(f"/users/{user['id']}"),
            status=200,
            json=user,
            because="An answer shows what its model names.",
            mistakes=_what_leaked,
        )


@safe_accounts.requirement("`/users` shows no more of each user")
async def shows_every_user(client: Client) -> None:
    expect(
        await client.get("/users"),
        status=200,
        json=[_ADA, _GRACE],
        because="A list is filtered item by item when its type names the item's model.",
        mistakes=_what_leaked,
    )


@safe_accounts.requirement("`/orders/{order_id}` shows no more of its buyer")
async def shows_the_buyer(client: Client) -> None:
    expect(
        await client.get("/orders/7"),
        status=200,
        json={"id": 7, "item": "tea", "buyer": _ADA},
        because="A model inside a model is filtered by its own type.",
        mistakes=_what_leaked,
    )


@safe_accounts.requirement("the description promises exactly that, for all three")
async def promises_it(client: Client) -> None:
    response = await client.get("/openapi.json")
    expect(response, status=200, because="The description is the promise in writing.")
    document = response.json()
    user = {"id", "name"}
    for path, seen in (
        ("/users/{user_id}", {"": user}),
        ("/users", {"": user}),
        ("/orders/{order_id}", {"": {"id", "item", "buyer"}, "buyer": user}),
    ):
        answer = document["paths"].get(path, {}).get("get", {}).get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        for place, names in seen.items():
            fields = _fields(schema, document)
            if place:
                schema = fields.get(place, {})
                fields = _fields(schema, document)
            ensure(
                "hashed_password" not in fields,
                "a description without hashed_password",
                got="one that names it",
                because="A field that is described is a field that is sent.",
            )
            ensure(
                bool(fields),
                f"a model as the {place or 'answer'} of GET {path}",
                got=json.dumps(schema),
                because="Fields that are taken out by hand come back with the next column; a model "
                "lets only those through that it names.",
            )
            ensure(
                fields.keys() == names,
                f"{', '.join(sorted(names))} as the fields of the {place or 'answer'} of GET {path}",
                got=", ".join(sorted(fields)),
                because="What the description promises is what the next answer may hold.",
            )


def _shop(*, leaks_user: bool = False, leaks_buyer: bool = False, empty: bool = False) -> FastAPI:
    """The app of `safe_accounts` without response models: repaired, or with one leak."""
    app = FastAPI()
    leak = {"hashed_password": "9c1185a5c5e9fc54612808977ee8f548"}

    users = {1: {**_ADA, **(leak if leaks_user else {})}, 2: _GRACE}

    @app.get("/users/{user_id}")
    async def read_user(user_id: int) -> dict[str, Any]:
        if user_id not in users:
            raise HTTPException(404)
        return {} if empty else users[user_id]

    @app.get("/users")
    async def read_users() -> list[dict[str, Any]]:
        return [] if empty else [_ADA, _GRACE]

    @app.get("/orders/{order_id}")
    async def read_order(order_id: int) -> dict[str, Any]:
        if order_id != 7:
            raise HTTPException(404)
        buyer = {**_ADA, **(leak if leaks_buyer else {})}
        return {} if empty else {"id": 7, "item": "tea", "buyer": buyer}

    return app


safe_accounts_test = Exercise(
    "safe_accounts_test",
    title="The test that would have caught the leak",
    kind="make",
    section="4.4",
    serve=tried_on(
        {
            "repaired": _shop,
            "leaks-user": lambda: _shop(leaks_user=True),
            "leaks-buyer": lambda: _shop(leaks_buyer=True),
            "empty": lambda: _shop(empty=True),
        }
    ),
    hints=(
        (
            "Is it enough to say what must not be in the answer? Think of an answer that has nothing "
            "in it at all: would your test notice?"
        ),
        (
            "Compare `response.json()` of both requests with the whole object that you expect. Then "
            "a field too many fails, and a field too few as well. Section 4.4."
        ),
        (
            "Two requests, to user 1 and to order 7. Each gets one `assert` with `==` and the "
            "complete dictionary: number and name for the user; number, item and the buyer's "
            "dictionary for the order."
        ),
    ),
)


@safe_accounts_test.requirement("the test passes on the repaired shop")
async def passes_when_repaired(client: Client) -> None:
    report = await _report(client, "repaired")
    ensure(
        report["outcome"] == "passed",
        "a test that passes on the repaired shop",
        got=report["message"],
        because="A test that fails on right code is switched off sooner or later.",
    )


@safe_accounts_test.requirement("the test fails when `/users/1` leaks the hash")
async def fails_on_a_leaking_user(client: Client) -> None:
    report = await _report(client, "leaks-user")
    ensure(
        report["outcome"] == "failed",
        "a test that fails when /users/1 shows hashed_password",
        got=_fared(report),
        because="That is the bug as it was reported.",
    )


@safe_accounts_test.requirement("the test fails when the buyer in `/orders/7` leaks the hash")
async def fails_on_a_leaking_buyer(client: Client) -> None:
    report = await _report(client, "leaks-buyer")
    ensure(
        report["outcome"] == "failed",
        "a test that fails when the buyer in /orders/7 shows hashed_password",
        got=_fared(report),
        because="The same leak hides one level deeper, where nobody looks.",
    )


@safe_accounts_test.requirement("the test fails when nothing comes back at all")
async def fails_on_empty_answers(client: Client) -> None:
    report = await _report(client, "empty")
    ensure(
        report["outcome"] == "failed",
        "a test that fails when both answers are {}",
        got=_fared(report),
        because="An empty answer leaks nothing and is wrong all the same: say what must be there.",
    )


told_answers = Exercise(
    "told_answers",
    title="A description that tells of failure",
    kind="complete",
    section="4.5",
    hints=(
        (
            "Somebody writes a client from your description alone. What would they have to know "
            "about a cup that does not exist, and about the route that nobody should use any more?"
        ),
        (
            "The decorator takes `summary`, `operation_id`, `deprecated`, and `responses`: a "
            "dictionary by status, where `model` names the shape of the answer. The docstring "
            "becomes the description. Section 4.5."
        ),
        (
            "The first decorator gets three arguments: a short summary, the operation's name, and a "
            "dictionary whose key 404 leads to a description and the model `Problem`. The function "
            "gets a docstring. The second decorator gets one argument, which is true."
        ),
    ),
)


@told_answers.requirement("`GET /cups/{cup_id}` tells of its 404, and of what is in it", points=2)
async def tells_of_404(client: Client) -> None:
    document = await _description(client)
    responses = _operation(document, "/cups/{cup_id}")["responses"]
    ensure(
        "404" in responses,
        "a 404 among the described answers",
        got=", ".join(responses),
        because="FastAPI sees your return type, not your `raise`: say it in `responses`.",
    )
    schema = responses["404"].get("content", {}).get("application/json", {}).get("schema", {})
    fields = _fields(schema, document)
    ensure(
        "detail" in fields,
        "a model with the field detail for the 404",
        got=f"the fields {', '.join(fields)}" if fields else json.dumps(schema),
        because="A client that shows the reason has to know where it is: give the 404 its `model`.",
    )
    expect(
        await client.get("/cups/999"),
        status=404,
        contains={"detail": "no such cup"},
        because="The description must not be the only place where the 404 exists.",
    )
    for number, size in ((1, "small"), (2, "large")):
        expect(
            await client.get(f"/cups/{number}"),
            status=200,
            json={"id": number, "size": size},
            because="A cup that exists is answered as before: only the description changes.",
        )


@told_answers.requirement("it has the summary `One cup` and a sentence of description")
async def tells_what_it_is(client: Client) -> None:
    operation = _operation(await _description(client), "/cups/{cup_id}")
    ensure(
        operation.get("summary") == "One cup",
        "the summary 'One cup'",
        got=repr(operation.get("summary")),
        because="Without one, the summary is made of the function's name.",
    )
    ensure(
        len(operation.get("description", "").split()) >= 3,
        "a sentence as the description",
        got=repr(operation.get("description", "")),
        because="The docstring, or `description`, says what the name does not.",
    )


@told_answers.requirement("its operation id is `read_cup`")
async def has_its_own_id(client: Client) -> None:
    operation = _operation(await _description(client), "/cups/{cup_id}")
    ensure(
        operation["operationId"] == "read_cup",
        "the operation id read_cup",
        got=operation["operationId"],
        because="A generated client names its method after this id.",
    )


@told_answers.requirement("`GET /old-cups` still answers, and is marked as deprecated")
async def marks_the_old_route(client: Client) -> None:
    expect(
        await client.get("/old-cups"),
        status=200,
        json=["small", "large"],
        because="Deprecated means: still there, and on its way out.",
    )
    operation = _operation(await _description(client), "/old-cups")
    ensure(
        operation.get("deprecated") is True,
        "GET /old-cups with deprecated: true",
        got="no such mark",
        because="A reader who starts today should not start with this one.",
    )
    ensure(
        not _operation(await _description(client), "/cups/{cup_id}").get("deprecated"),
        "GET /cups/{cup_id} without that mark",
        got="deprecated: true",
        because="It is the way to a cup that is to stay: mark the one route, not all of them.",
    )


def _with_and_without_docs(build: Any) -> ASGIApp:
    """Serve what the learner's function builds: `/with/…` and `/without/…` the description."""
    if isinstance(build, FastAPI):
        raise WrongKind("This is an app. Pass the function that builds one: `build_shop`.")
    if not inspect.isfunction(build):
        raise WrongKind(f"This is {kind(build)}. Pass the function that builds the app.")
    if inspect.iscoroutinefunction(build):
        raise WrongKind(f"Nothing in {build.__name__} has to wait: begin it with `def`.")
    both = FastAPI(openapi_url=None)
    for path, show_docs in (("/with", True), ("/without", False)):
        app = build(show_docs)
        if not isinstance(app, FastAPI):
            raise WrongKind(f"{build.__name__}({show_docs}) returned {kind(app)}. Return the app.")
        both.mount(path, _at_the_root(app))
    return both


def _at_the_root(app: ASGIApp) -> ASGIApp:
    """Let a mounted app see the paths that it would see alone, in `request.url` too."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope["root_path"])
        alone = {"path": path, "raw_path": path.encode(), "root_path": "", "app_root_path": ""}
        await app({**scope, **alone}, receive, send)

    return serve


quiet_docs = Exercise(
    "quiet_docs",
    title="A description for colleagues only",
    kind="change",
    section="4.5",
    serve=_with_and_without_docs,
    hints=(
        (
            "Three pages tell strangers about your routes: two for people and one for programs. The "
            "two for people are drawn from the third. Which one do you have to take away?"
        ),
        (
            "`FastAPI(openapi_url=…)` says where the description is; `None` means nowhere, and then "
            "`/docs` and `/redoc` are gone as well. Section 4.5, conditional descriptions."
        ),
        (
            "Inside the call of `FastAPI` use an expression with `if … else`: the usual address when "
            "`show_docs` is true, and `None` otherwise. Everything below stays as it is."
        ),
    ),
)


@quiet_docs.requirement("with `show_docs=True` the description and both pages are there")
async def shows_docs(client: Client) -> None:
    for path in ("/openapi.json", "/docs", "/redoc"):
        expect(
            await client.get(f"/with{path}"),
            status=200,
            because="Your colleagues still want to read it.",
        )
    document = (await client.get("/with/openapi.json")).json()
    _operation(document, "/items")


@quiet_docs.requirement("with `show_docs=False` all three of its pages answer 404", points=2)
async def hides_docs(client: Client) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        expect(
            await client.get(f"/without{path}"),
            status=404,
            because="The pages are drawn from `/openapi.json`: who reads that needs no page.",
        )


@quiet_docs.requirement("`GET /items` answers in both")
async def serves_both(client: Client) -> None:
    for place in ("with", "without"):
        expect(
            await client.get(f"/{place}/items"),
            status=200,
            json=["tea", "cup", "pot"],
            because="To hide the description is not to hide the shop.",
        )


SEE_OTHER_LINES = {
    "A": "    return RedirectResponse(url, status_code=303)",
    "B": "@app.post('/orders')",
    "C": "async def read_order(number: int) -> str:",
    "D": "    return RedirectResponse(url)",
    "E": "    url = f'/orders/{len(orders)}'",
    "F": "@app.get('/orders/{number}')",
    "G": "    return RedirectResponse(url, status_code=301)",
    "H": "    orders.append(item)",
    "I": "async def place_order(item: Annotated[str, Form()]) -> RedirectResponse:",
    "J": "    return orders[number - 1]",
}

see_other = Exercise(
    "see_other",
    title="After the form, another page",
    kind="arrange",
    section="4.6",
    serve=arranged(
        SEE_OTHER_LINES,
        given="from typing import Annotated\n"
        "from fastapi import FastAPI, Form\n"
        "from fastapi.responses import RedirectResponse\n"
        "app = FastAPI()\n"
        "orders: list[str] = []\n",
    ),
    lines=SEE_OTHER_LINES,
    hints=(
        (
            "There are two routes: one that takes the form and one that shows an order. Make the "
            "two blocks first. Then ask with which method the browser calls the second page."
        ),
        (
            "The status of a redirect says how it is to be followed: 307 repeats the method, 303 "
            "means *see that other page, with GET*, 301 is for ever. Section 4.6, redirects."
        ),
        (
            "Eight of the ten lines are used: decorator, function, append, address and redirect for "
            "the form; decorator, function and return for the page. Of the three redirects take the "
            "one that always leads to a GET and is not remembered."
        ),
    ),
)


@see_other.requirement("the form is answered with 303 and the address of the order")
async def sends_to_the_order(client: Client, rng: Random) -> None:
    response = await client.post("/orders", data={"item": _word(rng)})
    expect(
        response,
        status=303,
        because="303 says: it is done, now look there with GET.",
        mistakes={
            307: "307 is the default, and tells the browser to send the form once more, to the "
            "new address.",
            301: "301 is permanent: a browser may remember it, and never send this form again.",
        },
    )
    location = response.headers.get("location", "")
    ensure(
        location.startswith("/orders/"),
        "a Location such as /orders/1",
        got=location or "none",
        because="The address tells where the new order is.",
        response=response,
    )


@see_other.requirement("who follows it reads the order")
async def leads_to_the_order(client: Client, rng: Random) -> None:
    item = _word(rng)
    expect(
        await client.post("/orders", data={"item": item}, follow_redirects=True),
        status=200,
        json=item,
        because="A browser that reloads this page asks for the order; it does not order twice.",
        mistakes={405: "The redirect was followed with POST, and the page of an order takes GET."},
    )


price_files = Exercise(
    "price_files",
    title="Price lists to take away",
    kind="make",
    section="4.6",
    hints=(
        (
            "Begin with one route that sends one existing file. Then ask: what comes back for a name "
            "that does not exist? And may a name lead out of the folder?"
        ),
        (
            "`FileResponse(path, filename=…)` sends a file, its type, and parts of it on request. It "
            "finds out too late that a file is missing: look before, and raise `HTTPException(404)`. "
            "Section 4.6, files."
        ),
        (
            "A plain `def` with `name: str` from the path. Make the path from the folder and the "
            "name; if that is no file, raise the 404; otherwise return the response, and pass the "
            "name on as the name of the download. Leave `:path` out of the route."
        ),
    ),
)

PRICES = "item,price\ntea,3.50\ncup,8.00\n"
"""What the chapter's set-up cell writes into `prices.csv`."""

TEAS = "tea,grams\ngreen,50\n"
"""And into `teas.csv`, so that a route can't know the one name by heart."""

_ONE_UP = "`../` in a name leads one folder up, to files that you never meant to send."

LEADING_OUT = {
    "..%2Fsecret.txt": _ONE_UP,
    "%2E%2E%2Fsecret.txt": _ONE_UP,
    ".%2F..%2Fsecret.txt": "`../` leads up wherever it stands in a name, not at its beginning only.",
    "....%2F%2Fsecret.txt": "Take `../` out of `....//`, and `../` is what remains: refuse such a "
    "name, do not mend it.",
    "%2E%2E": "`..` is the folder above, and a folder is no file that could be sent.",
    quote(json.__file__, safe=""): "A name that begins with `/` is a path of its own: joined to a "
    "folder, it replaces the folder.",
}
"""Names that lead out of the folder, and what to say of each."""


@price_files.requirement("`/files/prices.csv` is the file, as CSV, and so is `/files/teas.csv`")
async def sends_the_file(client: Client) -> None:
    response = await client.get("/files/prices.csv")
    expect(
        response,
        status=200,
        text=PRICES,
        because="The body of the answer is the file, byte by byte.",
        mistakes=_text_in_quotes,
    )
    media_type = response.headers.get("content-type", "none").partition(";")[0]
    ensure(
        media_type == "text/csv",
        "the content type text/csv",
        got=media_type,
        because="The type tells a browser what to do with it.",
        response=response,
    )
    expect(
        await client.get("/files/teas.csv"),
        status=200,
        text=TEAS,
        because="The name says which file is sent. The set-up cell wrote `teas.csv` into `FILES`.",
    )


@price_files.requirement("a part of it can be asked for, as a download that is resumed does")
async def sends_a_part(client: Client, rng: Random) -> None:
    start = rng.randint(1, 9)
    expect(
        await client.get("/files/prices.csv", headers={"range": f"bytes={start}-{start + 9}"}),
        status=206,
        text=PRICES[start : start + 10],
        because="`FileResponse` answers ranges by itself; a body that you read and send does not.",
    )


@price_files.requirement("it is saved under its name")
async def names_the_download(client: Client) -> None:
    for name, because in (
        ("prices.csv", "Without `filename` a browser shows the file instead of saving it."),
        ("teas.csv", "Each file is saved under its own name."),
    ):
        response = await client.get(f"/files/{name}")
        disposition = response.headers.get("content-disposition", "")
        ensure(
            "attachment" in disposition and name in disposition,
            f"a content-disposition with attachment and {name}",
            got=disposition or "none",
            because=because,
            response=response,
        )


@price_files.requirement("a name that does not exist is a 404")
async def misses_with_404(client: Client, rng: Random) -> None:
    await _sends_anything(client)
    expect(
        await client.get(f"/files/{_word(rng)}.csv"),
        status=404,
        because="A wrong name is the client's mistake, and a 500 says that it is yours.",
    )


@price_files.requirement("no name leads out of the folder", points=2)
async def stays_in_the_folder(client: Client) -> None:
    await _sends_anything(client)
    for name, because in LEADING_OUT.items():
        expect(await client.get(f"/files/{name}"), status=404, because=because)


async def _sends_anything(client: Client) -> None:
    """An app without the route refuses every name, and deserves nothing for it."""
    expect(
        await client.get("/files/prices.csv"),
        status=200,
        because="First of all the file itself has to be there.",
    )


stock_lines = Exercise(
    "stock_lines",
    title="The stock, line by line",
    kind="change",
    section="4.6",
    hints=(
        (
            "When does the first row leave the shop today: when it is counted, or when all of them "
            "are? Which word lets a function hand over one value and go on?"
        ),
        (
            "An endpoint that yields, with the return type `AsyncIterable[…]` or `Iterable[…]`, "
            "sends JSON Lines. Section 4.6, streams."
        ),
        (
            "Change the return type to an iterable of `StockLine`. Replace the list by a loop over "
            "the same numbers whose body yields one counted row. Nothing else changes."
        ),
    ),
)


@stock_lines.requirement("the answer is JSON Lines")
async def is_json_lines(client: Client) -> None:
    response = await client.get("/stock", params={"count": 2})
    expect(response, status=200, because="A stream begins like every good answer.")
    media_type = response.headers.get("content-type", "none").partition(";")[0]
    ensure(
        media_type == "application/jsonl",
        "the content type application/jsonl",
        got=media_type,
        because="The type tells the client that it may read line by line.",
        response=response,
    )
    ensure(
        "content-length" not in response.headers,
        "an answer whose length is not known when it begins",
        got=f"content-length: {response.headers.get('content-length')}",
        because="Who knows the length has all of the rows already: they were joined, then sent.",
        response=response,
    )


@stock_lines.requirement("each line is one row, as JSON")
async def has_one_row_a_line(client: Client, rng: Random) -> None:
    count = rng.randint(4, 9)
    for query, rows in (({"count": count}, count), ({}, 3)):
        response = await client.get("/stock", params=query)
        expect(response, status=200, because="A stream begins like every good answer.")
        lines = response.text.splitlines()
        ensure(
            len(lines) == rows,
            f"{rows} lines for count={rows}" if query else "3 lines without a count",
            got=f"{len(lines)}",
            because="One row, one line: that is what lets a client read it in pieces.",
            response=response,
        )
        for number, line in enumerate(lines, 1):
            row = {"item_id": number, "left": number * 7 % 13}
            ensure(
                _loaded(line) == row,
                f"line {number} to be {json.dumps(row)}",
                got=line,
                because="Each line is a JSON document of its own.",
                response=response,
            )


@stock_lines.source_requirement("the rows are yielded, not collected")
def yields_rows(tree: ast.Module) -> None:
    ensure(
        any(_is_lazy(node) for node in ast.walk(tree)),
        "a function that yields, in the cell that makes the app",
        got="none",
        because="A list has to be complete before its first row can leave.",
    )
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _yields(function):
            ensure(
                not any(_collects(node) for node in ast.walk(function)),
                "rows that leave as they are counted",
                got="a list of them before the first is yielded",
                because="A list has to be complete before its first row can leave.",
            )


session_cookie = Exercise(
    "session_cookie",
    title="Nobody stays logged in",
    kind="bug hunt",
    section="4.7",
    hints=(
        (
            "The cookie is set on one response, and another one is returned. Which of the two is "
            "sent? Look for the header `set-cookie` in the answer."
        ),
        (
            "Return plain data and FastAPI sends what you set on the injected `Response`. "
            "`set_cookie` takes `httponly`, `secure` and `samesite`; `delete_cookie` takes the "
            "cookie back. Section 4.7."
        ),
        (
            "Let both functions return a dictionary. Give the cookie a fresh `token_urlsafe(32)` and "
            "the three safe attributes, two of them true and one the word `lax`. In the second "
            "function call the method that deletes, with the cookie's name."
        ),
    ),
)


@session_cookie.requirement("logging in sets the cookie `session_id`, a new value each time")
async def sets_a_session(client: Client) -> None:
    values = []
    for _ in range(2):
        response = await client.post("/login")
        expect(response, status=200, because="The visitor is who they say.")
        others = response.headers.get("set-cookie", "")
        ensure(
            (cookie := _cookie(response)) is not None,
            "a set-cookie header for session_id",
            got=others.partition(";")[0] or "none",
            because="The next page looks for a cookie of that name."
            if others
            else "What you set on the injected `response` is lost when you return another one.",
            response=response,
        )
        if cookie:
            ensure(
                not _has_ended(cookie) and cookie["path"] in ("", "/"),
                "a cookie that the next page gets",
                got=f"session_id{others[others.find(';') :]}",
                because="A browser drops a cookie that has ended, and sends one with a path only "
                "to the pages below that path.",
                response=response,
            )
        values.append(cookie.value if cookie else "")
    ensure(
        len(set(values)) == 2 and len(values[0]) >= 16,
        "a new value of 16 characters or more at each login",
        got="the same value twice" if len(set(values)) == 1 else f"{len(values[0])} characters",
        because="Who guesses the value is logged in as somebody else.",
    )
    ensure(
        _differing(*values) >= 12,  # a clock in nanoseconds moves ten digits in a second
        "a random value at each login",
        got=f"{values[0]}, then {values[1]}",
        because="Who has one value must not be able to count on to the next: `secrets` can't be "
        "guessed, a counter and a clock can.",
    )


@session_cookie.requirement("the cookie has `HttpOnly`, `Secure` and `SameSite`", points=2)
async def is_a_safe_cookie(client: Client) -> None:
    response = await client.post("/login")
    cookie = _cookie(response)
    for attribute, because in (
        ("httponly", "Without it a script that slipped into your page reads the session."),
        ("secure", "Without it the session travels over plain http, for everybody to read."),
        ("samesite", "Without it other pages send requests in the visitor's name."),
    ):
        value = cookie[attribute] if cookie else ""
        given = value.lower() in ("lax", "strict") if attribute == "samesite" else bool(value)
        wanted = "SameSite=lax or strict" if attribute == "samesite" else attribute
        ensure(
            given,
            f"a session cookie with {wanted}",
            got=response.headers.get("set-cookie", "no cookie").partition(";")[2].strip()
            or "no attribute",
            because=because,
            response=response,
        )


@session_cookie.requirement("logging out takes the cookie back")
async def takes_it_back(client: Client) -> None:
    given = _cookie(await client.post("/login"))
    # A browser sends a Secure cookie over https; this client speaks http, and has to be told.
    sent = {"cookie": f"session_id={given.coded_value}"} if given else {}
    response = await client.post("/logout", headers=sent)
    cookie = _cookie(response)
    ensure(
        cookie is not None and _has_ended(cookie),
        "a set-cookie header that ends session_id",
        got=response.headers.get("set-cookie", "no set-cookie header"),
        because="An empty value is still a cookie; an end in the past removes it.",
        response=response,
    )
    if given and cookie:
        ensure(
            _place(given) == _place(cookie),
            f"the cookie taken back for {_place(given)}, for which it was set",
            got=_place(cookie),
            because="A browser removes the cookie of the same name, path and domain, no other.",
            response=response,
        )


created_or_replaced = Exercise(
    "created_or_replaced",
    title="Created, or replaced?",
    kind="change",
    section="4.7",
    hints=(
        (
            "Which status does the decorator give to every good answer? And who knows, before the "
            "shelf is changed, whether this one is new?"
        ),
        (
            "A parameter of the type `Response` lets you set `status_code` and `headers` for this "
            "one answer. What the description tells beside 200 stands in `responses`. "
            "Sections 4.5 and 4.7."
        ),
        (
            "Ask first whether the name is on the shelf. If it is not, set the status of the "
            "injected response to 201 and its `location` header to the path. The decorator tells of "
            "the 201 in a dictionary."
        ),
    ),
)


@created_or_replaced.requirement("a new shelf is answered 201, with its address in `Location`")
async def creates_with_201(client: Client, rng: Random) -> None:
    for because in (
        "201 says that something exists now that did not exist before.",
        "A second shelf is as new as the first one was.",
    ):
        path = f"/shelves/{_word(rng)}"
        response = await client.put(path, json=_books(rng))
        expect(response, status=201, because=because)
        location = response.headers.get("location")
        if not location or response.url.join(location) != response.url:
            expect(
                response,
                headers={"location": path},
                because="A 201 says in `Location` where the new thing is.",
            )


@created_or_replaced.requirement("the second time it is 200, without a `Location`")
async def replaces_with_200(client: Client, rng: Random) -> None:
    path = f"/shelves/{_word(rng)}"
    await client.put(path, json=_books(rng))
    response = await client.put(path, json=_books(rng))
    expect(
        response,
        status=200,
        because="Nothing was created: the shelf was there.",
        mistakes={201: "A `status_code` in the decorator holds for every good answer."},
    )
    ensure(
        "location" not in response.headers,
        "no Location header",
        got=response.headers.get("location", ""),
        because="The address is news only when the thing is new.",
        response=response,
    )
    await client.put(f"/shelves/{_word(rng)}", json=[])
    expect(
        await client.put(path, json=[]),
        status=200,
        because="The shelf was there, whatever was put on another one since.",
    )
    expect(
        await client.put(path, json=_books(rng)),
        status=200,
        because="An empty shelf is a shelf: ask whether the name is there, not whether books are.",
    )


@created_or_replaced.requirement("either way the answer is what stands there now")
async def answers_what_is_there(client: Client, rng: Random) -> None:
    path = f"/shelves/{_word(rng)}"
    for books in (_books(rng), _books(rng)):
        expect(
            await client.put(path, json=books),
            json=books,
            because="The client compares it with what it sent.",
        )


@created_or_replaced.requirement("the description tells of both, 200 and 201")
async def describes_both(client: Client) -> None:
    responses = _operation(await _description(client), "/shelves/{name}", "put")["responses"]
    ensure(
        {"200", "201"} <= responses.keys(),
        "200 and 201 among the described answers",
        got=", ".join(responses),
        because="FastAPI can't see a status that you set while the function runs.",
    )


visitor_headers = Exercise(
    "visitor_headers",
    title="What the visitor's browser says",
    kind="complete",
    section="4.9",
    hints=(
        (
            "A name in the signature is looked for in the query string, unless something says "
            "otherwise. What says so for a header, and what for a cookie?"
        ),
        (
            "`Header()` turns `accept_language` into `accept-language`, and takes a name that comes "
            "several times as a list. `Cookie()` does it for cookies. An enumeration or `Literal` "
            "names the words that are allowed. Section 4.9."
        ),
        (
            "Wrap all three types in `Annotated`: the first two with `Header()`, the third with "
            "`Cookie()`. The second becomes a list of words or `None`, and the answer has an empty "
            "list in place of `None`; the third becomes one of the two themes."
        ),
    ),
)


@visitor_headers.requirement("the language comes from `Accept-Language`, and is `en` without it")
async def reads_the_language(client: Client, rng: Random) -> None:
    language = _word(rng)[:2]
    for headers, wanted in (({"accept-language": language}, language), ({}, "en")):
        expect(
            await client.get("/welcome", headers=headers),
            status=200,
            contains={"language": wanted},
            because="A parameter becomes a header parameter by `Header()`, not by its name.",
        )


@visitor_headers.requirement("`X-Tag` may come several times")
async def reads_every_tag(client: Client, rng: Random) -> None:
    tags = [_word(rng), _word(rng)]
    expect(
        await client.get("/welcome", headers=[("x-tag", tag) for tag in tags]),
        status=200,
        contains={"tags": tags},
        because="A header that comes twice is a list of values; as one word, all but one are lost.",
    )
    expect(
        await client.get("/welcome", headers={"x-tag": tags[1]}),
        status=200,
        contains={"tags": tags[1:]},
        because="One tag is a list of one: the next visitor has no tags of the last.",
    )
    expect(
        await client.get("/welcome"),
        status=200,
        contains={"tags": []},
        because="Most visitors send none.",
    )


@visitor_headers.requirement("the theme comes from a cookie, and is `light` without it")
async def reads_the_theme(client: Client) -> None:
    for headers, theme in (
        ({"cookie": "other=dark; theme=light"}, "light"),
        ({"cookie": "theme=dark; other=1"}, "dark"),
        ({}, "light"),
    ):
        expect(
            await client.get("/welcome", headers=headers),
            status=200,
            contains={"theme": theme},
            because="Cookies come in a header of their own, which `Cookie()` takes apart.",
        )


@visitor_headers.requirement("another theme than `light` and `dark` is refused with 422")
async def refuses_other_themes(client: Client, rng: Random) -> None:
    for theme, because in (
        (_word(rng), "A cookie is written by the client, and the client can write anything."),
        (f"light{_word(rng)}", "A word that begins with `light` is another word."),
        (f"{_word(rng)}dark", "A word that ends with `dark` is another word."),
    ):
        expect(
            await client.get("/welcome", headers={"cookie": f"theme={theme}"}),
            status=422,
            because=because,
        )


def _word(rng: Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=8))


def _address(rng: Random) -> str:
    """An address that `EmailStr` takes too; it refuses reserved names such as `shop.test`."""
    return f"{_word(rng)}@example.com"


def _secret(rng: Random) -> str:
    """A password that is long enough."""
    return "".join(rng.choices(string.ascii_letters + string.digits, k=16))


def _books(rng: Random) -> list[str]:
    return [_word(rng) for _ in range(3)]


def _gift_body(rng: Random) -> dict[str, Any]:
    return {
        "order": {"item": _word(rng), "amount": rng.randint(2, 9)},
        "gift": {"to": _word(rng), "card": _word(rng)},
    }


async def _description(client: Client) -> dict[str, Any]:
    response = await client.get("/openapi.json")
    expect(response, status=200, because="The description is what /docs is drawn from.")
    return response.json()


def _operation(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    operation = document["paths"].get(path, {}).get(method)
    ensure(
        operation is not None,
        f"{method.upper()} {path} in the description",
        got=", ".join(document["paths"]) or "no path",
        because="What is not described can't be found.",
    )
    return operation or {}


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object that a schema describes, or of the objects in a list of them."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return _fields(document.get("components", {}).get("schemas", {}).get(name, {}), document)
    parts = [
        *schema.get("anyOf", ()),
        *schema.get("oneOf", ()),
        *schema.get("allOf", ()),
        *schema.get("prefixItems", ()),
    ]
    if isinstance(schema.get("items"), dict):
        parts.append(schema["items"])
    fields = dict(schema.get("properties", {}))
    for part in parts:
        fields |= _fields(part, document)
    return fields


async def _report(client: Client, app: str) -> dict[str, str]:
    response = await client.get(f"/trials/{app}")
    expect(response, status=200, because="Your test was run against four shops.")
    return response.json()


def _fared(report: dict[str, str]) -> str:
    return "one that is skipped" if report["outcome"] == "skipped" else "one that passes"


def _cookie(response: httpx.Response) -> Morsel[str] | None:
    """The cookie `session_id` that a response sets."""
    for header in response.headers.get_list("set-cookie"):
        if cookie := SimpleCookie(header).get("session_id"):
            return cookie
    return None


def _differing(one: str, other: str) -> int:
    """How many characters are left of two values without what both begin and end with."""
    begin = _alike(one, other)
    end = _alike(one[begin:][::-1], other[begin:][::-1])
    return max(len(one), len(other)) - begin - end


def _alike(one: str, other: str) -> int:
    """How many characters two values have in common at the beginning."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def _has_ended(cookie: Morsel[str]) -> bool:
    """Whether a browser removes the cookie; to it, `Max-Age` counts for more than `Expires`."""
    try:
        if cookie["max-age"]:
            return int(cookie["max-age"]) <= 0
        return parsedate_to_datetime(cookie["expires"]) <= datetime.now(UTC)
    except (ValueError, TypeError):
        return False


def _place(cookie: Morsel[str]) -> str:
    """Where a cookie holds; both routes lie in the root, which is the path of one without."""
    domain = f" of {cookie['domain'].lower().lstrip('.')}" if cookie["domain"] else ""
    return f"the path {cookie['path'] or '/'}{domain}"


def _is_lazy(node: ast.AST) -> bool:
    """Whether a piece of code hands over one value at a time."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "map"
    return isinstance(node, ast.Yield | ast.YieldFrom | ast.GeneratorExp)


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function itself yields, or is a route with a function inside that does."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    nodes: list[ast.AST] = list(function.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, inner) or function.decorator_list:
            nodes.extend(ast.iter_child_nodes(node))
    return False


def _collects(node: ast.AST) -> bool:
    """Whether a piece of code counts rows into a list."""
    match node:
        case ast.ListComp(elt=made) | ast.Call(func=ast.Attribute(attr="append"), args=[made]):
            return "count_stock" in ast.unparse(made)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted"), args=[made, *_]):
            return "count_stock" in ast.unparse(made)
    return False


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _sought(response: httpx.Response) -> list[Any]:
    """The first `loc` of a 422; empty for any other answer, and for a 422 in words of its own."""
    if response.status_code != 422:
        return []
    try:
        return list(response.json()["detail"][0]["loc"])
    except (ValueError, LookupError, TypeError):
        return []


def _where_the_order_was_sought(response: httpx.Response) -> str | None:
    """What to say of an order that was not heard; None for any other answer."""
    match _sought(response):
        case ["query", *_]:
            return (
                "A single value is sought in the query string, whatever the method. A model, or "
                "`Body()`, is sought in the body."
            )
        case ["body", name] if name not in ("item", "amount"):
            return (
                f"The order is sought under the key `{name}` of the body, and the client sends it "
                "without one: `embed` is not wanted here."
            )
        case ["body", "amount"] if b"amount" not in response.request.content:
            return "A field without a default is required."
        case ["body", "amount"]:
            return "An amount of one piece or more is in order."
        case ["body"]:
            return (
                "The body is the object with `item` and `amount`, as JSON. A single value behind "
                "`Body()`, alone in the signature, wants the whole body for itself."
            )
        case ["body", _] if '"missing"' in response.text:
            return "JSON was sent, and something else is read: with `Form()` a body is a form."
    if response.status_code == 200:
        return "The order is heard. What was created is answered 201: keep the `status_code`."
    return None


def _where_the_gift_was_sought(response: httpx.Response) -> str | None:
    if (place := _sought(response)) == ["body", "wrap"]:
        return "`wrap` was not sent: without a default it is required."
    if place[:1] == ["query"]:
        return f"`{place[-1]}` was sought in the query string, and was not sent there."
    if place:
        return (
            f"It was sought at `{'.'.join(map(str, place))}`, and the client sends the objects "
            "`order` and `gift`: each model in the signature has a key of its own in the body."
        )
    return None


def _where_wrap_was_sought(response: httpx.Response) -> str | None:
    if response.is_success:
        stayed = response.text.replace(" ", "").count('"wrap":false')
        asked = b'"wrap"' in response.request.content
        return (
            "`wrap` stayed false: a plain `bool` is sought in the query string."
            if stayed and asked
            else None
        )
    return _where_the_gift_was_sought(response)


def _what_became_of_the_form(response: httpx.Response) -> str | None:
    """What to say of a form that came back whole, or was not taken."""
    if response.status_code == 200:
        return "The form is taken. What was created is answered 201: keep the `status_code`."
    sent = parse_qs(response.request.content.decode())
    if response.is_success and sent["password"][0] in response.text:
        return "The password is in the answer, where logs and caches on the way can keep it."
    match _sought(response):
        case ["body"]:
            return "Without `Form()` a model is sought in a JSON body, and a browser sends a form."
        case ["query", *_]:
            return "It was sought in the query string, and a browser sends a form: `Form()`."
        case ["body", "newsletter"]:
            return "Without a default every visitor must want the newsletter."
        case ["body", "password"]:
            length = len(sent["password"][0])
            return f"The password has {length} characters, and at least 12 is the rule."
        case ["body", *place]:
            return (
                f"`{'.'.join(map(str, place))}` was missing or refused. The form has the fields "
                f"{', '.join(f'`{name}`' for name in sent)}."
            )
    return None


def _what_leaked(response: httpx.Response) -> str | None:
    if "hashed_password" in response.text:
        return "Everything that the stored object holds was sent, the password's hash included."
    return None


def _text_in_quotes(response: httpx.Response) -> str | None:
    if response.headers.get("content-type") == "application/json" and response.is_success:
        return "A text that you return becomes JSON, in quotes. Return a response that sends files."
    return None

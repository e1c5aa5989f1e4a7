"""The questions of chapter 4: three that look back, then one or two a section."""

import asyncio
from collections.abc import AsyncIterable
from importlib.metadata import requires
from typing import Annotated

import httpx
from fastapi import Body, Depends, FastAPI, Form, Header, HTTPException, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from workbook.client import client
from workbook.quizzes import Option, Question


class _Item(BaseModel):
    name: str


class _StoredItem(_Item):
    secret: str = "s"


unknown_field_is_dropped = Question(
    "unknown_field_is_dropped",
    section="3.7",
    prompt="A client sends `is_admin` to a model that has no such field, and gets no error. Why?",
    options={
        "a": Option(
            "The model takes the field in and stores it.",
            "It is nowhere on the object, as `model_dump()` shows.",
        ),
        "b": Option(
            "By default a model ignores fields that it does not know.",
            'With `extra="forbid"` in its configuration it refuses them.',
        ),
        "c": Option(
            "Pydantic checks the types of values, never the names of fields.",
            "It does both: a required field that is missing is an error.",
        ),
    },
    answer="b",
)


@unknown_field_is_dropped.proven_by
async def _prove_unknown_field_is_dropped() -> str:
    item = _Item.model_validate({"name": "tea", "is_admin": True})
    return "b" if item.model_dump() == {"name": "tea"} else "a"


not_json_beats_401 = Question(
    "not_json_beats_401",
    section="2.1",
    prompt="A request has no key, which a dependency asks for, and a body that is no JSON. "
    "Why is the answer 422 and not 401?",
    options={
        "a": Option(
            "The body is read before any dependency runs.",
            "What can't be read at all is refused there. Wrong *values* are found after the "
            "dependencies.",
        ),
        "b": Option(
            "The dependency runs only for requests without a body.",
            "It runs for every request that gets that far.",
        ),
        "c": Option(
            "422 is the answer to everything that is wrong with a request.",
            "The same request with readable JSON is a 401.",
        ),
    },
    answer="a",
)


@not_json_beats_401.proven_by
async def _prove_not_json_beats_401() -> str:
    def refuse() -> None:
        raise HTTPException(401)

    app = FastAPI(dependencies=[Depends(refuse)])

    @app.post("/items")
    async def create_item(item: _Item) -> None: ...

    async with client(app) as http:
        named = {"content-type": "application/json"}
        broken = await http.post("/items", content="{", headers=named)
        wrong = await http.post("/items", json={})
    return "a" if (broken.status_code, wrong.status_code) == (422, 401) else ""


form_needs_a_parser = Question(
    "form_needs_a_parser",
    section="1.3",
    prompt="`uv add fastapi`, and an app with `Form()` says that `python-multipart` is missing. "
    "Why was that package not installed?",
    options={
        "a": Option(
            "It is not on the package index.",
            "It is, and `uv add python-multipart` installs it.",
        ),
        "b": Option(
            "Forms are an extra: `fastapi` alone brings what every app needs, "
            "`fastapi[standard]` also the parser of forms.",
            "So an app that only speaks JSON does not carry it.",
        ),
        "c": Option(
            "It belongs to Python itself, and the installation is broken.",
            "The standard library has no parser for forms.",
        ),
    },
    answer="b",
)


@form_needs_a_parser.proven_by
async def _prove_form_needs_a_parser() -> str:
    needed = [one for one in requires("fastapi") or [] if one.startswith("python-multipart")]
    extras = [one for one in needed if 'extra == "standard"' in one]
    return "b" if extras and all("extra ==" in one for one in needed) else ""


text_is_not_json = Question(
    "text_is_not_json",
    section="4.1",
    prompt="A body is perfect JSON, and the 422 says `Input should be a valid dictionary or "
    "object`, with the whole text as its `input`. Why?",
    options={
        "a": Option(
            "The JSON is an object, and the model wants a dictionary.",
            "An object becomes a dictionary; that is what the model wants.",
        ),
        "b": Option(
            "The request does not say that it is JSON, so the body stayed a piece of text.",
            "Send `Content-Type: application/json`. Clients do it when they are told that it is "
            "JSON: `json=` in httpx.",
        ),
        "c": Option(
            "The text has a byte that is no UTF-8.",
            "Then it could not be read at all: a 400, which has neither `type` nor `input`.",
        ),
    },
    answer="b",
)


@text_is_not_json.proven_by
async def _prove_text_is_not_json() -> str:
    app = FastAPI()

    @app.post("/items")
    async def create_item(item: _Item) -> None: ...

    text = '{"name": "tea"}'
    async with client(app) as http:
        unnamed = (await http.post("/items", content=text)).json()["detail"][0]
        named = {"content-type": "application/json"}
        good = await http.post("/items", content=text, headers=named)
        unreadable = await http.post("/items", content=b'{"name": "\xff"}', headers=named)
    if unreadable.status_code != 400 or isinstance(unreadable.json()["detail"], list):
        return ""
    return "b" if good.is_success and unnamed["input"] == text else ""


why_a_key = Question(
    "why_a_key",
    section="4.2",
    prompt="Yesterday `POST /orders` took the fields of `order: Order` as its body. Today somebody "
    "added `gift: Gift` to the function, and every old client gets 422. Why?",
    options={
        "a": Option(
            "`Gift` has no default.",
            "That is one complaint. With a default the old body would still be refused.",
        ),
        "b": Option(
            "With two models the body is an object with a key for each; the old body has no key "
            "`order`.",
            "A second model changes the shape of the whole body, not only its own part.",
        ),
        "c": Option(
            "A body can hold only one model.",
            "It can hold many, each under the name of its parameter.",
        ),
    },
    answer="b",
)


@why_a_key.proven_by
async def _prove_why_a_key() -> str:
    app = FastAPI()

    @app.post("/one")
    async def take_one(order: _Item) -> None: ...

    @app.post("/two")
    async def take_two(order: _Item, gift: Annotated[_Item | None, Body()] = None) -> None: ...

    async with client(app) as http:
        one = await http.post("/one", json={"name": "tea"})
        two = await http.post("/two", json={"name": "tea"})
    sought = two.json()["detail"][0]["loc"] if two.is_error else []
    return "b" if one.is_success and sought == ["body", "order"] else ""


unticked_box = Question(
    "unticked_box",
    section="4.3",
    prompt="A form has a box `newsletter: bool`, without a default. Why does every visitor who "
    "does *not* tick it get a 422?",
    options={
        "a": Option(
            "The browser sends `off`, and that is no `bool`.",
            "`off` would be `False`. It sends nothing at all.",
        ),
        "b": Option(
            "A browser sends nothing for a box that is not ticked, and a field without a default "
            "is required.",
            "Give it the default `False`.",
        ),
        "c": Option(
            "Forms carry text only, so a `bool` can't come from a form.",
            "`on`, `true`, `1` and `yes` all become `True`.",
        ),
    },
    answer="b",
)


@unticked_box.proven_by
async def _prove_unticked_box() -> str:
    app = FastAPI()

    @app.post("/sign-up")
    async def sign_up(email: Annotated[str, Form()], news: Annotated[bool, Form()]) -> bool:
        return news

    async with client(app) as http:
        answers = [
            await http.post("/sign-up", data={"email": "a", **box})
            for box in ({}, {"news": "off"}, {"news": "on"})
        ]
    return "b" if [one.status_code for one in answers] == [422, 200, 200] else ""


who_broke_the_promise = Question(
    "who_broke_the_promise",
    section="4.4",
    prompt="The answer of a function lacks a field of its return type. Why is that a 500, when a "
    "request that lacks a field is a 422?",
    options={
        "a": Option(
            "The client sent something that made the field disappear.",
            "The client sent a valid request. Nothing it could change would help.",
        ),
        "b": Option(
            "It is the server that broke its own promise, and 5xx says so.",
            "The details go into your log, and not to the client.",
        ),
        "c": Option(
            "FastAPI can't check an answer, so the server crashes.",
            "It does check it: the log says `ResponseValidationError`, with the field.",
        ),
    },
    answer="b",
)


@who_broke_the_promise.proven_by
async def _prove_who_broke_the_promise() -> str:
    app = FastAPI()

    @app.post("/items", response_model=_Item)
    async def create_item(item: _Item) -> dict[str, str]:
        return {}

    async with client(app, log_app_exceptions=False) as http:
        bad_answer = (await http.post("/items", json={"name": "tea"})).status_code
        bad_request = (await http.post("/items", json={})).status_code
    return "b" if (bad_answer, bad_request) == (500, 422) else ""


same_object_two_answers = Question(
    "same_object_two_answers",
    section="4.4",
    prompt="Two routes return the same stored object. One has `-> UserOut` and the other `-> Any`. "
    "Why does only the second show the secret field?",
    options={
        "a": Option(
            "`UserOut` marks the field as secret.",
            "It does not know the field at all, and that is enough.",
        ),
        "b": Option(
            "The answer is written with the fields of its declared type; `Any` declares none, so "
            "everything goes out.",
            "That is why a route without a type can leak what nobody thought of.",
        ),
        "c": Option(
            "`Any` turns off FastAPI's search for secrets.",
            "There is no such search. Only the type decides.",
        ),
    },
    answer="b",
)


@same_object_two_answers.proven_by
async def _prove_same_object_two_answers() -> str:
    app = FastAPI()

    @app.get("/typed")
    async def read_typed() -> _Item:
        return _StoredItem(name="tea")

    @app.get("/untyped")
    async def read_untyped() -> object:
        return _StoredItem(name="tea")

    async with client(app) as http:
        typed, untyped = [(await http.get(path)).json() for path in ("/typed", "/untyped")]
    return "b" if "secret" in untyped and "secret" not in typed else ""


undescribed_404 = Question(
    "undescribed_404",
    section="4.5",
    prompt="A function raises `HTTPException(404)`. Why does `/openapi.json` not tell of the 404?",
    options={
        "a": Option(
            "404 is left out because every path can have one.",
            "422 could be left out with the same reason, and it is there.",
        ),
        "b": Option(
            "The description is made of signatures and decorators, before any function runs.",
            "What happens inside has to be told: `responses={404: …}`.",
        ),
        "c": Option(
            "It appears as soon as one request has been answered 404.",
            "The document does not change while the app runs.",
        ),
    },
    answer="b",
)


@undescribed_404.proven_by
async def _prove_undescribed_404() -> str:
    app = FastAPI()

    @app.get("/silent")
    async def fail() -> None:
        raise HTTPException(404)

    @app.get("/told", responses={404: {"model": _Item}})
    async def fail_as_told() -> None:
        raise HTTPException(404)

    async with client(app) as http:
        await http.get("/silent")
        paths = (await http.get("/openapi.json")).json()["paths"]
    silent, told = ("404" in paths[path]["get"]["responses"] for path in ("/silent", "/told"))
    return "b" if told and not silent else "c"


why_303 = Question(
    "why_303",
    section="4.6",
    prompt="Why is a form better answered with 303 than with the default 307?",
    options={
        "a": Option(
            "303 is quicker.",
            "Both cost one more request.",
        ),
        "b": Option(
            "After 307 the browser sends the whole form again, to the new address; after 303 it "
            "reads that address with GET.",
            "The page that says thank you takes GET, and so can be reloaded without harm.",
        ),
        "c": Option(
            "307 is only for errors.",
            "3xx are no errors. It means: not here, do the same over there.",
        ),
    },
    answer="b",
)


@why_303.proven_by
async def _prove_why_303() -> str:
    app = FastAPI()

    @app.post("/form/{code}")
    async def take_form(code: int) -> RedirectResponse:
        return RedirectResponse("/thanks", status_code=code)

    @app.api_route("/thanks", methods=["GET", "POST"], include_in_schema=False)
    async def say_thanks() -> None: ...

    async with client(app, follow_redirects=True) as http:
        methods = [(await http.post(f"/form/{code}")).request.method for code in (307, 303)]
    return "b" if methods == ["POST", "GET"] else ""


no_500_after_200 = Question(
    "no_500_after_200",
    section="4.6",
    prompt="A stream of JSON Lines fails at its third row. Why does the client see a 200 and a "
    "broken connection, and no 500?",
    options={
        "a": Option(
            "Rows of a stream are not checked, so there is no error.",
            "They are: the server's log has a `ResponseValidationError`.",
        ),
        "b": Option(
            "The status is sent before the first row, and can't be taken back.",
            "The only way left to say that something is wrong is to stop.",
        ),
        "c": Option(
            "FastAPI hides errors in streams.",
            "It logs them; it has no status left to send.",
        ),
    },
    answer="b",
)


@no_500_after_200.proven_by
async def _prove_no_500_after_200() -> str:
    app = FastAPI()

    @app.get("/lines")
    async def two_lines() -> AsyncIterable[_Item]:
        yield _Item(name="tea")
        # Lets the first row leave before the second one fails.
        await asyncio.sleep(0)
        raise ValueError("no more")

    broke_off = False
    async with (
        client(app, log_app_exceptions=False) as http,
        http.stream("GET", "/lines") as response,
    ):
        try:
            await response.aread()
        except httpx.RemoteProtocolError:
            broke_off = True
    return "b" if broke_off and response.status_code == 200 else ""


httponly_cookie = Question(
    "httponly_cookie",
    section="4.7",
    prompt="A script slipped into your page. Why can't it read a session cookie that is `HttpOnly`?",
    options={
        "a": Option(
            "The cookie is encrypted.",
            "Its value is plain text in the header. It is only kept from scripts.",
        ),
        "b": Option(
            "The browser sends it with requests, but does not show it to scripts.",
            "So the script can't carry the session away. It can still act in the page: escape what "
            "you show.",
        ),
        "c": Option(
            "The cookie travels over http only, not over https.",
            "That is what the name sounds like. `Secure` is about https, `HttpOnly` about scripts.",
        ),
    },
    answer="b",
)


cookie_on_the_sheet = Question(
    "cookie_on_the_sheet",
    section="4.7",
    prompt="`response.set_cookie(…)` on the injected `Response`, then `return JSONResponse(…)`. "
    "Why is there no cookie?",
    options={
        "a": Option(
            "Cookies need `https`.",
            "The header would be sent over http, too. It is not there at all.",
        ),
        "b": Option(
            "What is set on the injected response goes into a response that FastAPI makes, and "
            "here you made one yourself.",
            "Return data, or set the cookie on the response that you return.",
        ),
        "c": Option(
            "A `JSONResponse` has no cookies.",
            "It has the same `set_cookie`.",
        ),
    },
    answer="b",
)


@cookie_on_the_sheet.proven_by
async def _prove_cookie_on_the_sheet() -> str:
    app = FastAPI()

    @app.get("/lost")
    async def lose(response: Response) -> JSONResponse:
        response.set_cookie("a", "b")
        return JSONResponse({})

    @app.get("/kept")
    async def keep(response: Response) -> dict[str, str]:
        response.set_cookie("a", "b")
        return {}

    async with client(app) as http:
        lost, kept = [(await http.get(path)).headers for path in ("/lost", "/kept")]
    return "b" if "set-cookie" in kept and "set-cookie" not in lost else ""


why_204_is_empty = Question(
    "why_204_is_empty",
    section="4.8",
    prompt="A function with `status_code=204` returns an object, and the client gets none. Why?",
    options={
        "a": Option(
            "204 means that the object was not found.",
            "That is 404. 204 means: done, and nothing to read.",
        ),
        "b": Option(
            "A 204 has no body by definition, so FastAPI drops what was returned.",
            "With the return type `-> None` a type checker would have said so.",
        ),
        "c": Option(
            "The client has to ask for the body in a second request.",
            "There is no body anywhere.",
        ),
    },
    answer="b",
)


@why_204_is_empty.proven_by
async def _prove_why_204_is_empty() -> str:
    app = FastAPI()

    @app.delete("/items", status_code=204)
    async def remove():
        return {"removed": 1}

    async with client(app) as http:
        response = await http.delete("/items")
    return "b" if (response.status_code, response.content) == (204, b"") else ""


x_underscore_token = Question(
    "x_underscore_token",
    section="4.9",
    prompt="The parameter is `x_token: Annotated[str | None, Header()] = None`. A client sends the "
    "header `x_token`, and the function gets `None`. Why?",
    options={
        "a": Option(
            "The name is sought with hyphens: `x-token`.",
            "And it is good so: many proxies drop headers with underscores.",
        ),
        "b": Option(
            "Headers must be written with capital letters.",
            "Their case does not matter.",
        ),
        "c": Option(
            "`str | None` makes FastAPI skip the header.",
            "It makes the value optional; a header of the right name arrives.",
        ),
    },
    answer="a",
)


@x_underscore_token.proven_by
async def _prove_x_underscore_token() -> str:
    app = FastAPI()

    @app.get("/")
    async def read_token(x_token: Annotated[str | None, Header()] = None) -> str | None:
        return x_token

    async with client(app) as http:
        found = [
            (await http.get("/", headers={name: "7"})).json()
            for name in ("x_token", "x-token", "X-TOKEN")
        ]
    return "a" if found == [None, "7", "7"] else ""

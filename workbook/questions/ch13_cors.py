"""The questions of chapter 13: three that look back, then five on browsers."""

from typing import Any

from fastapi import FastAPI, Form, Header, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from workbook.browser_tab import BrowserTab
from workbook.client import client
from workbook.quizzes import Option, Question

_PAGE, _EVIL = "http://localhost:3000", "https://evil.example"


def _shop() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read() -> str:
        return "tea"

    return app


last_added_is_outermost = Question(
    "last_added_is_outermost",
    section="7.3",
    prompt="Two middlewares are added with `add_middleware`. Which one sees a request first?",
    options={
        "a": Option("The one that was added first.", "It is the inner one of the two."),
        "b": Option(
            "The one that was added last: each new one is put around all before it.",
            "So what must see everything is added last.",
        ),
        "c": Option("Both at once.", "A request passes one layer after the other."),
    },
    answer="b",
)


@last_added_is_outermost.proven_by
async def _prove_last_added_is_outermost() -> str:
    seen = []
    app = _shop()
    for name in ("first", "last"):

        @app.middleware("http")
        async def note(request: Request, call_next: Any, name: str = name) -> Any:
            seen.append(name)
            return await call_next(request)

    async with client(app) as http:
        await http.get("/")
    return "b" if seen == ["last", "first"] else "a"


handlers_inside_middleware = Question(
    "handlers_inside_middleware",
    section="6.3",
    prompt="A middleware raises `HTTPException(401)`. Why does the client get a 500?",
    options={
        "a": Option(
            "The handlers of exceptions stand inside the middleware, and never see it.",
            "A middleware returns its refusal as a response.",
        ),
        "b": Option(
            "401 is not allowed without a header.",
            "It should have one, but nothing turns it into a 500.",
        ),
        "c": Option(
            "A middleware may not refuse.",
            "It may: by a response that it returns.",
        ),
    },
    answer="a",
)


@handlers_inside_middleware.proven_by
async def _prove_handlers_inside_middleware() -> str:
    app = _shop()

    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Any:
        raise HTTPException(401)

    async with client(app, log_app_exceptions=False) as http:
        return "a" if (await http.get("/")).status_code == 500 else "c"


header_names_on_the_wire = Question(
    "header_names_on_the_wire",
    section="4.9",
    prompt="A parameter `x_key: Annotated[str, Header()]`. Which header does it read, and why?",
    options={
        "a": Option(
            "`x_key`, as it is written.",
            "FastAPI converts underscores, since many proxies drop headers that have them.",
        ),
        "b": Option(
            "`x-key`: names of headers have hyphens, and names in Python can't.",
            "Capitals play no part.",
        ),
        "c": Option(
            "Every header that begins with `x-`.",
            "One parameter, one header.",
        ),
    },
    answer="b",
)


@header_names_on_the_wire.proven_by
async def _prove_header_names_on_the_wire() -> str:
    app = FastAPI()

    @app.get("/")
    async def read(x_key: str = Header("none")) -> str:  # noqa: FAST002 - shorter in a proof
        return x_key

    async with client(app) as http:
        return "b" if (await http.get("/", headers={"X-Key": "k"})).json() == "k" else "a"


who_is_protected = Question(
    "who_is_protected",
    section="13",
    prompt="Whom does CORS protect?",
    options={
        "a": Option(
            "The API, from calls that its owner did not allow.",
            "Every client that is no browser reads every answer, and so does its owner's enemy.",
        ),
        "b": Option(
            "People with a browser, from pages that read in their name.",
            "That is why the browser decides, and not the server.",
        ),
        "c": Option(
            "The page, from answers that could harm it.",
            "The page wants the answer; the browser keeps it back.",
        ),
    },
    answer="b",
)


@who_is_protected.proven_by
async def _prove_who_is_protected() -> str:
    async with client(_shop()) as http:
        plain = await http.get("/", headers={"Origin": _EVIL})
        page = await BrowserTab(_EVIL).fetch(http, "GET", "/")
    return "b" if plain.status_code == 200 and page.blocked else "a"


what_asks_first = Question(
    "what_asks_first",
    section="13",
    prompt="Why does a `POST` with JSON ask first, and a `POST` of a form does not?",
    options={
        "a": Option(
            "JSON is more dangerous than a form.",
            "The danger is the same; what differs is what pages could always do.",
        ),
        "b": Option(
            "Forms could always be sent to any server, before there were scripts; JSON could not.",
            "A server that knows only forms is thus never surprised by something new.",
        ),
        "c": Option(
            "A `POST` never asks first.",
            "The method alone does not, but the content type does.",
        ),
    },
    answer="b",
)


@what_asks_first.proven_by
async def _prove_what_asks_first() -> str:
    async with client(_shop()) as http:
        tab = BrowserTab(_PAGE)
        form = await tab.fetch(http, "POST", "/", data={"a": "1"})
        json = await tab.fetch(http, "POST", "/", json={"a": 1})
    return "b" if json.preflights and not form.preflights else "c"


form_needs_no_permission = Question(
    "form_needs_no_permission",
    section="13",
    prompt="No other origin is allowed. Why can a foreign page still place an order by a form?",
    options={
        "a": Option(
            "The request is sent and carried out; only its answer is kept back.",
            "Against that help SameSite cookies and tokens in headers.",
        ),
        "b": Option(
            "The CORS middleware ignores `POST`.",
            "It marks answers of every method; this one has no permission in it.",
        ),
        "c": Option("It can't.", "It can, as the order in the chapter shows."),
    },
    answer="a",
)


@form_needs_no_permission.proven_by
async def _prove_form_needs_no_permission() -> str:
    orders = []
    app = FastAPI()

    @app.post("/")
    async def order(item: str = Form()) -> None:  # noqa: FAST002 - shorter in a proof
        orders.append(item)

    async with client(app) as http:
        seen = await BrowserTab(_EVIL).fetch(http, "POST", "/", data={"item": "pot"})
    return "a" if orders and seen.blocked else "c"


star_with_credentials = Question(
    "star_with_credentials",
    section="13",
    prompt='Why is `allow_origins=["*"]` with `allow_credentials=True` an open door?',
    options={
        "a": Option(
            "The browser takes the star for every origin, with cookies as well.",
            "It does not: a literal star is refused when cookies are sent.",
        ),
        "b": Option(
            "The middleware answers every origin with its own name, which the browser accepts.",
            "So every page may read and act as the visitor.",
        ),
        "c": Option(
            "It is none: the two exclude each other.",
            "In the standard they do; the middleware finds a way around that.",
        ),
    },
    answer="b",
)


@star_with_credentials.proven_by
async def _prove_star_with_credentials() -> str:
    app = _shop()
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    async with client(app) as http:
        seen = await BrowserTab(_EVIL).fetch(http, "GET", "/", credentials="include")
    return "c" if seen.blocked else "b"


five_hundred_looks_like_cors = Question(
    "five_hundred_looks_like_cors",
    section="13",
    prompt="The console says *blocked by CORS policy*, the settings are right. Where do you look?",
    options={
        "a": Option(
            "In the server's log: the answer may be a 500 without CORS headers.",
            "A 500 is made outside of the middleware, and so has no permission in it.",
        ),
        "b": Option(
            "In the browser's cache.",
            "A preflight is remembered, but a yes only.",
        ),
        "c": Option(
            "In the page's own headers.",
            "What the page's server sends with the page plays no part here.",
        ),
    },
    answer="a",
)


@five_hundred_looks_like_cors.proven_by
async def _prove_five_hundred_looks_like_cors() -> str:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=[_PAGE])

    @app.get("/")
    async def fail() -> JSONResponse:
        raise KeyError

    async with client(app, log_app_exceptions=False) as http:
        seen = await BrowserTab(_PAGE).fetch(http, "GET", "/")
    return "a" if seen.blocked and seen.response and seen.response.status_code == 500 else "b"

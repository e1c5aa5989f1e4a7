"""The questions of chapter 2: three that look back at chapter 1, then one or two a section."""

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import requires
from typing import Annotated

import httpx
from anyio import to_thread
from fastapi import Depends, FastAPI, HTTPException, Query, Request

from workbook.client import client
from workbook.quizzes import Option, Question

lock_file_purpose = Question(
    "lock_file_purpose",
    section="1.2",
    prompt="Why does a project keep a lock file beside `pyproject.toml`?",
    options={
        "a": Option(
            "It lists the packages that you chose.",
            "That is `pyproject.toml`: your direct dependencies, with wide bounds.",
        ),
        "b": Option(
            "It fixes the exact version of every package, also of those you never named.",
            "So the machine of a colleague, and the server, get what you tested.",
        ),
        "c": Option(
            "It stops two people from changing the environment at once.",
            "It locks versions, not people.",
        ),
    },
    answer="b",
)

dev_or_run = Question(
    "dev_or_run",
    section="1.2",
    prompt="Why should `fastapi run`, and not `fastapi dev`, start the shop on a server?",
    options={
        "a": Option(
            "`run` is the only one that starts a server.",
            "Both start uvicorn with your app.",
        ),
        "b": Option(
            "`dev` serves without the documentation pages.",
            "Both serve `/docs`; the app decides about that.",
        ),
        "c": Option(
            "`dev` listens on this machine only and restarts at every change; `run` listens to "
            "all addresses and does not restart.",
            "`dev` uses 127.0.0.1, so nobody else can reach it, and watches your files.",
        ),
    },
    answer="c",
)


@dev_or_run.proven_by
async def _prove_dev_or_run() -> str:
    from fastapi_cli import cli

    def default(command: object, name: str) -> object:
        return inspect.signature(command).parameters[name].default  # ty: ignore[invalid-argument-type]  # both are functions

    hosts = default(cli.dev, "host"), default(cli.run, "host")
    reloads = default(cli.dev, "reload"), default(cli.run, "reload")
    return "c" if hosts == ("127.0.0.1", "0.0.0.0") and reloads == (True, False) else ""


missing_greenlet = Question(
    "missing_greenlet",
    section="1.3",
    prompt="`uv add sqlalchemy`, then `import sqlalchemy.ext.asyncio` raises `ImportError`. Why?",
    options={
        "a": Option(
            "SQLAlchemy has no asynchronous side; another library is needed.",
            "It has one. A package that it builds on is missing.",
        ),
        "b": Option(
            "The asyncio side needs `greenlet`, which only the extra `sqlalchemy[asyncio]` brings.",
            "Since SQLAlchemy 2.1 it is an extra; the extra of an async driver brings it as well.",
        ),
        "c": Option(
            "The Python version is too old for `asyncio`.",
            "`asyncio` has been part of Python since 3.4.",
        ),
    },
    answer="b",
)


@missing_greenlet.proven_by
async def _prove_missing_greenlet() -> str:
    needed = [one for one in requires("SQLAlchemy") or [] if one.startswith("greenlet")]
    return "b" if needed and all('extra == "asyncio"' in one for one in needed) else ""


why_stairs = Question(
    "why_stairs",
    section="2.1",
    prompt="Why do blocking calls in `async def` follow each other like stairs?",
    options={
        "a": Option(
            "FastAPI handles one request at a time.",
            "It handles many, as the endpoint that awaits shows.",
        ),
        "b": Option(
            "All coroutines share the thread of the event loop, and a blocking call keeps it.",
            "Nothing else can run, not even a request that would take no time.",
        ),
        "c": Option(
            "`async def` endpoints run on worker threads, and these are few.",
            "That is `def`. An `async def` endpoint runs on the event loop.",
        ),
        "d": Option(
            "The client waits for one answer before it sends the next request.",
            "The page sent all four at once, with `asyncio.gather`.",
        ),
    },
    answer="b",
)


@why_stairs.proven_by
async def _prove_why_stairs() -> str:
    threads: list[str] = []
    app = FastAPI()

    @app.get("/coroutine")
    async def of_coroutine() -> None:
        threads.append(_thread())

    @app.get("/function")
    def of_function() -> None:
        threads.append(_thread())

    async with client(app) as http:
        await http.get("/coroutine")
        await http.get("/function")
    coroutine, function = threads
    return "b" if coroutine == _thread() != function else "c"


def _thread() -> str:
    return threading.current_thread().name


before_validation = Question(
    "before_validation",
    section="2.1",
    prompt="A request has a bad `item_id` in its path, and no key, which a dependency asks for. "
    "Why is the answer 401 and not 422?",
    options={
        "a": Option(
            "A 401 is more important than a 422.",
            "Nobody ranks statuses. The first step that refuses answers.",
        ),
        "b": Option(
            "Dependencies run before the route's own parameters are checked.",
            "The dependency raised, so the check of `item_id` was never reached.",
        ),
        "c": Option(
            "FastAPI does not check parameters in a path.",
            "It does, with 422; only later.",
        ),
    },
    answer="b",
)


@before_validation.proven_by
async def _prove_before_validation() -> str:
    def refuse() -> None:
        raise HTTPException(401)

    def accept() -> None: ...

    statuses = []
    for dependency in (refuse, accept):
        app = FastAPI(dependencies=[Depends(dependency)])

        @app.get("/items/{item_id}")
        async def read_item(item_id: int) -> int:
            return item_id

        async with client(app) as http:
            statuses.append((await http.get("/items/tea")).status_code)
    return {(401, 422): "b", (401, 200): "c"}.get((statuses[0], statuses[1]), "")


forty_first_call = Question(
    "forty_first_call",
    section="2.2",
    prompt="All 40 places are taken by slow `def` endpoints. Who is still answered at once?",
    options={
        "a": Option("Nobody.", "The event loop is free: only the worker threads are taken."),
        "b": Option(
            "`async def` endpoints whose dependencies are `async def` too.",
            "They run on the event loop and need no place.",
        ),
        "c": Option(
            "`def` endpoints that are quick.",
            "They wait for a place first, however quick they are.",
        ),
    },
    answer="b",
)


@forty_first_call.proven_by
async def _prove_forty_first_call() -> str:
    app = FastAPI()
    order: list[str] = []

    @app.get("/coroutine")
    async def quick_coroutine() -> None: ...

    @app.get("/function")
    def quick_function() -> None: ...

    async def ask(path: str, http: httpx.AsyncClient) -> None:
        await http.get(path)
        order.append(path)

    limiter = to_thread.current_default_thread_limiter()
    taken = [object() for _ in range(int(limiter.available_tokens))]
    for borrower in taken:
        limiter.acquire_on_behalf_of_nowait(borrower)
    try:
        async with client(app) as http:
            waiting = asyncio.create_task(ask("/function", http))
            await ask("/coroutine", http)
            for borrower in taken:
                limiter.release_on_behalf_of(borrower)
            taken.clear()
            await waiting
    finally:
        for borrower in taken:
            limiter.release_on_behalf_of(borrower)
    return "b" if order == ["/coroutine", "/function"] else "c"


state_is_missing = Question(
    "state_is_missing",
    section="2.3",
    prompt="A test fails with `'State' object has no attribute 'catalogue'`, yet the app works "
    "when it is served. Why?",
    options={
        "a": Option(
            "The lifespan must `return` the catalogue instead of yielding it.",
            "With `return` the app would not start at all.",
        ),
        "b": Option(
            "`request.state` can't be read in a test.",
            "It can, as soon as the lifespan has run.",
        ),
        "c": Option(
            "The test calls the app through `httpx.ASGITransport`, which sends no start-up.",
            "Run the lifespan as well: `with TestClient(app)`, or `client(app)` in this book.",
        ),
    },
    answer="c",
)


@state_is_missing.proven_by
async def _prove_state_is_missing() -> str:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, dict[int, str]]]:
        yield {"catalogue": {}}

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def has_catalogue(request: Request) -> bool:
        return hasattr(request.state, "catalogue")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        bare = (await http.get("/")).json()
    async with client(app) as http:
        run = (await http.get("/")).json()
    return "c" if (bare, run) == (False, True) else ""


what_405_says = Question(
    "what_405_says",
    section="2.3b",
    prompt="`HEAD /items/1` is answered 405 and not 404. What does the difference tell you?",
    options={
        "a": Option(
            "The item with the number 1 does not exist.",
            "Your function would have to say that, and it was never called.",
        ),
        "b": Option(
            "An operation has this path, but none of them with this method.",
            "404 would mean that no path fits.",
        ),
        "c": Option(
            "The server forbids HEAD.",
            "It depends on the app: with `@app.head` the answer is 200.",
        ),
    },
    answer="b",
)


@what_405_says.proven_by
async def _prove_what_405_says() -> str:
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read_item(item_id: int) -> int:
        return item_id

    async with client(app) as http:
        known = (await http.head("/items/1")).status_code
        unknown = (await http.head("/shelves/1")).status_code
    return "b" if (known, unknown) == (405, 404) else ""


why_422_for_me = Question(
    "why_422_for_me",
    section="2.4",
    prompt="`/users/{user_id}`, with `user_id: int`, stands before `/users/me`. Why is "
    "`GET /users/me` a 422, and not answered by the second one?",
    options={
        "a": Option(
            "FastAPI tries the first, fails to convert `me`, and gives up the whole request.",
            "The path fitted, so this operation was chosen. Its check fails, and no other is tried.",
        ),
        "b": Option(
            "`me` is a reserved word in paths.",
            "No word is reserved; only the order matters.",
        ),
        "c": Option(
            "The second operation overwrites the first.",
            "Then `/users/me` would work.",
        ),
    },
    answer="a",
)


@why_422_for_me.proven_by
async def _prove_why_422_for_me() -> str:
    app = FastAPI()

    @app.get("/users/{user_id}")
    async def read_user(user_id: int) -> int:
        return user_id

    @app.get("/users/me")
    async def read_me() -> str:
        return "me"

    async with client(app) as http:
        statuses = [(await http.get(path)).status_code for path in ("/users/me", "/users/1")]
    return {(422, 200): "a", (200, 200): "c"}.get((statuses[0], statuses[1]), "")


list_needs_query = Question(
    "list_needs_query",
    section="2.5",
    prompt="Why does `limit: int` come from the query string, but `tag: list[str]` does not?",
    options={
        "a": Option(
            "A query string can't carry lists.",
            "It can: the name is repeated, as in `?tag=hot&tag=new`.",
        ),
        "b": Option(
            "Single values are sought in the query string, everything else in the body, unless "
            "`Annotated` names a place.",
            "`Annotated[list[str], Query()]` names it.",
        ),
        "c": Option(
            "`limit` has a default and `tag` has none.",
            "A default decides whether a value is required, not where it is sought.",
        ),
    },
    answer="b",
)


@list_needs_query.proven_by
async def _prove_list_needs_query() -> str:
    app = FastAPI()

    @app.get("/items")
    async def list_items(limit: int, tag: list[str]) -> None: ...

    @app.get("/tagged")
    async def list_tagged(tag: Annotated[list[str], Query()]) -> list[str]:
        return tag

    async with client(app) as http:
        refused = (await http.get("/items?limit=1&tag=hot")).json()["detail"]
        tags = (await http.get("/tagged?tag=hot&tag=new")).json()
    sought = [error["loc"][0] for error in refused]
    return "b" if sought == ["body"] and tags == ["hot", "new"] else ""


where_is_it_sought = Question(
    "where_is_it_sought",
    section="2.6",
    prompt="In `@app.post('/orders')` the function has `item_id: int`. A client sends "
    '`{"item_id": 7}` as JSON and gets 422. Why?',
    options={
        "a": Option(
            "7 has to be sent as text.",
            "A number is right; it was sought in another place.",
        ),
        "b": Option(
            "A POST must have a model.",
            "It need not have a body at all.",
        ),
        "c": Option(
            "A single value is sought in the query string, whatever the method.",
            'The `loc` says so: `["query", "item_id"]`. A model, or `Body()`, takes it from the '
            "body.",
        ),
    },
    answer="c",
)


@where_is_it_sought.proven_by
async def _prove_where_is_it_sought() -> str:
    app = FastAPI()

    @app.post("/orders")
    async def place_order(item_id: int) -> int:
        return item_id

    async with client(app) as http:
        refused = await http.post("/orders", json={"item_id": 7})
    return "c" if refused.json()["detail"][0]["loc"] == ["query", "item_id"] else ""

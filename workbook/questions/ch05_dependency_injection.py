"""The questions of chapter 5: three that look back, then one or two a section."""

import threading
from collections.abc import AsyncGenerator, Generator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ValidationError, model_validator

from workbook.client import client
from workbook.quizzes import Option, Question
from workbook.xray import xray


class _UserOut(BaseModel):
    name: str


class _StoredUser(_UserOut):
    hashed_password: str


why_not_the_stored_class = Question(
    "why_not_the_stored_class",
    section="4.4",
    prompt="A route returns a stored user, with a password hash in it, and its return type is a "
    "model without that field. Why is the hash not in the answer?",
    options={
        "a": Option(
            "FastAPI leaves out fields whose names look secret.",
            "It knows nothing of secrets. A route without a type sends the hash.",
        ),
        "b": Option(
            "The client asked only for the name.",
            "The client has no say in it.",
        ),
        "c": Option(
            "The type of the answer is a filter: what it does not name is not sent.",
            "So a column that is added tomorrow is not sent either.",
        ),
    },
    answer="c",
)


@why_not_the_stored_class.proven_by
async def _prove_why_not_the_stored_class() -> str:
    user = _StoredUser(name="Ada", hashed_password="x")
    app = FastAPI()

    @app.get("/typed")
    async def typed() -> _UserOut:
        return user

    @app.get("/untyped")
    async def untyped():
        return user

    async with client(app) as http:
        safe, leaky = (await http.get("/typed")).json(), (await http.get("/untyped")).json()
    return "c" if (len(safe), len(leaky)) == (1, 2) else "a"


when_fields_disagree = Question(
    "when_fields_disagree",
    section="3.7",
    prompt="A sale begins after it ends. Each of the two dates is a fine date. Where in a Pydantic "
    "model does the check of both belong, and why there?",
    options={
        "a": Option(
            'In a `model_validator(mode="after")`: it sees the whole object, with every field '
            "checked.",
            "A rule about several fields needs all of them.",
        ),
        "b": Option(
            "In a `field_validator` of the first date.",
            "When the first field is checked, the second has not been looked at yet.",
        ),
        "c": Option(
            "In the route, after the model.",
            "Then every other place that makes such an object can forget it.",
        ),
    },
    answer="a",
)


@when_fields_disagree.proven_by
async def _prove_when_fields_disagree() -> str:
    class Sale(BaseModel):
        begins: int
        ends: int

        @model_validator(mode="after")
        def ends_after_it_begins(self) -> "Sale":
            if self.ends < self.begins:
                raise ValueError("it ends before it begins")
            return self

    try:
        Sale(begins=2, ends=1)
    except ValidationError:
        return "a"
    return "b"


def_on_a_thread = Question(
    "def_on_a_thread",
    section="2.2",
    prompt="Why may an endpoint that calls a blocking library be written as plain `def`, while the "
    "same call in `async def` stops the whole shop?",
    options={
        "a": Option(
            "FastAPI turns the `def` into a coroutine that awaits at the right places.",
            "Nobody can add an `await` to a library that has none.",
        ),
        "b": Option(
            "A plain `def` runs on a worker thread; an `async def` runs on the one event loop.",
            "The thread waits alone. The loop, when it is kept, keeps everybody.",
        ),
        "c": Option(
            "A plain `def` gets a process of its own.",
            "It is a thread of the same process: it sees the same variables.",
        ),
    },
    answer="b",
)


@def_on_a_thread.proven_by
async def _prove_def_on_a_thread() -> str:
    app = FastAPI()
    here = threading.get_ident()

    @app.get("/def")
    def in_def() -> bool:
        return threading.get_ident() == here

    @app.get("/async")
    async def in_async_def() -> bool:
        return threading.get_ident() == here

    async with client(app) as http:
        where = [(await http.get(path)).json() for path in ("/def", "/async")]
    return "b" if where == [False, True] else "c"


who_closes_it = Question(
    "who_closes_it",
    section="5.1",
    prompt="A route opens a session, works, and closes it in its last line. Everything is tested "
    "and green. What is still wrong?",
    options={
        "a": Option(
            "An exception, a refusal for instance, leaves the function before that line.",
            "`finally` is reached in any case, and a dependency with `yield` has it in one place for "
            "all routes.",
        ),
        "b": Option(
            "Nothing: the last line is reached, as the tests show.",
            "It is reached when nothing is raised. A refusal skips it.",
        ),
        "c": Option(
            "A session must be opened when the app starts, and only then.",
            "One for all mixes the work of different requests.",
        ),
    },
    answer="a",
)


@who_closes_it.proven_by
async def _prove_who_closes_it() -> str:
    closed: list[str] = []

    async def lend() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            closed.append("dependency")

    app = FastAPI()

    @app.get("/", dependencies=[Depends(lend)])
    async def fail() -> None:
        if app:
            raise ValueError
        closed.append("route")

    async with client(app, log_app_exceptions=False) as http:
        await http.get("/")
        await http.settle()
    return "a" if closed == ["dependency"] else "b"


no_parentheses = Question(
    "no_parentheses",
    section="5.2",
    prompt="Why is it `Depends(get_rate)`, and not `Depends(get_rate())`?",
    options={
        "a": Option(
            "It is a convention; both do the same.",
            "The second raises a `TypeError` as soon as the route is made.",
        ),
        "b": Option(
            "With parentheses it would run on the event loop.",
            "It would run at once, before there is an event loop.",
        ),
        "c": Option(
            "With parentheses it would run once, when the module is loaded, and for nobody. FastAPI "
            "wants the function itself, to call it for each request.",
            "Only then are there a query string, a header, a visitor to read.",
        ),
    },
    answer="c",
)


@no_parentheses.proven_by
async def _prove_no_parentheses() -> str:
    def get_rate() -> float:
        return 1.0

    app = FastAPI()
    slip: Any = get_rate()  # a type checker would see it
    try:

        @app.get("/")
        async def read(rate: Annotated[float, Depends(slip)]) -> float:
            return rate

    except TypeError:
        return "c"
    return "a"


model_through_depends = Question(
    "model_through_depends",
    section="5.3",
    prompt="A page model forbids extra fields. Why does `Annotated[PageQuery, Query()]` refuse "
    "`?lmit=3`, while `Annotated[PageQuery, Depends()]` lets it through?",
    options={
        "a": Option(
            "`Depends()` does not validate at all.",
            "It does: a negative `skip` is refused by both.",
        ),
        "b": Option(
            "`Depends()` looks for the model in the body.",
            "Its fields are single values, so they are sought in the query string.",
        ),
        "c": Option(
            "`Depends()` takes the class's parameters from the request one by one. The rest of the "
            "query string never reaches the model.",
            "`Query()` hands the whole query string to the model.",
        ),
    },
    answer="c",
)


@model_through_depends.proven_by
async def _prove_model_through_depends() -> str:
    class PageQuery(BaseModel):
        model_config = {"extra": "forbid"}

        limit: Annotated[int, "pages"] = 10

    app = FastAPI()

    @app.get("/")
    async def read(page: Annotated[PageQuery, Depends()]) -> int:
        return page.limit

    async with client(app) as http:
        extra, known = await http.get("/?lmit=3"), await http.get("/?limit=x")
    return "c" if (extra.status_code, known.status_code) == (200, 422) else "a"


returns_a_generator = Question(
    "returns_a_generator",
    section="5.4",
    prompt="`__call__` says `return open_session()`, and `open_session` is a function with a `yield`. "
    "Why does the route get a generator?",
    options={
        "a": Option(
            "FastAPI asks whether the function that it calls is a generator function. `__call__` has "
            "no `yield`, so its return value is the value.",
            "With `yield from` in place of `return` it has one.",
        ),
        "b": Option(
            "FastAPI can't use callable objects as dependencies.",
            "It can; this one is called, and what it returns is passed on.",
        ),
        "c": Option(
            "The generator is exhausted after the first request.",
            "Each call makes a new one. None of them is ever run.",
        ),
    },
    answer="a",
)


@returns_a_generator.proven_by
async def _prove_returns_a_generator() -> str:
    def open_session() -> Generator[int]:
        yield 1

    class Returns:
        def __call__(self) -> Generator[int]:
            return open_session()

    class YieldsFrom:
        def __call__(self) -> Generator[int]:
            yield from open_session()

    app = FastAPI()
    for dependency in (Returns(), YieldsFrom()):

        @app.get(f"/{type(dependency).__name__}")
        async def read(given: Annotated[Any, Depends(dependency)]) -> str:
            return type(given).__name__

    async with client(app) as http:
        kinds = [(await http.get(path)).json() for path in ("/Returns", "/YieldsFrom")]
    return "a" if kinds == ["generator", "int"] else "b"


why_201 = Question(
    "why_201",
    section="5.5",
    prompt="A session dependency commits after its `yield`. The commit fails, and the client was "
    "told 201. Why?",
    options={
        "a": Option(
            "FastAPI turns errors of a database into 201.",
            "It never does; nobody could ask it any more.",
        ),
        "b": Option(
            "The commit ran in a background task.",
            "It ran after the background tasks, even.",
        ),
        "c": Option(
            "By default what stands after `yield` runs when the answer has been sent.",
            '`scope="function"` brings it before the answer.',
        ),
    },
    answer="c",
)


@why_201.proven_by
async def _prove_why_201() -> str:
    async def commits() -> AsyncGenerator[None]:
        yield
        raise ValueError("the commit failed")

    app = FastAPI()

    @app.post("/", status_code=201, dependencies=[Depends(commits)])
    async def create() -> None: ...

    ray = await xray(app, "POST", "/")
    kinds = [span.kind for span in ray.of_kind("send", "exit")]
    return "c" if kinds[-1] == "exit" and ray.response.status_code == 201 else "b"


called_twice = Question(
    "called_twice",
    section="5.5",
    prompt="Two dependencies and the endpoint all ask for `get_session`. Why do all three get the "
    "same session, and the next request another one?",
    options={
        "a": Option(
            "Sessions are global objects.",
            "Then the next request would get the same one too.",
        ),
        "b": Option(
            "FastAPI remembers what a dependency gave, for one request.",
            "So what one adds, the other sees, and one commit stores it all.",
        ),
        "c": Option(
            "The three calls happen at the same moment.",
            "There is only one call.",
        ),
    },
    answer="b",
)


@called_twice.proven_by
async def _prove_called_twice() -> str:
    def get_session() -> object:
        return object()

    SessionDep = Annotated[object, Depends(get_session)]
    seen: list[object] = []

    def first(session: SessionDep) -> None:
        seen.append(session)

    def second(session: SessionDep) -> None:
        seen.append(session)

    app = FastAPI()

    @app.get("/", dependencies=[Depends(first), Depends(second)])
    async def read(session: SessionDep) -> None:
        seen.append(session)

    async with client(app) as http:
        await http.get("/")
        await http.get("/")
    return "b" if [len({id(one) for one in part}) for part in (seen[:3], seen)] == [1, 2] else "a"


docs_are_open = Question(
    "docs_are_open",
    section="5.6",
    prompt="`FastAPI(dependencies=[Depends(need_key)])`, and a stranger still reads "
    "`/openapi.json`. Why?",
    options={
        "a": Option(
            "A dependency belongs to path operations. The pages of the description are none.",
            "Nor is what is mounted, nor a 404.",
        ),
        "b": Option(
            "The stranger had a key.",
            "Nobody asked for one.",
        ),
        "c": Option(
            "The dependency ran after the answer was sent.",
            "It did not run at all.",
        ),
    },
    answer="a",
)


@docs_are_open.proven_by
async def _prove_docs_are_open() -> str:
    ran: list[int] = []
    app = FastAPI(dependencies=[Depends(lambda: ran.append(1))])

    @app.get("/items")
    async def read() -> None: ...

    async with client(app) as http:
        description = await http.get("/openapi.json")
        for_description = len(ran)
        await http.get("/items")
    return "a" if (description.status_code, for_description, len(ran)) == (200, 0, 1) else "c"


key_of_an_override = Question(
    "key_of_an_override",
    section="5.7",
    prompt="A test sets `app.dependency_overrides[SessionDep] = lend_test_session`, and the real "
    "session is used all the same. Why?",
    options={
        "a": Option(
            "The key has to be the function that `Depends` names. `SessionDep` is an annotated type.",
            "No error tells you: the dictionary takes any key.",
        ),
        "b": Option(
            "Overrides work only for dependencies without `yield`.",
            "They work for every kind.",
        ),
        "c": Option(
            "Overrides have to be set before the routes are made.",
            "They are looked up for each request.",
        ),
    },
    answer="a",
)


@key_of_an_override.proven_by
async def _prove_key_of_an_override() -> str:
    async def lend() -> AsyncGenerator[str]:
        yield "real"

    SessionDep = Annotated[str, Depends(lend)]
    app = FastAPI()

    @app.get("/")
    async def read(session: SessionDep) -> str:
        return session

    answers = []
    keys: list[Any] = [SessionDep, lend]
    async with client(app) as http:
        for key in keys:
            app.dependency_overrides[key] = lambda: "test"
            answers.append((await http.get("/")).json())
    return "a" if answers == ["real", "test"] else "b"

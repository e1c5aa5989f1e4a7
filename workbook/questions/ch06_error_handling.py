"""The questions of chapter 6: three that look back, then two or more a section."""

from typing import Annotated

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from workbook.client import client
from workbook.quizzes import Option, Question

stored_before_answered = Question(
    "stored_before_answered",
    section="5.5",
    prompt="A dependency commits after its `yield`. Why give it the scope `function`?",
    options={
        "a": Option(
            "So that the commit runs before the answer is sent.",
            "If the commit fails, the client still gets an error, and not a 201 for a lost row.",
        ),
        "b": Option(
            "So that each function of the app gets a session of its own.",
            "Within one request the dependency is still called once, whoever asks for it.",
        ),
        "c": Option(
            "So that the dependency may be a plain function.",
            "The scope says when the exit runs, not what may be a dependency.",
        ),
    },
    answer="a",
)


@stored_before_answered.proven_by
async def _prove_stored_before_answered() -> str:
    async def commit():
        yield
        raise HTTPException(409, detail="the commit failed")

    app = FastAPI()

    @app.post("/", status_code=201)
    async def create(_: Annotated[None, Depends(commit, scope="function")]) -> str:
        return "stored"

    return "a" if (await _call(app, "POST", "/")).status_code == 409 else "c"


fields_kept_back = Question(
    "fields_kept_back",
    section="4.4",
    prompt="Why does a return type of `UserOut` keep a password hash out of an answer?",
    options={
        "a": Option(
            "The type checker refuses code that returns anything else.",
            "It may, before the program runs; the answer is made while it runs.",
        ),
        "b": Option(
            "FastAPI encrypts what the model does not name.",
            "Nothing is encrypted. What the model does not name is not in the answer at all.",
        ),
        "c": Option(
            "The answer is made through that model, and has the fields that it names.",
            "Whatever the function returns is filtered by the declared model.",
        ),
    },
    answer="c",
)


@fields_kept_back.proven_by
async def _prove_fields_kept_back() -> str:
    class UserOut(BaseModel):
        name: str

    app = FastAPI()

    @app.get("/", response_model=UserOut)
    async def read() -> dict[str, str]:
        return {"name": "Ada", "hash": "0f"}

    return "c" if (await _call(app, "GET", "/")).json() == {"name": "Ada"} else "a"


who_said_422 = Question(
    "who_said_422",
    section="2.1",
    prompt="A request gets a 422. Why did no line of your path operation run?",
    options={
        "a": Option(
            "The router found no path operation.",
            "Then the answer would be 404.",
        ),
        "b": Option(
            "FastAPI checks the parameters before it calls your function.",
            "Your function may rely on what its signature says.",
        ),
        "c": Option(
            "Your function ran, and its answer did not fit.",
            "An answer that does not fit its type is a 500: your mistake, not the client's.",
        ),
    },
    answer="b",
)


@who_said_422.proven_by
async def _prove_who_said_422() -> str:
    ran = []
    app = FastAPI()

    @app.get("/{number}")
    async def read(number: int) -> int:
        ran.append(number)
        return number

    status = (await _call(app, "GET", "/tea")).status_code
    return "b" if status == 422 and not ran else "c"


raise_or_return = Question(
    "raise_or_return",
    section="6.1",
    prompt="Why is `raise HTTPException(404)` right deep inside a function that your endpoint calls?",
    options={
        "a": Option(
            "Because FastAPI looks at every function of the module.",
            "It sees what your endpoint lets out, wherever that came from.",
        ),
        "b": Option(
            "Because an exception leaves all functions on its way, until a handler answers it.",
            "Nobody in between has to hand an error on.",
        ),
        "c": Option(
            "It is not: only a path operation may raise it.",
            "Dependencies and the functions that you call may raise it as well.",
        ),
    },
    answer="b",
)


@raise_or_return.proven_by
async def _prove_raise_or_return() -> str:
    def deep() -> None:
        raise HTTPException(404)

    app = FastAPI()

    @app.get("/")
    async def read() -> None:
        deep()

    return "b" if (await _call(app, "GET", "/")).status_code == 404 else "c"


error_after_answer = Question(
    "error_after_answer",
    section="6.1",
    prompt="A background task fails. Why does the client not hear of it?",
    options={
        "a": Option(
            "The answer was sent before the task began.",
            "So what a client has to know must not depend on a background task.",
        ),
        "b": Option(
            "FastAPI answers every error of a task with 200.",
            "The 200 is the endpoint's own answer, and it was sent before.",
        ),
        "c": Option(
            "Tasks run in another process.",
            "They run in the same process, after the answer.",
        ),
    },
    answer="a",
)


@error_after_answer.proven_by
async def _prove_error_after_answer() -> str:
    def fail() -> None:
        raise HTTPException(409)

    app = FastAPI()

    @app.post("/", status_code=201)
    async def create(tasks: BackgroundTasks) -> str:
        tasks.add_task(fail)
        return "stored"

    return "a" if (await _call(app, "POST", "/")).status_code == 201 else "b"


handler_of_the_nearest_class = Question(
    "handler_of_the_nearest_class",
    section="6.2",
    prompt="Handlers exist for `ShopError` and for its child `OutOfStock`. Who answers an "
    "`OutOfStock`, and why?",
    options={
        "a": Option(
            "The one that was registered last, since it replaces the other.",
            "Each class keeps its own handler; the order plays no part.",
        ),
        "b": Option(
            "Both, from the parent to the child.",
            "One exception has one answer.",
        ),
        "c": Option(
            "The one for `OutOfStock`: the exception's classes are tried from itself upwards.",
            "So a general handler may stand beside particular ones.",
        ),
    },
    answer="c",
)


@handler_of_the_nearest_class.proven_by
async def _prove_handler_of_the_nearest_class() -> str:
    class Parent(Exception): ...

    class Child(Parent): ...

    app = FastAPI()

    @app.exception_handler(Child)
    async def child(request: Request, error: Child) -> JSONResponse:
        return JSONResponse(None, 409)

    @app.exception_handler(Parent)
    async def parent(request: Request, error: Parent) -> JSONResponse:
        return JSONResponse(None, 400)

    @app.get("/")
    async def read() -> None:
        raise Child

    return "c" if (await _call(app, "GET", "/")).status_code == 409 else "a"


type_for_programs = Question(
    "type_for_programs",
    section="6.2",
    prompt="Why should a program compare the `type` of a problem and not its `detail`?",
    options={
        "a": Option(
            "`detail` is for people, and differs from case to case; `type` is a name that stays.",
            "A better wording of `detail` then breaks nobody's program.",
        ),
        "b": Option(
            "`detail` is not sent in production.",
            "It is sent everywhere; it should never hold a secret.",
        ),
        "c": Option(
            "`type` is shorter, so comparing it is faster.",
            "Speed is no matter here; that a text may change is.",
        ),
    },
    answer="a",
)

handler_for_the_routers_404 = Question(
    "handler_for_the_routers_404",
    section="6.3",
    prompt="Your handler of `fastapi.HTTPException` answers your own 404s. Why not the router's?",
    options={
        "a": Option(
            "The router answers before any handler is registered.",
            "Handlers are registered long before a request comes.",
        ),
        "b": Option(
            "The router raises Starlette's `HTTPException`, the parent class of FastAPI's.",
            "A handler is asked for its class and those below it, never for its parent.",
        ),
        "c": Option(
            "A 404 of the router is no exception.",
            "It is one. Register the handler for Starlette's class, and it is asked.",
        ),
    },
    answer="b",
)


@handler_for_the_routers_404.proven_by
async def _prove_handler_for_the_routers_404() -> str:
    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def ours(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse("ours", error.status_code)

    return "b" if (await _call(app, "GET", "/nothing")).json() != "ours" else "c"


five_hundred_without_headers = Question(
    "five_hundred_without_headers",
    section="6.3",
    prompt="Every answer of an app has a header from a middleware, only the 500 has not. Why?",
    options={
        "a": Option(
            "A 500 has no headers.",
            "It has: a content type, for example.",
        ),
        "b": Option(
            "The middleware was added after the handler.",
            "The order of these two lines plays no part.",
        ),
        "c": Option(
            "The 500 is made in the outermost layer, outside your middleware.",
            "The exception has passed your middleware by then, and that was its last word.",
        ),
    },
    answer="c",
)


@five_hundred_without_headers.proven_by
async def _prove_five_hundred_without_headers() -> str:
    app = FastAPI()

    @app.exception_handler(Exception)
    async def sorry(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(None, 500)

    @app.middleware("http")
    async def mark(request: Request, call_next):
        response = await call_next(request)
        response.headers["x-mark"] = "1"
        return response

    @app.get("/")
    async def read() -> None:
        raise KeyError

    response = await _call(app, "GET", "/")
    return "c" if response.status_code == 500 and "x-mark" not in response.headers else "a"


async def _call(app: FastAPI, method: str, path: str) -> httpx.Response:
    async with client(app, log_app_exceptions=False) as http:
        return await http.request(method, path)

"""The questions of chapter 7: three that look back, then some on layers."""

from contextvars import ContextVar
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from workbook.client import client
from workbook.quizzes import Option, Question

too_late_for_a_handler = Question(
    "too_late_for_a_handler",
    section="6.3",
    prompt="Why can no exception handler answer an error in the middle of a stream?",
    options={
        "a": Option(
            "The status was sent with the first piece, and can't be changed.",
            "What remains is to break the connection off, or to say it in the stream.",
        ),
        "b": Option(
            "Handlers are for HTTPException only.",
            "They are for any class; this one comes too late.",
        ),
        "c": Option(
            "A stream runs in another process.",
            "It runs in the same one, after the endpoint has returned.",
        ),
    },
    answer="a",
)


@too_late_for_a_handler.proven_by
async def _prove_too_late_for_a_handler() -> str:
    app = FastAPI()

    @app.exception_handler(KeyError)
    async def answer(request: Request, error: KeyError) -> Response:
        return JSONResponse(None, 404)

    @app.get("/")
    async def stream() -> StreamingResponse:
        async def lines():
            yield "tea"
            raise KeyError

        return StreamingResponse(lines())

    async with client(app, log_app_exceptions=False) as http, http.stream("GET", "/") as response:
        return "a" if response.status_code == 200 else "b"


once_a_request = Question(
    "once_a_request",
    section="5.5",
    prompt="Two dependencies of one route depend on `get_session`. How often is it called, and why?",
    options={
        "a": Option("Twice: each gets its own.", "Only with `use_cache=False`."),
        "b": Option(
            "Once: a result is kept for the rest of the request.",
            "So all parts of a request share one session.",
        ),
        "c": Option(
            "Once in the life of the app.",
            "The next request gets a new one.",
        ),
    },
    answer="b",
)


@once_a_request.proven_by
async def _prove_once_a_request() -> str:
    calls = []

    def get_session() -> int:
        calls.append(1)
        return len(calls)

    def one(session: Annotated[int, Depends(get_session)]) -> int:
        return session

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[int, Depends(one)], b: Annotated[int, Depends(get_session)]
    ) -> None: ...

    async with client(app) as http:
        await http.get("/")
    return "b" if len(calls) == 1 else "a"


where_a_header_comes_from = Question(
    "where_a_header_comes_from",
    section="4.7",
    prompt="An endpoint takes `response: Response`, sets a header on it and returns a list. What "
    "becomes of the header?",
    options={
        "a": Option(
            "It is lost: the list is the answer.",
            "The list is the body; FastAPI merges the headers of the parameter into the answer.",
        ),
        "b": Option(
            "It is a header of the answer that FastAPI makes of the list.",
            "So an endpoint can set headers and still return plain data.",
        ),
        "c": Option(
            "The parameter becomes the body.",
            "`Response` as a type is special and is never sought in the request.",
        ),
    },
    answer="b",
)


@where_a_header_comes_from.proven_by
async def _prove_where_a_header_comes_from() -> str:
    app = FastAPI()

    @app.get("/")
    async def read(response: Response) -> list[str]:
        response.headers["x-shop"] = "tea"
        return ["tea"]

    async with client(app) as http:
        answer = await http.get("/")
    return "b" if answer.headers.get("x-shop") == "tea" and answer.json() == ["tea"] else "a"


middleware_and_websockets = Question(
    "middleware_and_websockets",
    section="7.1",
    prompt='A key is checked in `@app.middleware("http")`. Why is a WebSocket open all the same?',
    options={
        "a": Option(
            "A WebSocket has no headers.",
            "Its handshake has, and a key could be there.",
        ),
        "b": Option(
            "The check runs after the WebSocket was accepted.",
            "It does not run at all.",
        ),
        "c": Option(
            "Such a middleware is called for HTTP requests only.",
            "Pure ASGI sees every scope; a dependency runs for WebSockets too.",
        ),
    },
    answer="c",
)


@middleware_and_websockets.proven_by
async def _prove_middleware_and_websockets() -> str:
    app = FastAPI()

    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Response:
        return JSONResponse(None, 401)

    @app.websocket("/")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("in")
        await socket.close()

    async with client(app) as http, http.websocket("/") as socket:
        return "c" if await socket.receive_text() == "in" else "b"


time_to_first_byte = Question(
    "time_to_first_byte",
    section="7.1",
    prompt="Why does a middleware's `X-Process-Time` say little about a long stream?",
    options={
        "a": Option(
            "`call_next` comes back when the answer starts, and headers are sent first.",
            "The rest of the time has not passed yet, and no header can know it.",
        ),
        "b": Option(
            "Streams are not counted.",
            "They pass the middleware; only their body comes later.",
        ),
        "c": Option(
            "The clock of the server is too coarse.",
            "`perf_counter` counts in far less than a millisecond.",
        ),
    },
    answer="a",
)

who_sees_the_refusal = Question(
    "who_sees_the_refusal",
    section="7.3",
    prompt="Layer A was added first, layer B last. B refuses a request. Does A see it, and why?",
    options={
        "a": Option(
            "Yes: A was added first, so it runs first.",
            "What is added last is outermost, and runs first.",
        ),
        "b": Option(
            "No: B is outside of A, and did not call the next layer.",
            "What must see everything has to be added last.",
        ),
        "c": Option(
            "Yes: every layer sees every answer.",
            "Only the layers that the answer passes on its way out.",
        ),
    },
    answer="b",
)


@who_sees_the_refusal.proven_by
async def _prove_who_sees_the_refusal() -> str:
    seen = []
    app = FastAPI()

    @app.middleware("http")
    async def first(request: Request, call_next: Any) -> Response:
        seen.append("A")
        return await call_next(request)

    @app.middleware("http")
    async def last(request: Request, call_next: Any) -> Response:
        return JSONResponse(None, 401)

    async with client(app) as http:
        await http.get("/")
    return "a" if seen else "b"


key_as_middleware_or_dependency = Question(
    "key_as_middleware_or_dependency",
    section="7.4",
    prompt="A key is needed for most routes, not for `/health` and the docs. What fits, and why?",
    options={
        "a": Option(
            "A dependency on the routers that need it: it is in OpenAPI, and may raise.",
            "Routes that do not have it stay open, and you can see which they are.",
        ),
        "b": Option(
            "A middleware with a list of paths that are let through.",
            "It works, until somebody adds a path and forgets the list.",
        ),
        "c": Option(
            "An exception handler.",
            "It answers refusals; it does not make them.",
        ),
    },
    answer="a",
)


@key_as_middleware_or_dependency.proven_by
async def _prove_key_as_middleware_or_dependency() -> str:
    def need_key() -> None:
        raise HTTPException(401)

    app = FastAPI()

    @app.get("/health")
    async def health() -> None: ...

    @app.get("/items", dependencies=[Depends(need_key)])
    async def items() -> None: ...

    async with client(app) as http:
        codes = [(await http.get(path)).status_code for path in ("/health", "/items")]
    return "a" if codes == [200, 401] else "b"


body_read_once = Question(
    "body_read_once",
    section="7.4",
    prompt="A middleware reads `request.stream()`, and the endpoint answers 422. Why?",
    options={
        "a": Option(
            "The pieces of a body come once; who takes them has them.",
            "`request.body()` keeps them for the next layer.",
        ),
        "b": Option(
            "A middleware may not look at bodies.",
            "It may, with `request.body()`.",
        ),
        "c": Option(
            "The middleware changed the content type.",
            "It changed nothing, it took the body away.",
        ),
    },
    answer="a",
)


@body_read_once.proven_by
async def _prove_body_read_once() -> str:
    class Order(BaseModel):
        item: str

    codes = []
    for read in ("stream", "body"):
        app = FastAPI()

        @app.middleware("http")
        async def look(request: Request, call_next: Any, read: str = read) -> Response:
            if read == "body":
                await request.body()
            else:
                async for _ in request.stream():
                    pass
            return await call_next(request)

        @app.post("/")
        async def order(order: Order) -> None: ...

        async with client(app) as http:
            codes.append((await http.post("/", json={"item": "tea"})).status_code)
    return "a" if codes == [422, 200] else "b"


context_of_a_copy = Question(
    "context_of_a_copy",
    section="7.4",
    prompt="An endpoint sets a context variable. Why does a decorator's middleware not see it?",
    options={
        "a": Option(
            "The rest of the app runs in a task of its own, with a copy of the context.",
            "What is set in a copy stays in the copy. `request.state` is shared.",
        ),
        "b": Option(
            "Context variables are deleted when the endpoint returns.",
            "They live as long as their context.",
        ),
        "c": Option(
            "Only `def` endpoints can set them.",
            "It is the other way round: a `def` endpoint runs on a thread, with a copy as well.",
        ),
    },
    answer="a",
)


@context_of_a_copy.proven_by
async def _prove_context_of_a_copy() -> str:
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen = []
    app = FastAPI()

    @app.middleware("http")
    async def look(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        seen.append((user.get(), request.state.user))
        return response

    @app.get("/")
    async def read(request: Request) -> None:
        user.set("Ada")
        request.state.user = "Ada"

    async with client(app) as http:
        await http.get("/")
    return "a" if seen == [("nobody", "Ada")] else "b"

"""A name for each request, on every answer and in every line of the log."""

import logging

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import RedirectResponse, StreamingResponse
from structlog.contextvars import get_contextvars

from lesson_app import InMemorySettings, create_app

pytestmark = pytest.mark.anyio

GOOD_ID = "0191f7d2-7a54-7c3e-9d42-1f2e3d4c5b6a"


def make_app(**settings) -> FastAPI:
    return create_app(InMemorySettings.model_validate(settings))


async def test_a_request_gets_an_id_of_its_own(running):
    """Two requests have two ids."""
    async with running(make_app()) as http:
        ids = {(await http.get("/health")).headers["x-request-id"] for _ in range(2)}
    assert [len(one) for one in ids] == [32, 32]


@pytest.mark.parametrize("given", [GOOD_ID, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a" * 64, "trace.1_2"])
async def test_a_good_id_is_kept(running, given: str):
    """What a proxy in front called the request is what we call it."""
    async with running(make_app()) as http:
        response = await http.get("/health", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "a" * 65,
        "a" * 3000,
        "-starts-badly",
        "with space in it",
        "<script>alert",
        '"},{"',
    ],
)
async def test_audit_7_4_an_id_that_is_made_up_is_replaced(running, given: str):
    """Audit 7.4: an id is checked and bounded before it is sent back or written to a log."""
    async with running(make_app()) as http:
        response = await http.get("/health", headers={"X-Request-ID": given})
    assert response.headers.get_list("x-request-id") != [given]
    assert len(response.headers["x-request-id"]) == 32


async def test_audit_7_4_every_answer_has_its_id(running):
    """Audit 7.4: failures, refusals and redirects too, whichever layer answers."""
    app = make_app(
        cors_origins=["https://shop.example"],
        allowed_hosts=["shop.test"],
        max_body_bytes=10,
        rate_limits=True,
        default_rate_limit="4/hour",
    )

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError

    @app.get("/elsewhere")
    async def elsewhere() -> RedirectResponse:
        return RedirectResponse("/health")

    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    async with running(app) as http:
        answers = [
            await http.get("/bug"),
            await http.get("/nowhere"),
            await http.get("/elsewhere"),
            await http.get("/health", headers={"Host": "evil.example"}),
            await http.options("/health", headers=preflight),
            await http.post("/api/v1/auth/register", content=b"x" * 11),
            await http.get("/api/v1/items"),
        ]
    assert [one.status_code for one in answers] == [500, 404, 307, 400, 400, 413, 429]
    assert [len(one.headers["x-request-id"]) for one in answers] == [32] * 7


async def test_the_problem_of_a_failure_has_the_id(running):
    """Who reports it can copy the id from what they see."""
    app = make_app()

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError

    async with running(app) as http:
        response = await http.get("/bug", headers={"X-Request-ID": GOOD_ID})
    assert response.json()["request_id"] == GOOD_ID


async def test_the_id_is_there_until_the_very_end(running, sign_in):
    """In the endpoint, in what is streamed, and in a task that runs after the answer."""
    app = make_app()
    seen: list[dict] = []

    def note() -> None:
        seen.append(get_contextvars())

    async def stream():
        note()
        yield "one"
        note()

    @app.get("/stream")
    async def answer(tasks: BackgroundTasks) -> StreamingResponse:
        note()
        tasks.add_task(note)
        return StreamingResponse(stream(), background=tasks)

    async with running(app) as http:
        await http.get("/stream", headers={"X-Request-ID": GOOD_ID})
    assert [one["request_id"] for one in seen] == [GOOD_ID] * 4
    assert "request_id" not in get_contextvars()


async def test_requests_at_once_do_not_mix(running):
    """Each logs its own id, and nobody's after the request."""
    import asyncio

    app = make_app()
    everyone_is_here = asyncio.Barrier(3)

    @app.get("/meet")
    async def meet() -> str:
        await everyone_is_here.wait()
        return get_contextvars()["request_id"]

    async def ask(http: httpx.AsyncClient) -> bool:
        response = await http.get("/meet")
        return response.json() == response.headers["x-request-id"]

    async with running(app) as http:
        assert await asyncio.gather(*(ask(http) for _ in range(3))) == [True] * 3


async def test_a_line_says_whose_request_it_is(running, sign_in, caplog):
    """The user is known in the log once the token was read, and forgotten after the request."""
    app = make_app()
    seen: list[object] = []

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(get_contextvars()["user_id"])

    logger = logging.getLogger("lesson_app.middleware.access_log")
    note = Note()
    caplog.set_level("INFO", logger.name)
    async with running(app) as http:
        as_grace = await sign_in(http, "grace@example.com")
        logger.addHandler(note)
        try:
            await http.get("/api/v1/users/me", headers=as_grace)
            await http.get("/api/v1/items")
        finally:
            logger.removeHandler(note)
    assert seen == [2, None]
    assert "user_id" not in get_contextvars()

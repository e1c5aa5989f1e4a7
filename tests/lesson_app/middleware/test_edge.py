"""What stands around the app: one test for each promise, through the whole app."""

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from lesson_app import InMemorySettings, create_app

pytestmark = pytest.mark.anyio

ITEMS = "/api/v1/items"
ORIGIN = "https://shop.example"
FOREIGN = {"Origin": "https://evil.example"}


def make_app(**settings) -> FastAPI:
    return create_app(InMemorySettings.model_validate(settings))


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and detail of a problem document, once its form was compared."""
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["content-length"]) == len(response.content)
    body = response.json()
    assert body["status"] == response.status_code
    return body["status"], body["detail"]


# -- Security headers ---------------------------------------------------------------------


async def test_every_answer_has_security_headers(running):
    """A success, a refusal and a failure alike."""
    app = make_app()

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError

    async with running(app) as http:
        answers = [await http.get(path) for path in ("/health", "/nowhere", "/bug")]
    assert [answer.status_code for answer in answers] == [200, 404, 500]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        expected = "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["content-security-policy"] == expected
        assert "strict-transport-security" not in answer.headers


async def test_the_docs_may_run_their_scripts(running):
    """A page gets a policy that lets it work, and still no frame around it."""
    async with running(make_app()) as http:
        policy = (await http.get("/docs")).headers["content-security-policy"]
    assert "default-src" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_an_endpoint_can_decide_for_itself(running):
    """A header that is set already stays as it is, and stands there once."""
    app = make_app()

    @app.get("/framed")
    async def framed(response: Response) -> None:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"

    async with running(app) as http:
        headers = (await http.get("/framed")).headers
    assert headers.get_list("x-frame-options") == ["SAMEORIGIN"]


async def test_production_insists_on_https(running):
    """There a browser that has been here by HTTPS does not come back without."""
    settings = InMemorySettings().model_copy(update={"environment": "production"})
    async with running(create_app(settings)) as http:
        headers = (await http.get("/health")).headers
    assert headers["strict-transport-security"] == "max-age=31536000"


# -- CORS ---------------------------------------------------------------------------------


async def preflight(http: httpx.AsyncClient, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, if-match",
    }
    return await http.options(ITEMS, headers=headers)


async def test_audit_13_a_listed_origin_may_call_and_read(running):
    """Audit 13: the preflight allows the token, and the answer may be read."""
    async with running(make_app(cors_origins=[ORIGIN])) as http:
        asked = await preflight(http, ORIGIN)
        answer = await http.get(ITEMS, headers={"Origin": ORIGIN})
    assert asked.status_code == 200
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "Location" in answer.headers["access-control-expose-headers"]


async def test_audit_13_another_origin_may_not(running):
    """Audit 13: no header lets it read or send a cookie; the refusal is a problem document."""
    async with running(make_app(cors_origins=[ORIGIN])) as http:
        asked = await preflight(http, FOREIGN["Origin"])
        answer = await http.get(ITEMS, headers=FOREIGN)
    assert problem(asked) == (400, "Disallowed CORS origin")
    for headers in (asked.headers, answer.headers):
        assert "access-control-allow-origin" not in headers
        assert "access-control-allow-credentials" not in headers


async def test_audit_13_without_a_setting_no_other_origin_may(running):
    """Audit 13: the default is the shop's own pages only."""
    async with running(make_app()) as http:
        asked = await preflight(http, FOREIGN["Origin"])
        answer = await http.get(ITEMS, headers=FOREIGN)
    assert asked.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_audit_6_3_a_page_can_read_that_the_shop_failed(running):
    """Audit 6.3: an answer 500, 413 or 429 has the headers of CORS too."""
    app = make_app(
        cors_origins=[ORIGIN], max_body_bytes=10, rate_limits=True, default_rate_limit="2/hour"
    )

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError

    headers = {"Origin": ORIGIN}
    async with running(app) as http:
        answers = [
            await http.get("/bug", headers=headers),
            await http.post(ITEMS, content=b"x" * 11, headers=headers),
            await http.get(ITEMS, headers=headers),
        ]
    assert [problem(answer)[0] for answer in answers] == [500, 413, 429]
    assert [answer.headers["access-control-allow-origin"] for answer in answers] == [ORIGIN] * 3


# -- Hosts --------------------------------------------------------------------------------


async def test_only_the_hosts_of_the_settings_are_answered(running):
    """A name that somebody else made point here is refused, in the shape of every error."""
    async with running(make_app(allowed_hosts=["shop.test", "*.shop.example"])) as http:
        answers = [
            await http.get("/health", headers={"Host": host})
            for host in ("shop.test", "eu.shop.example", "evil.example", "www.shop.test")
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    assert problem(answers[2]) == (400, "Invalid host header")
    assert answers[2].headers["x-content-type-options"] == "nosniff"


# -- Bodies -------------------------------------------------------------------------------


async def in_chunks(size: int):
    for _ in range(size):
        yield b"x"


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/v1/auth/register", "application/json"),
        ("/api/v1/auth/login", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_is_limited(running, announced: bool, path: str, media_type: str):
    """One that is too large is refused with one shape, whoever noticed it."""
    async with running(make_app(max_body_bytes=100)) as http:
        content = b"x" * 101 if announced else in_chunks(101)
        answer = await http.post(path, content=content, headers={"Content-Type": media_type})
    assert problem(answer) == (413, "Content Too Large")


async def test_a_body_of_the_largest_size(running):
    """The limit itself is still allowed."""
    async with running(make_app(max_body_bytes=100)) as http:
        answer = await http.post("/api/v1/auth/register", content=b"x" * 100)
    assert answer.status_code == 422


# -- Shape and limits ---------------------------------------------------------------------


async def test_plain_text_stays_where_it_is_no_error(running):
    """Only errors change their shape; and theirs keep their other headers."""
    app = make_app()

    @app.get("/text", response_class=PlainTextResponse)
    async def text(status: int) -> PlainTextResponse:
        return PlainTextResponse("teapot", status, headers={"Retry-After": "60"})

    async with running(app) as http:
        fine, error = [await http.get("/text", params={"status": one}) for one in (200, 418)]
    assert fine.text == "teapot"
    assert problem(error) == (418, "teapot")
    assert error.headers["retry-after"] == "60"


async def test_an_error_in_several_parts_becomes_one_document(running):
    """Its text is collected before it is sent."""
    app = make_app()

    async def parts():
        yield "tea"
        yield "pot"

    @app.get("/text")
    async def text() -> StreamingResponse:
        return StreamingResponse(parts(), 418, media_type="text/plain")

    async with running(app) as http:
        assert problem(await http.get("/text")) == (418, "teapot")


async def test_requests_are_limited(running):
    """One client gets its share and then 429, wherever it asks; health checks are not counted."""
    async with running(make_app(rate_limits=True, default_rate_limit="2/hour")) as http:
        answers = [await http.get(path) for path in (ITEMS, "/nowhere", "/docs")]
        health = await http.get("/health")
    assert [answer.status_code for answer in answers] == [200, 404, 429]
    assert problem(answers[2])[0] == 429
    assert int(answers[2].headers["retry-after"]) > 3500
    assert health.status_code == 200


async def test_a_counter_that_is_away(running):
    """The answer is a problem document with its headers, and says that it is worth trying again."""
    away = {"rate_limits": True, "redis_url": "redis://127.0.0.1:1"}
    async with running(make_app(**away)) as http:
        answer = await http.get(ITEMS)
    assert problem(answer)[0] == 503
    assert answer.headers["retry-after"] == "1"
    assert "x-request-id" in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_client_on_a_unix_socket_is_limited(running):
    """It has no address, and is counted all the same."""
    app = make_app(rate_limits=True, default_rate_limit="1/hour", login_rate_limit="1/hour")
    async with app.router.lifespan_context(app) as state:
        assert state is not None

        async def app_without_client(scope, receive, send):
            await app({**scope, "client": None, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app_without_client)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
            answers = [await http.post("/api/v1/auth/login") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]


async def test_the_lifespan_passes_through():
    """What is no HTTP request is left alone."""
    app = make_app()
    sent: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message["type"])

    await app({"type": "lifespan", "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

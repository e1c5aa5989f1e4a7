"""What a real server writes: every line is one JSON object, and no secret is in any of them."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from httpx2.websockets import WebSocketDisconnect, WebSocketNetworkError

from lesson_app.seed import DEMO_PASSWORD
from tests.lesson_app.server import serving

pytestmark = pytest.mark.anyio

APP_WITH_A_BUG = """
import warnings
from fastapi import WebSocket
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from lesson_app.dependencies import SessionDep
from lesson_app.main import app

@app.get("/bug")
async def bug(session: SessionDep) -> None:
    warnings.warn("two\\nlines")
    await session.execute(text("SELECT :password FROM nowhere"), {"password": "in-a-statement"})

@app.get("/broken")
async def broken() -> StreamingResponse:
    async def stream():
        yield b"tea"
        raise KeyError("pot")
    return StreamingResponse(stream())

@app.websocket("/bug")
async def socket_bug(socket: WebSocket) -> None:
    await socket.accept()
    raise KeyError("socket")
"""


def read(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


async def test_audit_14_2_a_server_writes_json_and_no_secret(tmp_path: Path):
    """Audit 14.2: uvicorn's lines, Alembic's, warnings and ours; logins, sockets, failures.

    Audit 15.3: the ticket in the address of a socket is in no line, uvicorn's own included.
    """
    (tmp_path / "shop_with_a_bug.py").write_text(APP_WITH_A_BUG)
    secrets = [DEMO_PASSWORD, "too-bad", "in-a-statement", "s3cret"]
    async with serving(tmp_path, "shop_with_a_bug:app", log_format="json") as server:
        http = server.http
        form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
        tokens = (await http.post("/api/v1/auth/login", data=form)).json()
        await http.post("/api/v1/auth/login", data={**form, "password": "too-bad-password"})
        renewed = await http.post(
            "/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}
        )
        account = {"email": "new@example.com", "display_name": "New", "password": "too-bad"}
        refused = await http.post("/api/v1/auth/register", json=account)
        headers = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
        ticket = (await http.post("/api/v1/ws-tickets", headers=headers)).json()["ticket"]
        async with http.websocket(f"ws://shop.test/api/v1/chat/tea?ticket={ticket}") as socket:
            await socket.receive_json()
        for good_ticket in (ticket, "s3cret-ticket"):
            url = f"ws://shop.test/api/v1/chat/tea?ticket={good_ticket}"
            async with http.websocket(url) as socket:
                with pytest.raises(WebSocketDisconnect):
                    await socket.receive()
        await http.get("/api/v1/items?q=s3cret-search")
        failed = await http.get("/bug")
        log = await server.stop()
    assert (refused.status_code, failed.status_code) == (422, 500)
    assert len({tokens["refresh_token"], renewed.json()["refresh_token"]}) == 2
    secrets += [*tokens.values(), *renewed.json().values(), ticket]
    secrets = [one for one in secrets if isinstance(one, str) and len(one) > 6]
    assert [one for one in secrets if one in log] == []
    lines = read(log)
    loggers = {line["logger"] for line in lines}
    assert {"uvicorn.error", "alembic.runtime.migration", "py.warnings"} <= loggers
    assert "uvicorn.access" not in loggers
    opened = [line for line in lines if line["event"] == "websocket opened"]
    assert [line.get("user_id") for line in opened] == [2, None, None]
    assert opened[0]["route"] == "/api/v1/chat/{room}"
    searches = [line for line in lines if line.get("path") == "/api/v1/items"]
    assert [line["status"] for line in searches] == [200]


async def test_a_failure_is_logged_once_by_a_server(tmp_path: Path):
    """With its id and its traceback, which uvicorn does not write a second time."""
    (tmp_path / "shop_with_a_bug.py").write_text(APP_WITH_A_BUG)
    async with serving(tmp_path, "shop_with_a_bug:app", log_format="json") as server:
        # Uvicorn closes the connection after a failure: the next request must not be on it.
        failed = await server.http.get("/bug", headers={"Connection": "close"})
        with pytest.raises(httpx2.RemoteProtocolError, match="peer closed connection"):
            await server.http.get("/broken")
        async with server.http.websocket("ws://shop.test/bug") as socket:
            with pytest.raises((WebSocketDisconnect, WebSocketNetworkError)):
                await socket.receive()
        log = await server.stop()
    errors = [line for line in read(log) if line["level"] == "error"]
    assert [(line["event"], line["path"]) for line in errors] == [
        ("request failed", "/bug"),
        ("request failed", "/broken"),
        ("websocket closed", "/bug"),
    ]
    assert errors[0]["exception"][0]["exc_type"] == "OperationalError"
    assert errors[0]["request_id"] == failed.json()["request_id"]
    assert errors[0]["request_id"] == failed.headers["x-request-id"]
    assert (errors[1]["status"], errors[1]["bytes"]) == (200, 3)


async def test_a_client_that_goes_away_is_noted(tmp_path: Path):
    """An event stream that its client leaves is logged when it ends, as broken off."""
    async with serving(tmp_path, log_format="json") as server:
        async with server.http.stream("GET", "/api/v1/events") as events:
            assert await anext(events.aiter_lines()) == ": connected"
        # The server hears of the end before it hears the next question.
        await server.http.get("/health")
        log = await server.stop()
    [line] = [line for line in read(log) if line.get("path") == "/api/v1/events"]
    assert (line["event"], line["status"]) == ("request broken off", 200)

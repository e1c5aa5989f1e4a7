"""Clients that leave in the middle, and what a real server keeps of them: nothing."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from sqlalchemy import insert

from lesson_app import InMemorySettings, create_app
from lesson_app.models import Item
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio


class Serving:
    """A shop that uvicorn serves in this process, where a test can look into it."""

    def __init__(self, server: uvicorn.Server, socket: Path, http: httpx2.AsyncClient) -> None:
        self._server = server
        self.socket = socket
        self.http = http
        self.state = server.lifespan.state

    async def is_idle(self) -> None:
        """Wait until no request is at work."""
        async with asyncio.timeout(10):
            while self._server.server_state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.01)


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncGenerator[Serving]:
    """A shop on a Unix socket, with a client who is Grace."""
    socket = tmp_path / "s"
    app = create_app(InMemorySettings(upload_folder=tmp_path / "uploads"))
    server = uvicorn.Server(uvicorn.Config(app, uds=str(socket), log_config=None))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)
    transport = httpx2.AsyncHTTPTransport(uds=str(socket))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
        token = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield Serving(server, socket, http)
    server.should_exit = True
    await running


@asynccontextmanager
async def first_line(serving: Serving, path: str) -> AsyncGenerator[str]:
    """Open a stream and read one line; leave at the end of the block."""
    async with serving.http.stream("GET", path) as response:
        yield await anext(response.aiter_lines())


async def test_audit_15_4_a_stream_of_events_is_closed_when_its_client_leaves(serving):
    """Audit 15.4: nothing waits for who is gone."""
    followers = serving.state["events"]._followers
    async with first_line(serving, "/api/v1/events") as line:
        assert (line, len(followers)) == (": connected", 1)
    await serving.is_idle()
    assert followers == set()


async def test_an_export_keeps_its_session_until_its_client_leaves(serving):
    """The first line comes while most rows are not read yet; then the connection is free again."""
    sessions = serving.state["sessions"]
    async with sessions.begin() as session:
        row = {"price": 1, "stock": 1, "owner_id": 1, "version": 1}
        rows = [{"name": f"{number} " + "x" * 80, **row} for number in range(10_000)]
        await session.execute(insert(Item), rows)
        pool = session.get_bind().pool
    idle = pool.checkedout()
    async with first_line(serving, "/api/v1/exports/items") as line:
        assert line.startswith('{"id":1,')
        assert pool.checkedout() == idle + 1
    await serving.is_idle()
    assert pool.checkedout() == idle


async def test_audit_11_an_upload_that_breaks_off_on_the_wire(serving, tmp_path, caplog):
    """Audit 11: no bytes, no row, and no error in the log of the server."""
    caplog.set_level(logging.INFO)
    _, writer = await asyncio.open_unix_connection(serving.socket)
    head = (
        "POST /api/v1/files HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5000000\r\n"
        f"Authorization: {serving.http.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    )
    writer.write(head.encode() + b"a" * 2_000_000)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await serving.is_idle()
    assert list((tmp_path / "uploads").iterdir()) == []
    assert (await serving.http.get("/api/v1/files")).json()["total"] == 0
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []

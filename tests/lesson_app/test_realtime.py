"""Streams, sockets and large files with a real server in a process of its own."""

import asyncio
import signal
from pathlib import Path

import httpx2
import pytest
from httpx2.websockets import WebSocketDisconnect

from lesson_app.config import MIB
from lesson_app.seed import DEMO_PASSWORD
from tests.lesson_app.server import serving

pytestmark = pytest.mark.anyio


async def sign_in(http: httpx2.AsyncClient) -> dict[str, str]:
    form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
    token = (await http.post("/api/v1/auth/login", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def test_audit_15_4_open_streams_and_sockets_do_not_hold_up_a_stop(tmp_path: Path):
    """Audit 15.4: on SIGTERM the stream ends by itself, the socket gets 1012, the server goes."""
    async with serving(tmp_path) as server:
        http = server.http
        headers = await sign_in(http)
        ticket = (await http.post("/api/v1/ws-tickets", headers=headers)).json()["ticket"]
        async with (
            http.stream("GET", "/api/v1/events") as events,
            http.websocket(f"ws://shop.test/api/v1/chat/tea?ticket={ticket}") as socket,
        ):
            lines = events.aiter_lines()
            assert await anext(lines) == ": connected"
            assert (await socket.receive_json())["type"] == "present"
            assert (await socket.receive_json())["type"] == "entered"
            # What happens on this server is told on it, before it is asked to stop.
            order = {"lines": [{"item_id": 1, "quantity": 1}]}
            await http.post("/api/v1/orders", json=order, headers=headers)
            while await anext(lines) != "event: order.placed":
                pass
            stopping = asyncio.create_task(server.stop())
            rest = [line async for line in lines]
            with pytest.raises(WebSocketDisconnect) as closed:
                await socket.receive()
            log = await stopping
    assert rest[-2:] == ["id: 1", ""]
    assert closed.value.code == 1012
    assert "Application shutdown complete" in log
    assert "timeout graceful shutdown exceeded" not in log
    assert "Traceback" not in log
    assert server.process.returncode in (0, -signal.SIGTERM)


async def test_audit_11_the_memory_of_a_large_upload_stays_flat(tmp_path: Path):
    """Audit 11: 100 MiB come and go; the server never holds more than a few of them."""
    size = 100 * MIB
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    tail = b"\r\n--x--\r\n"

    async def body():
        yield head
        for _ in range(size // MIB):
            yield b"a" * MIB
        yield tail

    async with serving(tmp_path, upload_max_bytes=size) as server:
        headers = await sign_in(server.http)
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        small = await server.http.post(
            "/api/v1/files", content=head + b"a" * MIB + tail, headers={**headers, **form}
        )
        before = server.memory("VmHWM")
        large = await server.http.post("/api/v1/files", content=body(), headers={**headers, **form})
        assert (small.status_code, large.status_code) == (201, 201), large.text
        assert large.json()["size"] == size
        received = 0
        location = f"{large.headers['location']}/content"
        async with server.http.stream("GET", location, headers=headers) as content:
            async for piece in content.aiter_raw():
                received += len(piece)
        assert received == size
        grown = server.memory("VmHWM") - before
        log = await server.stop()
    assert grown < 40 * MIB, f"{grown / MIB:.0f} MiB"
    assert "Traceback" not in log
    assert sorted(path.stat().st_size for path in (tmp_path / "uploads").iterdir()) == [MIB, size]

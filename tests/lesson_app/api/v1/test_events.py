"""Following what happens, as Server-Sent Events."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import routing

from lesson_app import InMemorySettings, create_app
from lesson_app.core.event_feed import Event
from lesson_app.services.outbox import add_message

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/events"


class Follower:
    """A client in this process that reads a stream as it comes; httpx's transport waits for its end.

    It is what uvicorn is to an app: ASGI 2.3, and told of a client that has gone by `receive`.
    """

    def __init__(self, app, state, headers: dict[str, str] | None = None) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._scope = {
            "type": "http", "method": "GET", "path": EVENTS, "raw_path": EVENTS.encode(),
            "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
            "client": ("test", 1), "server": ("shop.test", 80), "state": dict(state),
            "asgi": {"spec_version": "2.3"},
        }  # fmt: skip
        self.serving = asyncio.create_task(app(self._scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self._pieces.put_nowait(message["body"])

    async def event(self) -> str:
        """Return the next event as it is on the wire, without the empty line at its end."""
        async with asyncio.timeout(10):
            return (await self._pieces.get()).decode().removesuffix("\n\n")

    async def leave(self) -> None:
        """Go away as a client does that closes its connection; the stream ends then."""
        self._gone.set()
        async with asyncio.timeout(10):
            await self.serving


@pytest.fixture
async def shop():
    """A shop on one database only, and its state."""
    app = create_app(InMemorySettings(event_history=3))
    async with app.router.lifespan_context(app) as state:
        yield app, state


def publish(state, number: int) -> None:
    state["events"].publish(Event(id=str(number), topic="test", data={"number": number}))


@asynccontextmanager
async def following(shop, **headers: str):
    follower = Follower(*shop, headers={name.replace("_", "-"): v for name, v in headers.items()})
    # The first thing says that the stream is open, and when to come back after it breaks.
    assert await follower.event() == ": connected\nretry: 2000"
    try:
        yield follower
    finally:
        await follower.leave()


async def test_events_arrive_as_they_happen(shop):
    """Each with its id and topic; no cache and no proxy may hold them back."""
    async with following(shop) as follower:
        for number in (1, 2):
            publish(shop[1], number)
            wanted = f'event: test\ndata: {{"number": {number}}}\nid: {number}'
            assert await follower.event() == wanted
        names = ("content-type", "cache-control", "x-accel-buffering")
        found = [follower.headers[name] for name in names]
    assert (follower.status, found) == (200, ["text/event-stream; charset=utf-8", "no-cache", "no"])


async def test_who_comes_back_gets_what_was_missed(shop):
    """As many as are kept; a browser sends the id of the last one by itself."""
    for number in range(1, 6):
        publish(shop[1], number)
    async with following(shop, last_event_id="4") as follower:
        assert "id: 5" in await follower.event()


@pytest.mark.parametrize("last", ["1", "unknown"])
async def test_who_was_away_for_too_long_is_told_so(shop, last):
    """Before the events that are kept; the word has no id, so it changes not where one was."""
    for number in range(1, 6):
        publish(shop[1], number)
    async with following(shop, last_event_id=last) as follower:
        missed = await follower.event()
        assert missed.startswith('event: events.missed\ndata: {"detail": "Events are missing here')
        assert "id:" not in missed
        assert ["id: 3" in await follower.event(), "id: 4" in await follower.event()] == [True] * 2


async def test_an_id_that_is_none_is_refused(shop):
    """A problem document, before any stream begins."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(with_state(shop)))
    async with http:
        headers = {"Last-Event-ID": "9" * 101}
        response = await http.get(f"http://shop.test{EVENTS}", headers=headers)
    assert (response.status_code, response.json()["status"]) == (422, 422)


async def test_a_sign_of_life_when_nothing_happens(shop, monkeypatch):
    """A comment, that no client takes for an event, keeps proxies from closing the connection."""
    monkeypatch.setattr(routing, "_PING_INTERVAL", 0.01)
    async with following(shop) as follower:
        assert await follower.event() == ": ping"


async def test_audit_15_4_a_client_that_leaves_is_forgotten(shop):
    """Audit 15.4: nothing goes on in its name."""
    async with following(shop):
        assert len(shop[1]["events"]._followers) == 1
    assert shop[1]["events"]._followers == set()


async def test_audit_15_4_a_stream_ends_when_the_server_stops(shop):
    """Audit 15.4: by itself, so that the server need not wait for it."""
    async with following(shop) as follower:
        shop[1]["events"].close()
        async with asyncio.timeout(10):
            await follower.serving
    http = httpx.AsyncClient(transport=httpx.ASGITransport(with_state(shop)))
    async with http, asyncio.timeout(10):
        response = await http.get(f"http://shop.test{EVENTS}")
    assert response.text == ": connected\nretry: 2000\n\n"


def with_state(shop):
    app, state = shop

    async def app_with_state(scope, receive, send):
        await app({**scope, "state": dict(state)}, receive, send)

    return app_with_state


async def test_an_order_is_told_without_its_buyer(shop, sign_in):
    """What was bought, not by whom; a registration is nobody's business."""
    transport = httpx.ASGITransport(with_state(shop))
    async with (
        following(shop) as follower,
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http,
    ):
        headers = await sign_in(http, "grace@example.com")
        carol = {"email": "c@example.com", "display_name": "C", "password": "a long password"}
        registered = await http.post("/api/v1/auth/register", json=carol)
        lines = [{"item_id": item_id, "quantity": 1} for item_id in (3, 1)]
        placed = await http.post("/api/v1/orders", json={"lines": lines}, headers=headers)
        assert (registered.status_code, placed.status_code) == (201, 201), registered.text
        wanted = 'event: order.placed\ndata: {"item_ids": [1, 3]}\nid: 2'
        assert await follower.event() == wanted


async def test_two_processes_tell_each_other_through_redis(redis_namespace):
    """An order that one process takes is told to those who follow the other."""
    apps = [create_app(InMemorySettings(**redis_namespace)) for _ in range(2)]
    async with (
        apps[0].router.lifespan_context(apps[0]) as here,
        apps[1].router.lifespan_context(apps[1]) as there,
        following((apps[1], there)) as follower,
    ):
        assert here is not None
        async with here["sessions"].begin() as session:
            payload = {"order_id": 1, "buyer_id": 2, "item_ids": [7]}
            add_message(session, "order.placed", payload)
        await here["relay"].wake()
        assert 'data: {"item_ids": [7]}' in await follower.event()

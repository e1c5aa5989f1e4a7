"""Chat rooms over WebSocket, and what can go wrong in them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from httpx2.websockets import (
    ASGIWebSocketTransport,
    AsyncWebSocketSession,
    WebSocketDisconnect,
    WebSocketUpgradeError,
)
from starlette.types import Message, Send

from lesson_app import InMemorySettings, create_app
from lesson_app.api.v1 import chat
from lesson_app.core.presence import Person
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio

ADA, GRACE, ALAN = (
    {"id": id_, "name": name} for id_, name in enumerate(("Ada", "Grace", "Alan"), 1)
)


class Visitor:
    """A user with one socket in a room."""

    def __init__(self, socket: AsyncWebSocketSession) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return await self.socket.receive_json()

    async def say(self, text: str) -> None:
        await self.socket.send_json({"text": text})

    async def closing(self) -> tuple[int, str | None]:
        """Read until the server closes the socket; return its code and reason."""
        async with asyncio.timeout(10):
            while True:
                try:
                    await self.socket.receive()
                except WebSocketDisconnect as ending:
                    return ending.code, ending.reason


class House:
    """A running shop whose rooms can be entered."""

    def __init__(self, app: FastAPI, state: Any, http: httpx2.AsyncClient) -> None:
        self.app, self.state, self.http = app, state, http
        self.tokens: dict[str, dict[str, str]] = {}

    async def ticket(self, name: str) -> str:
        if name not in self.tokens:
            form = {"username": f"{name.lower()}@example.com", "password": DEMO_PASSWORD}
            login = await self.http.post("/api/v1/auth/login", data=form)
            self.tokens[name] = login.json()
        headers = {"Authorization": f"Bearer {self.tokens[name]['access_token']}"}
        return (await self.http.post("/api/v1/ws-tickets", headers=headers)).json()["ticket"]

    async def is_left(self, room: str = "tea") -> None:
        """Wait until nobody is in a room any more."""
        async with asyncio.timeout(10):
            rooms = self.state["rooms"]
            while rooms._members or await rooms._presence.people(room):  # noqa: ASYNC110  # no event tells
                await asyncio.sleep(0.001)

    @asynccontextmanager
    async def enter(self, name: str, room: str = "tea", **headers: str) -> AsyncGenerator[Visitor]:
        address = f"ws://shop.test/api/v1/chat/{room}?ticket={await self.ticket(name)}"
        async with self.http.websocket(address, headers=headers) as socket:
            yield Visitor(socket)

    async def call(self, name: str, messages: Iterable[Message], send: Send | None = None) -> None:
        """Enter the room as a server does, with messages that have arrived already."""
        arrived: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            arrived.put_nowait(message)

        async def ignore(message: Message) -> None:
            """Send nothing."""

        query = f"ticket={await self.ticket(name)}".encode()
        scope = {
            "type": "websocket", "path": "/api/v1/chat/tea", "raw_path": b"", "root_path": "",
            "query_string": query, "headers": [], "subprotocols": [],
            "client": ("test", 1), "server": ("shop.test", 80), "scheme": "ws",
            "state": dict(self.state),
        }  # fmt: skip
        await self.app(scope, arrived.get, send or ignore)


@asynccontextmanager
async def house_of(app: FastAPI) -> AsyncGenerator[House]:
    async with app.router.lifespan_context(app) as state:

        async def app_with_state(scope, receive, send):
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = ASGIWebSocketTransport(app_with_state)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as http:
            yield House(app, state, http)


@pytest.fixture
def app() -> FastAPI:
    """A shop on one database only."""
    return create_app(InMemorySettings(cors_origins=["https://shop.example"]))


@pytest.fixture
async def house(app: FastAPI) -> AsyncGenerator[House]:
    """A shop with the default settings."""
    async with house_of(app) as house:
        yield house


async def test_people_meet_and_talk(house):
    """Who enters is told who is there; the others are told who comes, speaks and goes."""
    async with house.enter("Ada") as ada:
        assert await ada.hear() == {"type": "present", "people": [ADA]}
        assert await ada.hear() == {"type": "entered", "person": ADA}
        async with house.enter("Grace") as grace:
            assert await grace.hear() == {"type": "present", "people": [ADA, GRACE]}
            assert await grace.hear() == await ada.hear() == {"type": "entered", "person": GRACE}
            await grace.say("  Hello 🫖 ")
            heard = [await one.hear() for one in (ada, grace)]
            assert heard[0] == heard[1]
            assert heard[0].pop("at")
            assert heard[0] == {"type": "message", "person": GRACE, "text": "Hello 🫖"}
        assert await ada.hear() == {"type": "left", "person": GRACE}
        async with house.enter("Alan") as alan:
            assert await alan.hear() == {"type": "present", "people": [ADA, ALAN]}


async def test_rooms_do_not_hear_each_other(house):
    """What is said in one is not heard in another."""
    async with house.enter("Ada", "tea") as ada, house.enter("Grace", "coffee") as grace:
        await ada.say("tea only")
        await grace.say("coffee only")
        heard = [[(await one.hear()) for _ in range(3)][2]["text"] for one in (ada, grace)]
    assert heard == ["tea only", "coffee only"]


async def test_a_person_with_two_sockets_is_there_once(house):
    """They enter with the first and leave with the last; both hear."""
    async with house.enter("Ada") as ada, house.enter("Grace") as first:
        for _ in range(3):
            await ada.hear()
        async with house.enter("Grace") as second:
            assert await second.hear() == {"type": "present", "people": [ADA, GRACE]}
            await ada.say("one")
            assert [(await one.hear())["text"] for one in (ada, second)] == ["one", "one"]
        await ada.say("two")
        assert (await ada.hear())["text"] == "two"
        await first.socket.close()
        assert await ada.hear() == {"type": "left", "person": GRACE}


@pytest.mark.parametrize(
    "sent",
    ["no json", "[1, 2]", "{}", '{"text": ""}', '{"text": 1}', '{"text": "a", "user": "Ada"}',
     json.dumps({"text": "a" * 1001}), '{"text": "\\ud800"}', "null", ""],
)  # fmt: skip
async def test_audit_15_2_bad_messages_are_answered_and_not_fatal(house, sent: str):
    """Audit 15.2: the sender alone is told, and can go on; nobody is left behind as a dead socket."""
    async with house.enter("Ada") as ada, house.enter("Grace") as grace:
        for _ in range(2):
            await grace.hear()
        await grace.socket.send_text(sent)
        assert (await grace.hear())["type"] == "refused"
        await grace.say("still here")
        assert (await grace.hear())["text"] == "still here"
        heard = [(await ada.hear())["type"] for _ in range(4)]
    assert heard == ["present", "entered", "entered", "message"]
    await house.is_left()


async def test_bytes_are_refused(house):
    """The protocol is text."""
    async with house.enter("Ada") as ada:
        await ada.socket.send_bytes(b"\xff")
        heard = [await ada.hear() for _ in range(3)][2]
    assert heard == {"type": "refused", "detail": "Send text, not bytes."}


@pytest.mark.parametrize("sent", ["text", "bytes"])
async def test_a_message_that_is_too_big_ends_the_connection(house, sent: str):
    """1009, whether it is text or bytes."""
    async with house.enter("Ada") as ada:
        if sent == "text":
            await ada.socket.send_text("ä" * 4097)
        else:
            await ada.socket.send_bytes(b"a" * 8193)
        assert await ada.closing() == (1009, "A message has at most 8192 bytes.")


async def test_audit_15_2_a_leaver_during_a_broadcast_makes_nobody_miss_it(house):
    """Audit 15.2: ten people; half of them leave while one speaks; the others hear every word."""
    async with contextlib.AsyncExitStack() as stack:
        speaker = await stack.enter_async_context(house.enter("Ada"))
        stayers, leavers = [], []
        for number in range(10):
            visitor = await stack.enter_async_context(house.enter(("Grace", "Alan")[number % 2]))
            (stayers if number % 2 else leavers).append(visitor)

        async def speak() -> None:
            for number in range(20):
                await speaker.say(str(number))
                await asyncio.sleep(0)

        async def leave() -> None:
            for leaver in leavers:
                await leaver.socket.close()
                await asyncio.sleep(0)

        await asyncio.gather(speak(), leave())
        for stayer in stayers:
            heard: list[str] = []
            while len(heard) < 20:
                message = await stayer.hear()
                if message["type"] == "message":
                    heard.append(message["text"])
            assert heard == [str(number) for number in range(20)]


async def test_audit_15_2_a_second_disconnect_is_no_error(house):
    """Audit 15.2: a client that is gone twice, as with a lost connection, is gone."""
    async with house.enter("Ada") as ada:
        await ada.socket.close()
        await ada.socket.close()
    await house.is_left()


async def test_audit_15_3_a_refused_client_learns_the_code(house):
    """Audit 15.3: 1008 after the handshake, so that a browser can tell it from a network error."""
    async with house.http.websocket("ws://shop.test/api/v1/chat/tea?ticket=wrong") as socket:
        assert await Visitor(socket).closing() == (1008, "The ticket is not good (any more).")


async def test_audit_15_3_a_token_opens_no_socket_and_a_ticket_opens_one(house):
    """Audit 15.3: a token in the address would stand in the log; a ticket there is used up."""
    ticket = await house.ticket("Ada")
    address = "ws://shop.test/api/v1/chat/tea?ticket="
    async with house.http.websocket(address + ticket) as socket:
        assert (await Visitor(socket).hear())["type"] == "present"
    tokens = house.tokens["Ada"]
    for secret in (ticket, tokens["access_token"], tokens["refresh_token"]):
        async with house.http.websocket(address + secret) as socket:
            assert (await Visitor(socket).closing())[0] == 1008


async def test_audit_15_3_pages_of_other_sites_open_no_socket(house):
    """Audit 15.3: a browser asks no preflight for a WebSocket, so the server looks at the origin."""
    with pytest.raises((WebSocketDisconnect, WebSocketUpgradeError)):
        async with house.enter("Ada", origin="https://evil.example"):
            pass
    async with house.enter("Ada", origin="https://shop.example") as ada:
        assert (await ada.hear())["type"] == "present"


@pytest.mark.parametrize("room", ["UPPER", "a" * 51, "a.b"])
async def test_a_room_has_a_plain_name(house, room: str):
    """Refused before the handshake."""
    with pytest.raises((WebSocketDisconnect, WebSocketUpgradeError)):
        async with house.enter("Ada", room):
            pass


async def test_audit_15_2_a_slow_client_is_dropped_and_holds_up_nobody():
    """Audit 15.2: its queue is full; it is closed with 1013 and a reason, and may come back."""
    closed: list[Message] = []

    async def send_slowly(message: Message) -> None:
        if message["type"] == "websocket.send":
            # The network takes no more.
            await asyncio.Event().wait()
        elif message["type"] == "websocket.close":
            closed.append(message)

    async with house_of(create_app(InMemorySettings(chat_queue_size=5))) as house:
        async with house.enter("Ada") as ada:
            for _ in range(2):
                await ada.hear()
            slow = house.call("Grace", [{"type": "websocket.connect"}], send_slowly)
            serving = asyncio.create_task(slow)
            assert await ada.hear() == {"type": "entered", "person": GRACE}
            # One is being sent to Grace, and one waits: the fifth is more than five.
            for number in range(5):
                await ada.say(str(number))
                assert (await ada.hear())["text"] == str(number)
            assert await ada.hear() == {"type": "left", "person": GRACE}
            async with asyncio.timeout(10):
                await serving
        async with house.enter("Grace") as again:
            assert await again.hear() == {"type": "present", "people": [GRACE]}
    reason = "Too many messages wait for you. Come back."
    assert closed == [{"type": "websocket.close", "code": 1013, "reason": reason}]


async def test_audit_15_2_who_says_much_at_once_drops_nobody(house):
    """Audit 15.2: a burst of more than a queue holds; who reads as it comes hears it all."""
    async with house.enter("Ada") as ada:
        for _ in range(2):
            await ada.hear()
        burst = [{"type": "websocket.receive", "text": f'{{"text": "{n}"}}'} for n in range(300)]
        speaking = asyncio.create_task(house.call("Grace", [{"type": "websocket.connect"}, *burst]))
        assert (await ada.hear())["type"] == "entered"
        assert [(await ada.hear())["text"] for _ in range(300)] == [str(n) for n in range(300)]
        speaking.cancel()
        await asyncio.wait([speaking])


async def test_a_client_that_is_gone_without_a_word_is_closed_all_the_same(monkeypatch):
    """One that reads nothing keeps no task of the server for long."""
    monkeypatch.setattr(chat, "SECONDS_TO_CLOSE", 0.01)
    sent: list[str] = []
    stuck = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] != "websocket.accept":
            stuck.set()
            await asyncio.Event().wait()

    async with house_of(create_app(InMemorySettings(chat_queue_size=2))) as house:
        serving = asyncio.create_task(house.call("Ada", [{"type": "websocket.connect"}], send))
        async with asyncio.timeout(10):
            await stuck.wait()
            for number in range(4):
                await house.state["rooms"].tell("tea", Person(id=number, name="flood"))
            await serving
    assert sent == ["websocket.accept", "websocket.send", "websocket.close"]


async def test_a_client_that_breaks_off_while_it_is_written_to_leaves(house):
    """The server's error about it is an ordinary way to leave."""

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            raise OSError("connection lost")

    async with asyncio.timeout(10):
        await house.call("Ada", [{"type": "websocket.connect"}], send)
    await house.is_left()


async def test_when_the_server_stops_everyone_is_told(house):
    """1012, which says: come back soon. Who comes too late is told the same."""
    async with house.enter("Ada") as ada:
        house.state["rooms"].close()
        assert (await ada.closing())[0] == 1012
    async with house.enter("Ada") as ada:
        assert (await ada.closing())[0] == 1012


async def test_a_cancelled_connection_is_not_left_as_a_ghost(house):
    """When the server gives up a task, the others hear that its person left."""
    rooms = house.state["rooms"]
    async with house.enter("Ada") as ada:
        entered = asyncio.Event()

        async def visit() -> None:
            async with rooms.join("tea", Person(id=2, name="Grace")):
                entered.set()
                await asyncio.Event().wait()

        visiting = asyncio.create_task(visit())
        await entered.wait()
        visiting.cancel()
        await asyncio.wait([visiting])
        assert [(await ada.hear())["type"] for _ in range(4)][2:] == ["entered", "left"]


async def test_two_processes_hear_each_other_through_redis(redis_namespace):
    """Two apps with one Redis are one house: messages, and who is there."""
    apps = [create_app(InMemorySettings(**redis_namespace)) for _ in range(2)]
    async with house_of(apps[0]) as here, house_of(apps[1]) as there, here.enter("Ada") as ada:
        assert await ada.hear() == {"type": "present", "people": [ADA]}
        assert await ada.hear() == {"type": "entered", "person": ADA}
        async with there.enter("Grace") as grace:
            assert await grace.hear() == {"type": "present", "people": [ADA, GRACE]}
            assert await ada.hear() == {"type": "entered", "person": GRACE}
            assert await grace.hear() == {"type": "entered", "person": GRACE}
            await grace.say("hello from there")
            await ada.say("hello from here")
            heard = [{(await one.hear())["text"] for _ in range(2)} for one in (ada, grace)]
            assert heard[0] == heard[1] == {"hello from there", "hello from here"}
        assert await ada.hear() == {"type": "left", "person": GRACE}

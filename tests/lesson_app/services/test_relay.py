"""What is written into the outbox is sent by the running app."""

import asyncio
import logging

import httpx
import pytest
from sqlalchemy import Engine, event, select

from lesson_app import create_app
from lesson_app.core.broadcast import MemoryBroadcast
from lesson_app.database import utc_now
from lesson_app.models import Notification
from lesson_app.services import notifications, outbox, relay
from lesson_app.services.outbox import Message, add_message
from lesson_app.services.relay import Relay, run_relay

pytestmark = pytest.mark.anyio


async def wait_until_sent(sessions, count: int) -> list[Notification]:
    async with asyncio.timeout(10):
        while True:
            async with sessions() as session:
                sent = select(Notification).where(Notification.sent_at.is_not(None))
                found = (await session.scalars(sent.order_by(Notification.id))).all()
            if len(found) >= count:
                return list(found)
            await asyncio.sleep(0.01)


async def test_audit_12_an_order_and_a_registration_are_notified(app, sign_in, caplog):
    """Audit 12: after the commit, by the app itself without a broker; the answer waits for nothing."""
    caplog.set_level(logging.INFO, logger=notifications.__name__)
    async with app.router.lifespan_context(app) as state:

        async def app_with_state(scope, receive, send):
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app_with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
            headers = await sign_in(http, "grace@example.com")
            order = {"lines": [{"item_id": 1, "quantity": 1}]}
            placed = await http.post("/api/v1/orders", json=order, headers=headers)
            carol = {
                "email": "carol@example.com",
                "display_name": "Carol",
                "password": "a long enough password",
            }
            registered = await http.post("/api/v1/auth/register", json=carol)
            assert (placed.status_code, registered.status_code) == (201, 201), registered.text
        sent = await wait_until_sent(state["sessions"], 2)
    assert [(one.topic, one.payload) for one in sent] == [
        ("order.placed", {"order_id": 1, "buyer_id": 2, "item_ids": [1]}),
        ("user.registered", {"user_id": 4}),
    ]
    said = [one.getMessage() for one in caplog.records if one.name == notifications.__name__]
    assert said == [
        "notification 1 to user 2: thank you for your order 1",
        "notification 2 to user 4: welcome to the shop",
    ]


async def test_audit_12_a_task_that_fails_stops_no_other(sessions, caplog):
    """Audit 12: a message that cannot be sent waits; the next one is sent."""
    async with sessions.begin() as session:
        add_message(session, "unknown.topic", {})
        await session.flush()
        add_message(session, "user.registered", {"user_id": 1})

    async def dispatch(message: Message) -> None:
        await outbox.deliver(sessions, message.id, message.attempt, notifications.notify)

    async with run_relay(sessions, dispatch):
        (sent,) = await wait_until_sent(sessions, 1)
    assert sent.topic == "user.registered"
    assert "message 1, attempt 1: not sent" in caplog.text


async def test_an_event_that_cannot_be_told_keeps_no_message_from_being_sent(shop, caplog):
    """Redis is away: who follows the events misses one, and the buyer is thanked."""

    async def away(self, channel: str, text: str) -> None:
        raise OSError("Redis is away")

    async with shop.router.lifespan_context(shop) as state:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MemoryBroadcast, "say", away)
            async with state["sessions"].begin() as session:
                payload = {"order_id": 1, "buyer_id": 2, "item_ids": [1]}
                add_message(session, notifications.ORDER_PLACED, payload)
            await state["relay"].wake()
            (sent,) = await wait_until_sent(state["sessions"], 1)
    assert (sent.attempts, sent.last_error) == (1, None)
    assert "message 1: its event could not be told" in caplog.text


@pytest.fixture
def shop():
    """A shop on one database only."""
    return create_app()


async def test_what_a_former_run_left_is_sent_at_the_start(shop):
    """Nobody has to wake the relay for it, nor for what becomes due later."""
    seen: list[int] = []

    async def dispatch(message: Message) -> None:
        seen.append(message.id)
        if len(seen) == 1:
            async with sessions.begin() as session:
                stored = await session.get_one(Notification, message.id)
                stored.due_at = utc_now()
        else:
            done.set()

    done = asyncio.Event()
    async with shop.router.lifespan_context(shop) as state:
        sessions = state["sessions"]
        async with sessions.begin() as session:
            add_message(session, "test", {})
        async with run_relay(sessions, dispatch), asyncio.timeout(10):
            await done.wait()
    assert seen == [1, 1]


async def test_a_database_that_is_away_is_asked_again(shop, caplog, monkeypatch):
    """The relay survives, says so, and goes on after a while."""
    async with shop.router.lifespan_context(shop) as state:
        # Not before: the shop's own relay sleeps long, and takes the message from nobody.
        monkeypatch.setattr(relay, "LONGEST_SLEEP", 0.01)
        working = state["sessions"]
        broken = [2]

        def sessions():
            if broken[0]:
                broken[0] -= 1
                raise OSError("the database is away")
            return working()

        sessions.begin = lambda: working.begin() if not broken[0] else sessions()  # ty: ignore[missing-attribute]
        dispatched = asyncio.Event()

        async def dispatch(message: Message) -> None:
            dispatched.set()

        async with working.begin() as session:
            add_message(session, "test", {})
        asking = Relay(sessions, dispatch)  # ty: ignore[invalid-argument-type]
        running = asyncio.create_task(asking.run(await asking.seconds_to_next()))
        async with asyncio.timeout(10):
            await dispatched.wait()
        running.cancel()
        await asyncio.wait([running])
    assert "the outbox could not be read" in caplog.text
    assert "the outbox could not be emptied" in caplog.text


async def test_a_relay_that_has_nothing_to_do_asks_nothing(shop):
    """An idle shop sends no statement, so a lesson can count its own."""
    sent: list[str] = []

    def note(connection, cursor, statement: str, *rest) -> None:
        sent.append(statement)

    async with shop.router.lifespan_context(shop) as state:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            # Nobody can be waited for who does nothing.
            await asyncio.sleep(0.05)
            assert sent == []
            await state["relay"].send_due()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    assert [statement.split()[0] for statement in sent] == ["SELECT"]

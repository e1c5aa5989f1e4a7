"""Sending by a Celery worker, with RabbitMQ between the app and it."""

import asyncio
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lesson_app import InMemorySettings, create_app
from lesson_app.database import open_engine
from lesson_app.migrations import upgrade
from lesson_app.models import Notification
from lesson_app.services import outbox, relay
from lesson_app.services.outbox import Message, add_message
from lesson_app.tasks import SEND_NOTIFICATION, make_celery, open_queue, send_notification

pytestmark = pytest.mark.anyio


def settings_of(folder: Path, namespace: dict[str, Any]) -> InMemorySettings:
    """A shop in a file, which a worker in another process can read."""
    url = f"sqlite+aiosqlite:///{folder / 'shop.db'}"
    return InMemorySettings.model_validate({"database_url": url, **namespace})


@contextmanager
def worker(folder: Path, settings: InMemorySettings) -> Generator[subprocess.Popen]:
    """Run a Celery worker as people do, for the same shop; kill it at the end."""
    assert settings.broker_url is not None
    environment = {
        **os.environ,
        "SHOP_DATABASE_URL": settings.database_url.get_secret_value(),
        "SHOP_BROKER_URL": settings.broker_url.get_secret_value(),
        "SHOP_BROKER_QUEUE": settings.broker_queue,
    }
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "lesson_app.worker", "worker",
             "--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            cwd=folder, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


async def until_sent(folder: Path, sessions, count: int = 1) -> list[Notification]:
    """Wait until messages are sent, and return them."""
    sent = select(Notification).where(Notification.sent_at.is_not(None)).order_by(Notification.id)
    for _ in range(600):
        async with sessions() as session:
            found = (await session.scalars(sent)).all()
        if len(found) >= count:
            return list(found)
        await asyncio.sleep(0.1)
    raise AssertionError((folder / "worker.log").read_text())


async def test_audit_12_a_worker_sends_what_the_app_hands_over(tmp_path, broker_namespace, caplog):
    """Audit 12: the app puts the number of a message into the queue; the worker sends it.

    A message that it cannot send is due again in the outbox, and a worker that is asked to stop
    ends what it began.
    """
    settings = settings_of(tmp_path, broker_namespace)
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with state["sessions"].begin() as session:
            add_message(session, "unknown.topic", {})
            await session.flush()
            add_message(session, "user.registered", {"user_id": 3})
        # Nobody works yet: what waits in the queue is not lost.
        await state["relay"].wake()
        with worker(tmp_path, settings) as process:
            (sent,) = await until_sent(tmp_path, state["sessions"])
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0
        async with state["sessions"]() as session:
            failed = await session.get_one(Notification, 1)
    assert (sent.topic, sent.attempts, sent.last_error) == ("user.registered", 1, None)
    assert (failed.sent_at, failed.attempts, failed.last_error) == (None, 1, "'unknown.topic'")
    log = (tmp_path / "worker.log").read_text()
    assert "notification 2 to user 3: welcome to the shop" in log
    # Not by the app.
    assert "welcome to the shop" not in caplog.text


async def test_a_message_of_a_worker_that_dies_goes_to_another(tmp_path, broker_namespace):
    """It says "done" after the work: killed before, the broker gives the message to the next."""
    settings = settings_of(tmp_path, broker_namespace)
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        sessions = state["sessions"]
        # A lock on the database keeps the first worker in the middle of its work.
        async with open_engine(settings) as engine, AsyncSession(engine) as lock:
            async with sessions.begin() as session:
                add_message(session, "user.registered", {"user_id": 3})
            (message,) = await outbox.claim_due(sessions)
            await lock.execute(text("BEGIN IMMEDIATE"))
            with open_queue(settings) as put:
                await put(message)
            with worker(tmp_path, settings):
                while "received" not in (tmp_path / "worker.log").read_text():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            await lock.rollback()
        with worker(tmp_path, settings):
            (sent,) = await until_sent(tmp_path, sessions)
    assert (sent.id, sent.attempts) == (message.id, 1)


async def test_without_a_worker_nothing_piles_up_in_the_queue(tmp_path, broker_namespace):
    """The broker forgets a message when its claim runs out: the relay brings it again by then."""
    settings = settings_of(tmp_path, broker_namespace)
    with open_queue(settings) as put:
        await put(Message(7, "user.registered", {"user_id": 3}, 1))

    def take() -> Any:
        with Connection(broker_namespace["broker_url"]) as broker, broker.channel() as channel:
            return channel.basic_get(settings.broker_queue, no_ack=True)

    waiting = await asyncio.to_thread(take)
    assert int(waiting.properties["expiration"]) == outbox.LEASE.total_seconds() * 1000
    assert waiting.properties["delivery_mode"] == 2


async def test_a_message_that_arrives_twice_is_sent_once(app, settings, caplog):
    """The task is idempotent: what is sent already, or was claimed again, is left alone."""
    caplog.set_level("INFO", logger="lesson_app")
    async with app.router.lifespan_context(app) as state:
        sessions = state["sessions"]
        async with sessions.begin() as session:
            add_message(session, "user.registered", {"user_id": 3})
        (message,) = await outbox.claim_due(sessions)
        arguments = (settings, message.id, message.attempt)
        answers = [await send_notification(*arguments) for _ in range(3)]
        assert not await send_notification(settings, message.id, message.attempt + 1)
    assert answers == [True, False, False]
    assert caplog.messages.count("notification 1 to user 3: welcome to the shop") == 1


async def test_the_worker_is_that_of_the_environment(tmp_path, monkeypatch):
    """`celery -A lesson_app.worker` finds it, and its task sends by an event loop of its own."""
    settings = settings_of(tmp_path, {"broker_url": "amqp://unused", "broker_queue": "tea"})
    await upgrade(settings)
    async with open_engine(settings) as engine:
        sessions = async_sessionmaker(engine)
        async with sessions.begin() as session:
            add_message(session, "user.registered", {"user_id": 3})
        (message,) = await outbox.claim_due(sessions)
    monkeypatch.chdir(tmp_path)
    for name in ("database_url", "broker_url", "broker_queue"):
        value = getattr(settings, name)
        value = value.get_secret_value() if isinstance(value, SecretStr) else value
        monkeypatch.setenv(f"SHOP_{name.upper()}", value)
    celery = runpy.run_module("lesson_app.worker")["app"]
    assert celery.conf.task_default_queue == "tea"
    send = celery.tasks[SEND_NOTIFICATION]
    answers = [await asyncio.to_thread(send, message.id, message.attempt) for _ in range(2)]
    assert answers == [True, False]


async def test_a_broker_that_is_away_loses_nothing(tmp_path, caplog):
    """The message stays in the outbox, claimed for a while: that was no attempt to send it."""
    namespace = {"broker_url": "amqp://guest:guest@127.0.0.1:1//"}
    app = create_app(settings_of(tmp_path, namespace))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with state["sessions"].begin() as session:
            add_message(session, "user.registered", {"user_id": 3})
        await state["relay"].wake()
        for _ in range(600):
            if "the outbox could not be emptied" in caplog.text:
                break
            await asyncio.sleep(0.05)
        async with state["sessions"]() as session:
            waiting = await session.get_one(Notification, 1)
            assert (waiting.sent_at, waiting.attempts) == (None, 0)
        assert await outbox.next_due(state["sessions"]) is not None
    assert "the outbox could not be emptied" in caplog.text
    assert outbox.LEASE.total_seconds() > relay.LONGEST_SLEEP


async def test_a_worker_without_a_broker_says_what_to_set():
    """Before it starts anything."""
    with pytest.raises(ValueError, match="SHOP_BROKER_URL"):
        make_celery(InMemorySettings())

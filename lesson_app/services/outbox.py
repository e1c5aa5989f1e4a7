"""The outbox: messages to the world, written together with what they tell of.

A message is a row that the transaction of an order or a registration writes: both are committed,
or neither. Afterwards somebody claims the row, begins an attempt, sends it, and notes that it is
sent. Who dies in between leaves a claim that runs out, and the message is sent by another: **at
least once**, and perhaps twice, because nobody can know whether the dead one had sent it. So each
message has an id that stays the same, by which its receiver can tell a repetition.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lesson_app.database import utc_now
from lesson_app.models import Notification

logger = logging.getLogger(__name__)

BATCH = 20
"""Messages that are claimed at once."""

LEASE = timedelta(minutes=1)
"""How long a claim holds. An attempt that begins prolongs it."""

SECONDS_TO_SEND = 30.0
"""How long sending one message may take: it has to end before the claim does."""

MAX_ATTEMPTS = 15
"""Then, after some four hours, a message stays where it is, with its last error, for people to
look at."""

LONGEST_WAIT = timedelta(hours=1)

_WAITING = (Notification.sent_at.is_(None), Notification.attempts < MAX_ATTEMPTS)


@dataclass(frozen=True)
class Message:
    """A message that was claimed.

    Attributes:
        id: the same at each attempt.
        topic: what happened, such as order.placed.
        payload: more about it.
        attempt: the number that the attempt to send it will have; it counts from 1. A claim that
            no attempt followed, as when the broker is away, does not count.
    """

    id: int
    topic: str
    payload: dict[str, Any]
    attempt: int


type Sessions = async_sessionmaker[AsyncSession]
type Send = Callable[[Message], Awaitable[None]]


def add_message(session: AsyncSession, topic: str, payload: dict[str, Any]) -> None:
    """Write a message in the caller's transaction."""
    session.add(Notification(topic=topic, payload=payload))


def wait_after(attempt: int) -> timedelta:
    """Return how long to wait after an attempt that failed: 2 seconds, 4, 8, up to an hour."""
    return min(timedelta(seconds=2**attempt), LONGEST_WAIT)


async def claim_due(sessions: Sessions) -> list[Message]:
    """Claim messages that are due, the oldest first; no other process gets the same ones.

    PostgreSQL and MariaDB lock the rows, and skip those that another one has locked, so nobody
    waits. SQLite ignores the lock: there the UPDATE decides, which finds the row claimed.
    """
    now = utc_now()
    is_due = Notification.due_at <= now
    due = (
        select(Notification.id, Notification.topic, Notification.payload, Notification.attempts)
        .where(*_WAITING, is_due)
        .order_by(Notification.due_at, Notification.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    async with sessions.begin() as session:
        for id_, topic, payload, attempts in (await session.execute(due)).all():
            if await _change(session, id_, is_due, due_at=now + LEASE):
                claimed.append(Message(id_, topic, payload, attempts + 1))
    return claimed


async def deliver(sessions: Sessions, id_: int, attempt: int, send: Send) -> bool:
    """Attempt to send a message that was claimed; say whether it was sent now.

    Of two that come with the same attempt, one gets it; the other one sends nothing.
    No transaction is open while it is sent. After a failure it is due again, later each time.
    """
    message = await _begin(sessions, id_, attempt)
    if message is None:
        return False
    try:
        async with asyncio.timeout(SECONDS_TO_SEND):
            await send(message)
    # Whatever went wrong, the message has to go on waiting, and the others to be sent.
    except Exception as error:
        logger.warning("message %d, attempt %d: not sent", id_, attempt, exc_info=error)
        changes: dict[str, Any] = {
            "due_at": utc_now() + wait_after(attempt),
            "last_error": (str(error) or type(error).__name__)[:500],
        }
    else:
        changes = {"sent_at": utc_now(), "last_error": None}
    async with sessions.begin() as session:
        await _change(session, id_, Notification.attempts == attempt, **changes)
    return "sent_at" in changes


async def next_due(sessions: Sessions) -> datetime | None:
    """Return when the next message is due; None when none waits."""
    async with sessions() as session:
        return await session.scalar(select(func.min(Notification.due_at)).where(*_WAITING))


async def _begin(sessions: Sessions, id_: int, attempt: int) -> Message | None:
    """Begin an attempt and return its message; None when it is sent, or had this attempt."""
    # Counted before it is sent: a message that ends the process each time is not sent for ever.
    changes = {"attempts": attempt, "due_at": utc_now() + LEASE}
    async with sessions.begin() as session:
        if not await _change(session, id_, Notification.attempts == attempt - 1, **changes):
            return None
        query = select(Notification.topic, Notification.payload).where(Notification.id == id_)
        topic, payload = (await session.execute(query)).one()
    return Message(id_, topic, payload, attempt)


async def _change(
    session: AsyncSession, id_: int, condition: ColumnElement[bool], **values: Any
) -> bool:
    """Change a message that is not sent and meets a condition, and say whether it did."""
    change = (
        update(Notification)
        .where(Notification.id == id_, Notification.sent_at.is_(None), condition)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", await session.execute(change)).rowcount == 1

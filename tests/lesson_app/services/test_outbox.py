"""Messages are sent at least once, by one at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lesson_app.database import utc_now
from lesson_app.models import Notification
from lesson_app.services import outbox
from lesson_app.services.outbox import LONGEST_WAIT, MAX_ATTEMPTS, Message, add_message, wait_after

pytestmark = pytest.mark.anyio


async def add(sessions, count: int = 1) -> None:
    async with sessions.begin() as session:
        for number in range(count):
            add_message(session, "test", {"number": number})


async def row(sessions) -> Notification:
    async with sessions() as session:
        return (await session.scalars(select(Notification))).one()


async def let_time_pass(sessions) -> None:
    async with sessions.begin() as session:
        past = utc_now() - timedelta(seconds=1)
        await session.execute(update(Notification).values(due_at=past))


async def send(message: Message) -> None:
    """Send nothing, and succeed."""


async def fail(message: Message) -> None:
    raise OSError("no route to host")


async def deliver(sessions, message: Message, send) -> bool:
    return await outbox.deliver(sessions, message.id, message.attempt, send)


async def test_a_message_exists_when_its_transaction_is_committed(sessions):
    """And not otherwise."""
    async with sessions() as session:
        add_message(session, "test", {})
        await session.flush()
        await session.rollback()
    assert await outbox.claim_due(sessions) == []
    assert await outbox.next_due(sessions) is None
    await add(sessions)
    assert [one.payload for one in await outbox.claim_due(sessions)] == [{"number": 0}]


async def test_a_message_that_was_sent_is_not_claimed_again(sessions):
    """However much time passes."""
    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    assert await deliver(sessions, message, send)
    await let_time_pass(sessions)
    assert await outbox.claim_due(sessions) == []
    assert await outbox.next_due(sessions) is None
    stored = await row(sessions)
    assert (stored.sent_at is not None, stored.attempts, stored.last_error) == (True, 1, None)


async def test_a_failure_is_noted_and_tried_again_later(sessions, monkeypatch):
    """The message keeps its id and says what went wrong, until it is sent."""
    # Longer than a busy machine takes for what follows; the real waits are another test's.
    monkeypatch.setattr(outbox, "wait_after", lambda attempt: timedelta(hours=attempt))
    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    before = utc_now()
    assert not await deliver(sessions, message, fail)
    stored = await row(sessions)
    assert (stored.sent_at, stored.last_error) == (None, "no route to host")
    due = await outbox.next_due(sessions)
    assert due is not None
    assert before <= due - timedelta(hours=1) <= utc_now()
    assert await outbox.claim_due(sessions) == []
    await let_time_pass(sessions)
    (again,) = await outbox.claim_due(sessions)
    assert (again.id, again.attempt) == (message.id, 2)
    assert await deliver(sessions, again, send)
    assert (await row(sessions)).last_error is None


async def test_a_claim_runs_out(sessions):
    """Who died with it does not take the message along, and it does not count as an attempt."""
    await add(sessions)
    (dead,) = await outbox.claim_due(sessions)
    assert await outbox.claim_due(sessions) == []
    await let_time_pass(sessions)
    assert await outbox.claim_due(sessions) == [dead]
    assert (await row(sessions)).attempts == 0


async def test_an_attempt_runs_out(sessions):
    """A crash between sending and noting: it is sent again, with the same id and the next number.

    What the late one notes after all changes nothing any more.
    """
    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    sent: list[Message] = []

    async def send_and_take_too_long(late: Message) -> None:
        sent.append(late)
        await let_time_pass(sessions)
        (again,) = await outbox.claim_due(sessions)

        async def note(message: Message) -> None:
            sent.append(message)

        assert await deliver(sessions, again, note)
        raise OSError("too late")

    assert not await deliver(sessions, message, send_and_take_too_long)
    assert [(one.id, one.attempt) for one in sent] == [(message.id, 1), (message.id, 2)]
    stored = await row(sessions)
    assert (stored.sent_at is not None, stored.last_error) == (True, None)


async def test_a_late_failure_leaves_the_attempt_that_runs_alone(sessions):
    """Or the message would be claimed a third time while it is being sent."""
    await add(sessions)
    (late,) = await outbox.claim_due(sessions)

    async def fail_while_another_sends(message: Message) -> None:
        await let_time_pass(sessions)
        (again,) = await outbox.claim_due(sessions)
        sending = asyncio.create_task(deliver(sessions, again, send_slowly))
        attempts.append(sending)
        await began.wait()
        raise OSError("too late")

    async def send_slowly(message: Message) -> None:
        began.set()
        await noted.wait()

    attempts: list[asyncio.Task[bool]] = []
    began, noted = asyncio.Event(), asyncio.Event()
    assert not await deliver(sessions, late, fail_while_another_sends)
    stored = await row(sessions)
    assert (stored.attempts, stored.last_error) == (2, None)
    assert stored.due_at - utc_now() > wait_after(2)
    noted.set()
    assert await attempts[0]


async def test_an_attempt_belongs_to_one(sessions):
    """Of two that come with it, a moment or a long time apart, one sends; an unknown one never."""
    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    await let_time_pass(sessions)
    sent: list[int] = []

    async def note(message: Message) -> None:
        sent.append(message.attempt)
        # It holds the message anew: nobody else claims it meanwhile.
        assert await outbox.claim_due(sessions) == []

    answers = await asyncio.gather(*(deliver(sessions, message, note) for _ in range(2)))
    assert (sorted(answers), sent) == ([False, True], [1])
    assert not await deliver(sessions, message, note)
    assert not await outbox.deliver(sessions, 99, 1, note)


async def test_sending_that_takes_too_long_is_given_up(sessions, monkeypatch):
    """The claim must not run out while a receiver says nothing."""
    assert timedelta(seconds=outbox.SECONDS_TO_SEND) < outbox.LEASE
    monkeypatch.setattr(outbox, "SECONDS_TO_SEND", 0.01)

    async def never_end(message: Message) -> None:
        await asyncio.Event().wait()

    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    assert not await deliver(sessions, message, never_end)
    assert (await row(sessions)).last_error == "TimeoutError"


async def test_after_many_attempts_people_have_to_look(sessions):
    """A message that cannot be sent does not go on for ever; it stays, with its last error."""
    await add(sessions)
    for _ in range(MAX_ATTEMPTS):
        await let_time_pass(sessions)
        (message,) = await outbox.claim_due(sessions)
        await deliver(sessions, message, fail)
    await let_time_pass(sessions)
    assert await outbox.claim_due(sessions) == []
    assert await outbox.next_due(sessions) is None
    assert (await row(sessions)).last_error == "no route to host"


async def test_many_claimers_get_each_message_once(sessions):
    """Eight at once, in transactions of their own, empty an outbox of fifty messages."""
    await add(sessions, 50)

    async def claim_all() -> list[Message]:
        mine: list[Message] = []
        while claimed := await outbox.claim_due(sessions):
            mine += claimed
        return mine

    claims = await asyncio.gather(*(claim_all() for _ in range(8)))
    ids = [message.id for claim in claims for message in claim]
    # On PostgreSQL and MariaDB rows that another one has locked are skipped, and a claimer that
    # sees no others stops early: nothing twice, and the rest with the next look.
    ids += [message.id for message in await claim_all()]
    assert sorted(ids) == list(range(1, 51))


async def test_claiming_does_not_wait_for_a_locked_message(sessions, backend):
    """SKIP LOCKED: what another one is claiming is left to it."""
    if backend == "sqlite":
        pytest.skip("SQLite has no row locks; its claimers take turns")
    await add(sessions, 2)
    async with sessions.begin() as other:
        first = select(Notification).where(Notification.id == 1).with_for_update()
        await other.scalar(first)
        async with asyncio.timeout(5):
            assert [message.id for message in await outbox.claim_due(sessions)] == [2]


def test_the_wait_grows_and_has_an_end():
    """2 seconds, 4, 8, up to an hour."""
    waits = [wait_after(attempt).total_seconds() for attempt in (1, 2, 3)]
    assert (waits, wait_after(MAX_ATTEMPTS + 5)) == ([2, 4, 8], LONGEST_WAIT)


async def test_an_error_without_words_is_named(sessions):
    """And a long one fits into its column."""

    async def fail_silently(message: Message) -> None:
        raise TimeoutError

    async def fail_at_length(message: Message) -> None:
        raise ValueError("x" * 1000)

    await add(sessions)
    (message,) = await outbox.claim_due(sessions)
    await outbox.deliver(sessions, message.id, 1, fail_silently)
    assert (await row(sessions)).last_error == "TimeoutError"
    await outbox.deliver(sessions, message.id, 2, fail_at_length)
    assert (await row(sessions)).last_error == "x" * 500

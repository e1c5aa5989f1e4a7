"""The relay takes messages out of the outbox, for as long as the app runs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from lesson_app.database import utc_now
from lesson_app.services import outbox
from lesson_app.services.outbox import Message, Sessions

logger = logging.getLogger(__name__)

LONGEST_SLEEP = 30.0
"""Seconds. What another process wrote and could not send is found after this time."""

type Dispatch = Callable[[Message], Awaitable[None]]


class Relay:
    """Claims the messages that are due and dispatches them.

    Args:
        sessions: where the outbox is.
        dispatch: sends a message and notes what came of it, or hands it on to someone who does.
            An exception means that nobody will.
    """

    def __init__(self, sessions: Sessions, dispatch: Dispatch) -> None:
        self._sessions = sessions
        self._dispatch = dispatch
        self._news = asyncio.Event()

    async def wake(self) -> None:
        """Look into the outbox now: there is something new."""
        self._news.set()

    async def send_due(self) -> None:
        """Dispatch everything that is due."""
        while messages := await outbox.claim_due(self._sessions):
            for message in messages:
                await self._dispatch(message)

    async def run(self, sleep: float) -> None:
        """Sleep so many seconds, or until woken; send what is due; and so on for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(sleep):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.send_due()
            # The database or the broker is away. The claims run out, and it is tried again.
            except Exception:
                logger.exception("the outbox could not be emptied")
                # Not when the next message is due: that one is due already, perhaps.
                sleep = LONGEST_SLEEP
            else:
                sleep = await self.seconds_to_next()

    async def seconds_to_next(self) -> float:
        """Return how long to sleep until the next message is due."""
        try:
            due = await outbox.next_due(self._sessions)
        except Exception:
            logger.exception("the outbox could not be read")
            return LONGEST_SLEEP
        if due is None:
            return LONGEST_SLEEP
        return min(max((due - utc_now()).total_seconds(), 0), LONGEST_SLEEP)


@asynccontextmanager
async def run_relay(sessions: Sessions, dispatch: Dispatch) -> AsyncGenerator[Relay]:
    """Run a relay in the background; what it is sending at the end is sent again later."""
    relay = Relay(sessions, dispatch)
    # Asked before the app answers: an outbox that is empty then is not looked into again at once.
    running = asyncio.create_task(relay.run(await relay.seconds_to_next()))
    try:
        yield relay
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

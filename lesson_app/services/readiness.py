"""Can the app do its work now? It can when everything answers that it needs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from anyio import to_thread
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from lesson_app.config import Settings
from lesson_app.core.exceptions import NotReady
from lesson_app.database import is_in_memory
from lesson_app.migrations import current_revisions, newest_revisions

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 2.0
"""How long each part may take; a load balancer gives up soon after that."""

type Check = Callable[[], Awaitable[None]]


class Readiness:
    """Asks everything that the app needs, all at once.

    Args:
        settings: what the app needs, beside a database.
        engine: the database.
        redis: the client of Redis, if it is used.
        timeout: how many seconds each part may take.
    """

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        redis: "Redis | None",
        *,
        timeout: float = SECONDS_TO_ANSWER,
    ) -> None:
        self._timeout = timeout
        self._stopping = False
        self._round: asyncio.Task[list[str]] | None = None
        self._checks: dict[str, Check] = {"database": lambda: _ask_database(engine)}
        if not is_in_memory(engine):
            self._checks["migrations"] = lambda: _compare_revisions(engine)
        if redis is not None:
            self._checks["redis"] = lambda: _ask_redis(redis)
        if settings.broker_url is not None:
            url = settings.broker_url.get_secret_value()
            self._checks["broker"] = lambda: _ask_broker(url, timeout)

    def stop(self) -> None:
        """Be ready no more: the server has begun to stop."""
        self._stopping = True

    async def check(self) -> None:
        """Return if the app can do its work.

        Whoever asks while a round of checks runs gets the result of that round, so that many
        who ask take no more connections than one.

        Raises:
            NotReady: it is stopping, or a part does not answer.
        """
        if self._stopping:
            raise NotReady(["shutdown"])
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._ask_all())
        # Shielded: one who goes away must not take the answer from the others.
        if failing := await asyncio.shield(self._round):
            raise NotReady(failing)

    async def _ask_all(self) -> list[str]:
        """Return the names of the parts that fail."""
        answers = await asyncio.gather(*(self._ask(name) for name in self._checks))
        return [name for name, works in zip(self._checks, answers, strict=True) if not works]

    async def _ask(self, name: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await self._checks[name]()
        # Each driver has errors of its own, with addresses and names in them: for the log only.
        except Exception as error:
            logger.warning("not ready: %s", name, exc_info=error)
            return False
        return True


async def _ask_database(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def _compare_revisions(engine: AsyncEngine) -> None:
    newest = await to_thread.run_sync(newest_revisions)
    async with engine.connect() as connection:
        current = await connection.run_sync(current_revisions)
    if current != newest:
        raise RuntimeError(f"the database is at {sorted(current)}, the code at {sorted(newest)}")


async def _ask_redis(redis: "Redis") -> None:
    await redis.execute_command("PING")


async def _ask_broker(url: str, timeout: float) -> None:
    # Here, because it comes with an extra.
    from kombu import Connection

    def connect() -> None:
        with Connection(url, connect_timeout=timeout) as connection:
            connection.connect()

    # The thread is left behind when it takes too long; its own timeout ends it.
    await to_thread.run_sync(connect, abandon_on_cancel=True)

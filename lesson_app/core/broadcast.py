"""A word to every process of the shop, this one included.

Through Redis, pub/sub reaches whoever listens at that moment: a process that has lost its
connection misses what was said meanwhile. What must not be lost is not sent this way.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_TRIES = 1.0

type Listener = Callable[[str], None]

_SAID: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[str, str])


class Broadcast(Protocol):
    """Where the processes of one shop hear each other."""

    def listen(self, channel: str, listener: Listener) -> None:
        """Call `listener` with each text that is said on a channel."""

    async def say(self, channel: str, text: str) -> None:
        """Say a text to all listeners of a channel, in every process."""


class MemoryBroadcast:
    """Reaches this process only."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}

    def listen(self, channel: str, listener: Listener) -> None:
        self._listeners[channel] = listener

    async def say(self, channel: str, text: str) -> None:
        await self._tell(channel, text)

    async def _tell(self, channel: str, text: str) -> None:
        """Tell the listeners in this process, and let those act who were told.

        Otherwise somebody who says a hundred things at once would fill every queue before anybody
        could read one of them.
        """
        self._listeners[channel](text)
        await asyncio.sleep(0)


class RedisBroadcast(MemoryBroadcast):
    """Reaches every process that is connected to Redis.

    Args:
        redis: the connection.
        prefix: what tells this shop's channel from those of others.

    Attributes:
        tried: set after the first attempt to connect, whether it succeeded or not.
    """

    def __init__(self, redis: "Redis", prefix: str) -> None:
        super().__init__()
        self._redis = redis
        self._name = prefix + "broadcast"
        self.tried = asyncio.Event()

    async def say(self, channel: str, text: str) -> None:
        # This process hears it back from Redis, like the others and in the same order.
        await self._redis.publish(self._name, _SAID.dump_json((channel, text)))

    async def run(self) -> None:
        """Hear what is said, for ever; after an error connect again."""
        from redis.exceptions import RedisError

        while True:
            try:
                await self._hear_all()
            except RedisError as error:
                logger.warning("Redis is away, and so are the other processes: %s", error)
            self.tried.set()
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)

    async def _hear_all(self) -> None:
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(self._name)
            async for message in subscription.listen():
                if message["type"] == "message":
                    await self._hear(message["data"])
                else:
                    self.tried.set()

    async def _hear(self, said: bytes) -> None:
        try:
            await self._tell(*_SAID.validate_json(said))
        # What a newer version of the shop says, perhaps. The next word may be understood.
        except Exception:
            logger.exception("what another process said was not understood")


@asynccontextmanager
async def open_broadcast(redis: "Redis | None", prefix: str) -> AsyncGenerator[Broadcast]:
    """Lend a broadcast over Redis, or within this process when there is no Redis."""
    if redis is None:
        yield MemoryBroadcast()
        return
    broadcast = RedisBroadcast(redis, prefix)
    hearing = asyncio.create_task(broadcast.run())
    try:
        await broadcast.tried.wait()
        yield broadcast
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing

"""The connection to Redis, where the processes of one shop meet."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from lesson_app.config import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis


@asynccontextmanager
async def open_redis(settings: Settings) -> "AsyncGenerator[Redis | None]":
    """Lend a client of Redis, or None when `settings.redis_url` is not set.

    It connects with its first command: a Redis that is away does not keep the shop from starting.
    """
    if settings.redis_url is None:
        yield None
        return
    # Here, because it comes with an extra, and takes a while to import.
    from redis.asyncio import Redis

    async with Redis.from_url(settings.redis_url.get_secret_value()) as client:
        yield client

"""How often something may be asked for.

Counted by the library `limits`, directly: slowapi, which wraps it, counts in Redis with blocking
calls on the event loop, and cannot see the account that a login names.
"""

import hashlib
import ipaddress
import logging
import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from lesson_app.config import Settings
from lesson_app.core.exceptions import Busy, TooManyRequests

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import FixedWindowRateLimiter
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)


class RateLimits:
    """Counts in windows of fixed length: the simplest kind, and `Retry-After` is exact.

    Args:
        settings: whether limits are kept at all, and the prefix of keys in Redis.
        redis: where all processes of the shop count together. Without it, each counts alone.
    """

    def __init__(self, settings: Settings, redis: "Redis | None" = None) -> None:
        self._limiter = _limiter(settings, redis) if settings.rate_limits else None

    async def count(self, rate: str, *key: str) -> None:
        """Count one request.

        Args:
            rate: how many are allowed in what time, such as 5/minute.
            key: what is counted, and for whom.

        Raises:
            TooManyRequests: it is one too many.
            Busy: Redis does not answer. Who stops it must not be rid of the limits.
        """
        if self._limiter is None:
            return
        limit, name = _limit(rate), _name(key)
        with _busy_without_redis():
            if await self._limiter.hit(limit, name):
                return
            window = await self._limiter.get_window_stats(limit, name)
        raise TooManyRequests(max(1, math.ceil(window.reset_time - time.time())))

    async def forget(self, rate: str, *key: str) -> None:
        """Start to count from zero again.

        Raises:
            Busy: Redis does not answer.
        """
        if self._limiter is not None:
            with _busy_without_redis():
                await self._limiter.clear(_limit(rate), _name(key))


@contextmanager
def _busy_without_redis() -> Generator[None]:
    from limits.errors import StorageError

    try:
        yield
    except StorageError as error:
        logger.error("Requests can't be counted: %s", error)
        raise Busy from error


def _limiter(settings: Settings, redis: "Redis | None") -> "FixedWindowRateLimiter":
    # Imported here, because a lesson, which keeps no limits, should not wait for it.
    from limits.aio.storage import MemoryStorage, RedisStorage
    from limits.aio.strategies import FixedWindowRateLimiter

    if redis is None:
        return FixedWindowRateLimiter(MemoryStorage())
    options: dict[str, Any] = {"connection_pool": redis.connection_pool}
    storage = RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix=settings.redis_prefix + "limit",
        wrap_exceptions=True,
        **options,
    )
    return FixedWindowRateLimiter(storage)


@cache
def _limit(rate: str) -> "RateLimitItem":
    from limits import parse

    return parse(rate)


def _name(key: tuple[str, ...]) -> str:
    # Hashed: a key is of bounded length and shows no address.
    return hashlib.sha256("\n".join(key).encode()).hexdigest()


def network_of(host: str | None) -> str:
    """Return what stands for one client among the addresses it can send from.

    A home gets 2**64 addresses of IPv6, so those are counted as one.
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        # A Unix socket has no address, and a test client may have a name.
        return host or "unknown"
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        # What a server that listens on `::` sees of a client of IPv4. All of them are in one /64.
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))

"""Counting requests, in memory and in Redis."""

import asyncio

import pytest

from lesson_app import InMemorySettings
from lesson_app.core.exceptions import Busy, TooManyRequests
from lesson_app.core.rate_limits import RateLimits, network_of
from lesson_app.core.redis_client import open_redis
from tests import services
from tests.services import REDIS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest):
    """Make a counter; all that one test makes in Redis count together."""
    if request.param == "memory":
        yield lambda: RateLimits(InMemorySettings(rate_limits=True))
        return
    await asyncio.to_thread(REDIS.need)
    async with services.redis_namespace() as namespace:
        settings = InMemorySettings(rate_limits=True, **namespace)
        async with open_redis(settings) as redis:
            yield lambda: RateLimits(settings, redis)


async def test_one_too_many(make):
    """The limit is reached, not passed, and the error says how long to wait."""
    limits = make()
    for _ in range(3):
        await limits.count("3/hour", "login", "192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        await limits.count("3/hour", "login", "192.0.2.1")
    assert 3500 <= refused.value.retry_after <= 3600


async def test_keys_are_counted_apart(make):
    """Neither another client nor another purpose pays for the first."""
    limits = make()
    for key in (("login", "a"), ("login", "b"), ("register", "a"), ("login\n", "a")):
        await limits.count("1/hour", *key)
    with pytest.raises(TooManyRequests):
        await limits.count("1/hour", "login", "a")


async def test_a_count_can_be_forgotten(make):
    """After that the key has its whole limit again."""
    limits = make()
    await limits.count("1/hour", "account", "a")
    await limits.forget("1/hour", "account", "a")
    await limits.count("1/hour", "account", "a")


async def test_many_at_once_do_not_slip_through(make):
    """Counting and comparing is one step."""
    limits = make()
    counts = (limits.count("5/hour", "login", "a") for _ in range(30))
    results = await asyncio.gather(*counts, return_exceptions=True)
    assert sum(result is None for result in results) == 5


async def test_processes_count_together_in_redis(redis_namespace):
    """A client cannot ask each process for its own limit."""
    settings = InMemorySettings(rate_limits=True, **redis_namespace)
    async with open_redis(settings) as redis:
        await RateLimits(settings, redis).count("1/hour", "login", "a")
        with pytest.raises(TooManyRequests):
            await RateLimits(settings, redis).count("1/hour", "login", "a")


async def test_without_redis_nobody_is_let_through():
    """Who can stop Redis is not rid of the limits, and is told to come again."""
    settings = InMemorySettings(rate_limits=True, redis_url="redis://127.0.0.1:1")
    async with open_redis(settings) as redis:
        limits = RateLimits(settings, redis)
        for ask in (limits.count, limits.forget):
            with pytest.raises(Busy):
                await ask("1/hour", "login", "a")


async def test_limits_can_be_turned_off():
    """A lesson may ask as often as it likes."""
    limits = RateLimits(InMemorySettings())
    for _ in range(3):
        await limits.count("1/hour", "login", "a")
    await limits.forget("1/hour", "login", "a")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_a_client_is_a_network(host: str | None, expected: str):
    """Who owns 2**64 addresses is one client."""
    assert network_of(host) == expected

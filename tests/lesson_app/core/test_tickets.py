"""Tickets, in memory and in Redis."""

import asyncio
from datetime import timedelta

import pytest

from lesson_app import InMemorySettings
from lesson_app.core.redis_client import open_redis
from lesson_app.core.tickets import MemoryTickets, RedisTickets, TicketHolder
from tests import services
from tests.services import REDIS

pytestmark = pytest.mark.anyio

HOLDER = TicketHolder(7, "a" * 32, frozenset({"shop"}))


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest):
    """Make a store whose tickets live for the time that is given."""
    if request.param == "memory":
        yield MemoryTickets
        return
    # Asked for here, so that the store in memory is tested without Redis too.
    await asyncio.to_thread(REDIS.need)
    async with services.redis_namespace() as namespace:
        settings = InMemorySettings.model_validate(namespace)
        async with open_redis(settings) as redis:
            assert redis is not None
            yield lambda lifetime: RedisTickets(redis, settings.redis_prefix, lifetime)


async def test_a_ticket_is_good_once(make):
    """It gives back who asked for it, the first time."""
    tickets = make(timedelta(minutes=1))
    ticket = await tickets.issue(HOLDER)
    assert [await tickets.redeem(ticket) for _ in range(2)] == [HOLDER, None]


async def test_of_many_at_once_one_gets_it(make):
    """Taking a ticket is one step, so it cannot be used twice however fast."""
    tickets = make(timedelta(minutes=1))
    ticket = await tickets.issue(HOLDER)
    redeemed = await asyncio.gather(*(tickets.redeem(ticket) for _ in range(20)))
    assert sorted(redeemed, key=str) == [None] * 19 + [HOLDER]


async def test_an_unknown_ticket(make):
    """What was never issued is worth nothing."""
    assert await make(timedelta(minutes=1)).redeem("x" * 43) is None


async def test_tickets_differ(make):
    """Two tickets of one user are two secrets, of 256 bits."""
    tickets = make(timedelta(minutes=1))
    one, other = [await tickets.issue(HOLDER) for _ in range(2)]
    assert one != other
    assert len(one) == 43


async def test_a_ticket_expires_in_memory():
    """After its time it is gone, and takes no memory; a younger one is still there."""
    now = 0.0
    tickets = MemoryTickets(timedelta(seconds=30), clock=lambda: now)
    old = await tickets.issue(HOLDER)
    now = 29.0
    young = await tickets.issue(HOLDER)
    now = 30.0
    assert await tickets.redeem(old) is None
    assert len(tickets._holders) == 1
    assert await tickets.redeem(young) == HOLDER


async def test_a_ticket_expires_in_redis(redis_namespace):
    """Redis forgets it by itself, and its key does not show it."""
    settings = InMemorySettings(**redis_namespace)
    async with open_redis(settings) as redis:
        assert redis is not None
        tickets = RedisTickets(redis, settings.redis_prefix, timedelta(seconds=30))
        ticket = await tickets.issue(HOLDER)
        [key] = [key async for key in redis.scan_iter(match=f"{settings.redis_prefix}*")]
        assert 0 < await redis.pttl(key) <= 30_000
        assert ticket not in key.decode()


async def test_without_an_address_there_is_no_redis():
    """The shop runs without Redis."""
    async with open_redis(InMemorySettings()) as redis:
        assert redis is None

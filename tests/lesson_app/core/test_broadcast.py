"""A word to every process."""

import asyncio

import pytest
import redis.asyncio as redis
from redis.exceptions import ConnectionError as RedisIsAway

from lesson_app.core import broadcast
from lesson_app.core.broadcast import RedisBroadcast, open_broadcast

pytestmark = pytest.mark.anyio


async def test_without_redis_this_process_hears_itself():
    """At once, and on the channel that was spoken on."""
    heard: list[tuple[str, str]] = []
    async with open_broadcast(None, "unused:") as here:
        for channel in ("a", "b"):
            here.listen(channel, lambda text, channel=channel: heard.append((channel, text)))
        await here.say("b", "hello")
    assert heard == [("b", "hello")]


async def test_shops_with_different_prefixes_do_not_hear_each_other(redis_namespace):
    """Two shops can share a server."""
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    prefix = redis_namespace["redis_prefix"]
    async with (
        redis.from_url(redis_namespace["redis_url"]) as client,
        open_broadcast(client, prefix + "one:") as one,
        open_broadcast(client, prefix + "two:") as two,
        asyncio.timeout(10),
    ):
        one.listen("a", lambda text: heard.put_nowait(("one", text)))
        two.listen("a", lambda text: heard.put_nowait(("two", text)))
        await one.say("a", "first")
        await two.say("a", "second")
        assert {await heard.get(), await heard.get()} == {("one", "first"), ("two", "second")}


async def test_a_lost_connection_is_made_again(redis_namespace, monkeypatch, caplog):
    """Redis away at the start keeps no shop from starting; afterwards it is heard again."""
    monkeypatch.setattr(broadcast, "SECONDS_BETWEEN_TRIES", 0.01)
    real, failures = RedisBroadcast._hear_all, [2]

    async def fail_at_first(self: RedisBroadcast) -> None:
        if failures[0]:
            failures[0] -= 1
            raise RedisIsAway("connection refused")
        await real(self)

    monkeypatch.setattr(RedisBroadcast, "_hear_all", fail_at_first)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with (
        redis.from_url(redis_namespace["redis_url"]) as client,
        asyncio.timeout(10),
        open_broadcast(client, redis_namespace["redis_prefix"]) as here,
    ):
        here.listen("a", heard.put_nowait)
        while heard.empty():
            await here.say("a", "hello")
            await asyncio.sleep(0.01)
        assert await heard.get() == "hello"
    assert caplog.text.count("Redis is away") == 2


async def test_what_is_not_understood_ends_nothing(redis_namespace, caplog):
    """Another version of the shop may speak on channels that this one does not know."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    prefix = redis_namespace["redis_prefix"]
    async with (
        redis.from_url(redis_namespace["redis_url"]) as client,
        open_broadcast(client, prefix) as here,
        asyncio.timeout(10),
    ):
        here.listen("a", heard.put_nowait)
        await here.say("unknown", "hello")
        await client.publish(f"{prefix}broadcast", "no json")
        await here.say("a", "hello")
        assert await heard.get() == "hello"
    assert caplog.text.count("was not understood") == 2

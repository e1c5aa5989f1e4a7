"""Who is in which room."""

import asyncio

import pytest
import redis.asyncio as redis

from lesson_app.core.presence import Person, Presence, RedisPresence, open_presence

pytestmark = pytest.mark.anyio

ADA, GRACE = Person(id=1, name="Ada"), Person(id=2, name="Grace 🫖")


async def come_and_go(presence: Presence) -> None:
    assert await presence.people("tea") == []
    assert await presence.enter("tea", GRACE, "a")
    assert not await presence.enter("tea", GRACE, "b")
    assert await presence.enter("tea", ADA, "c")
    assert await presence.enter("coffee", GRACE, "d")
    assert await presence.people("tea") == [ADA, GRACE]
    assert not await presence.leave("tea", GRACE, "a")
    assert await presence.leave("tea", GRACE, "b")
    assert await presence.people("tea") == [ADA]
    assert await presence.leave("tea", ADA, "c")
    assert await presence.people("tea") == []
    assert await presence.people("coffee") == [GRACE]
    # With a second tab, opened after a change of the name.
    assert not await presence.enter("coffee", Person(id=2, name="Grace H."), "e")
    assert not await presence.leave("coffee", GRACE, "d")
    assert await presence.leave("coffee", Person(id=2, name="Grace H."), "e")


async def test_the_first_connection_enters_and_the_last_one_leaves():
    """A person is in a room once, with however many connections."""
    async with open_presence(None, "unused:") as presence:
        await come_and_go(presence)


async def test_redis_does_the_same(redis_namespace):
    """For all processes together."""
    async with (
        redis.from_url(redis_namespace["redis_url"]) as client,
        open_presence(client, redis_namespace["redis_prefix"]) as presence,
    ):
        await come_and_go(presence)


async def test_of_many_at_once_one_is_the_first_and_one_the_last(redis_namespace):
    """Entering and leaving are one step each, in whichever process."""
    async with redis.from_url(redis_namespace["redis_url"]) as client:
        processes = [RedisPresence(client, redis_namespace["redis_prefix"]) for _ in range(8)]
        for step in ("enter", "leave"):
            answers = await asyncio.gather(
                *(
                    getattr(presence, step)("tea", ADA, str(connection))
                    for connection, presence in enumerate(processes)
                )
            )
            assert sorted(answers) == [False] * 7 + [True]


async def test_what_a_dead_process_left_expires(redis_namespace):
    """Who gives no sign of life is gone; who lives stays."""
    prefix = redis_namespace["redis_prefix"]
    async with redis.from_url(redis_namespace["redis_url"]) as client, asyncio.timeout(20):
        dead = RedisPresence(client, prefix, lifetime=0.1)
        living = RedisPresence(client, prefix, lifetime=3)
        await dead.enter("tea", ADA, "a")
        await living.enter("tea", GRACE, "b")
        key = f"{prefix}room:tea"
        [(_, until)] = await client.zrange(key, -1, -1, withscores=True)
        while ADA in await living.people("tea"):  # noqa: ASYNC110 - only Redis knows
            await asyncio.sleep(0.01)
        signs = asyncio.create_task(living.run())
        # Not until Ada is gone: on a busy machine she is before Grace comes.
        while (last := await client.zrange(key, -1, -1, withscores=True))[0][1] == until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        signs.cancel()
        await asyncio.wait([signs])
        # What expired is not only hidden: the sign of life took it away.
        assert await client.zrange(key, 0, -1, withscores=True) == last
        assert float(last[0][1]) > float(until)
        assert await living.people("tea") == [GRACE]

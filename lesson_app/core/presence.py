"""Who is in which chat room, in all processes of the shop.

A person can be in a room several times, with two tabs or two devices; they enter with the first
and leave with the last.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline


class Person(BaseModel):
    """Somebody in a room, as the others see them."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str


class Presence(Protocol):
    """Keeps who is where. A connection is any text that no other connection has."""

    async def enter(self, room: str, person: Person, connection: str) -> bool:
        """Note a connection; say whether the person was not in the room before."""

    async def leave(self, room: str, person: Person, connection: str) -> bool:
        """Forget a connection; say whether the person is not in the room any more."""

    async def people(self, room: str) -> list[Person]:
        """Return who is in a room, in the order of their ids."""


def _distinct(people: Iterable[Person]) -> list[Person]:
    return sorted({person.id: person for person in people}.values(), key=lambda one: one.id)


def _is_among(person: Person, people: Iterable[Person]) -> bool:
    # By the id: who changed their name meanwhile is the same person.
    return any(one.id == person.id for one in people)


def _people(members: Iterable[bytes]) -> list[Person]:
    return _distinct(Person.model_validate_json(one.split(b" ", 1)[1]) for one in members)


class MemoryPresence:
    """The rooms of this process."""

    def __init__(self) -> None:
        self._rooms: defaultdict[str, dict[str, Person]] = defaultdict(dict)

    async def enter(self, room: str, person: Person, connection: str) -> bool:
        is_new = not _is_among(person, self._rooms[room].values())
        self._rooms[room][connection] = person
        return is_new

    async def leave(self, room: str, person: Person, connection: str) -> bool:
        here = self._rooms[room]
        del here[connection]
        if not here:
            del self._rooms[room]
        return not _is_among(person, here.values())

    async def people(self, room: str) -> list[Person]:
        return _distinct(self._rooms.get(room, {}).values())


class RedisPresence:
    """The rooms of all processes. What a process that died left behind expires.

    A room is a sorted set of connections, each with the time at which it expires.

    Args:
        redis: where they are kept.
        prefix: what their keys start with.
        lifetime: after how many seconds without a sign of life a connection counts as gone.
    """

    def __init__(self, redis: "Redis", prefix: str, lifetime: float = 60) -> None:
        self._redis = redis
        self._prefix = prefix + "room:"
        self._lifetime = lifetime
        self._mine: set[tuple[str, str]] = set()

    # Reading and changing are one transaction: of two connections that come or go at the same
    # moment, one is the first, and one is the last.

    async def enter(self, room: str, person: Person, connection: str) -> bool:
        member = self._member(person, connection)
        self._mine.add((room, member))
        async with self._redis.pipeline() as steps:
            self._read(steps, room)
            self._sign_of_life(steps, room, [member])
            before, *_ = await steps.execute()
        return not _is_among(person, _people(before))

    async def leave(self, room: str, person: Person, connection: str) -> bool:
        member = self._member(person, connection)
        self._mine.discard((room, member))
        async with self._redis.pipeline() as steps:
            steps.zrem(self._prefix + room, member)
            self._read(steps, room)
            _, after = await steps.execute()
        return not _is_among(person, _people(after))

    async def people(self, room: str) -> list[Person]:
        async with self._redis.pipeline() as steps:
            self._read(steps, room)
            (members,) = await steps.execute()
        return _people(members)

    async def run(self) -> None:
        """Give signs of life, for ever."""
        from redis.exceptions import RedisError

        while True:
            await asyncio.sleep(self._lifetime / 3)
            rooms: defaultdict[str, list[str]] = defaultdict(list)
            for room, member in self._mine:
                rooms[room].append(member)
            for room, members in rooms.items():
                # Away now, back perhaps for the next sign.
                with suppress(RedisError):
                    async with self._redis.pipeline() as steps:
                        self._sign_of_life(steps, room, members)
                        await steps.execute()

    def _read(self, steps: "Pipeline", room: str) -> None:
        steps.zrange(self._prefix + room, f"({time.time()}", "+inf", byscore=True)

    def _sign_of_life(self, steps: "Pipeline", room: str, members: list[str]) -> None:
        key, now = self._prefix + room, time.time()
        steps.zadd(key, dict.fromkeys(members, now + self._lifetime))
        steps.zremrangebyscore(key, "-inf", now)
        steps.expire(key, int(self._lifetime) + 1)

    @staticmethod
    def _member(person: Person, connection: str) -> str:
        return f"{connection} {person.model_dump_json()}"


@asynccontextmanager
async def open_presence(redis: "Redis | None", prefix: str) -> AsyncGenerator[Presence]:
    """Lend a presence that all processes share, or one of this process without Redis."""
    if redis is None:
        yield MemoryPresence()
        return
    presence = RedisPresence(redis, prefix)
    living = asyncio.create_task(presence.run())
    try:
        yield presence
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living

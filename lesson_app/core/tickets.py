"""Tickets: a short-lived secret, good for opening one WebSocket.

A browser cannot send an `Authorization` header with a WebSocket, and an access token in the
address would stand in every log. A ticket in the address is harmless: by the time that a log is
read it has been used, or has expired.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from redis.asyncio import Redis


@dataclass(frozen=True)
class TicketHolder:
    """Who asked for a ticket, and with which login."""

    user_id: int
    login_id: str
    scopes: frozenset[str]


class Tickets(Protocol):
    """Where tickets are kept between the two requests."""

    async def issue(self, holder: TicketHolder) -> str:
        """Return a new ticket."""

    async def redeem(self, ticket: str) -> TicketHolder | None:
        """Return who holds a ticket and use it up; None when it is not good (any more)."""


def _new_ticket() -> str:
    return secrets.token_urlsafe(32)


class MemoryTickets:
    """Tickets of this process: good when the same process answers both requests.

    Args:
        lifetime: how long a ticket is good.
        clock: seconds that only grow; a test can turn its own.
    """

    def __init__(self, lifetime: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime.total_seconds()
        self._clock = clock
        # In the order in which they expire, because all live equally long.
        self._holders: dict[str, tuple[float, TicketHolder]] = {}

    async def issue(self, holder: TicketHolder) -> str:
        self._forget_expired()
        ticket = _new_ticket()
        self._holders[ticket] = (self._clock() + self._lifetime, holder)
        return ticket

    async def redeem(self, ticket: str) -> TicketHolder | None:
        self._forget_expired()
        # One step, with no `await` in it: of two requests with one ticket, one gets it.
        _, holder = self._holders.pop(ticket, (0, None))
        return holder

    def _forget_expired(self) -> None:
        now = self._clock()
        while self._holders:
            ticket = next(iter(self._holders))
            if self._holders[ticket][0] > now:
                return
            del self._holders[ticket]


_HOLDER = TypeAdapter(TicketHolder)


class RedisTickets:
    """Tickets that every process of the shop can redeem.

    Args:
        redis: where they are kept.
        prefix: what their keys start with.
        lifetime: how long a ticket is good.
    """

    def __init__(self, redis: "Redis", prefix: str, lifetime: timedelta) -> None:
        self._redis = redis
        self._prefix = prefix + "ticket:"
        self._lifetime = lifetime

    async def issue(self, holder: TicketHolder) -> str:
        ticket = _new_ticket()
        await self._redis.set(self._key(ticket), _HOLDER.dump_json(holder), px=self._lifetime)
        return ticket

    async def redeem(self, ticket: str) -> TicketHolder | None:
        # GETDEL reads and deletes in one step.
        stored = await self._redis.getdel(self._key(ticket))
        return None if stored is None else _HOLDER.validate_json(stored)

    def _key(self, ticket: str) -> str:
        # Hashed: who can read the keys gets no ticket, and a long one makes no long key.
        return self._prefix + hashlib.sha256(ticket.encode()).hexdigest()

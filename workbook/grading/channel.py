"""A submission's process, as the grader sees it: a socket on which anything may arrive."""

import asyncio
import itertools
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from workbook.grading.frames import HEADER, LARGEST, BadFrame, pack, unpack

_LARGEST_QUESTION = 64 << 20
"""Bytes of a message to the child: a notebook's cells, or a large body."""

_LAST_SECONDS = 0.5
"""Seconds that a process which has closed its socket has to end by itself."""

_MOST_EVENTS = 256
"""Events of one call that wait for the grader; a child that keeps to the rules has a few."""


class ChildDied(Exception):
    """The process ended, broke the rules of the conversation, or was ended for its time.

    Attributes:
        how: what happened to it, in a few words.
    """

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Channel:
    """Asks one child, and hands its events to the calls that they belong to.

    Args:
        connection: the grader's end.
        most_bytes: all that the child may send.
        end: ends the child's process and says how it ended. It takes the seconds for which that
            may still happen by itself.
    """

    def __init__(
        self, connection: socket.socket, most_bytes: int, end: Callable[[float], Awaitable[str]]
    ) -> None:
        self._connection = connection
        self._bytes_left = most_bytes
        self._end = end
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._calls: dict[int, asyncio.Queue[dict[str, Any] | ChildDied]] = {}
        self.dead: ChildDied | None = None

    async def open(self) -> None:
        """Begin to listen."""
        self._reader, self._writer = await asyncio.open_connection(
            sock=self._connection, limit=LARGEST
        )
        self._listener = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """End the process, if it has not ended by itself."""
        self._die(ChildDied(await self._end(0)))
        self._listener.cancel()
        self._writer.close()

    async def stop(self, why: str) -> None:
        """End the process for what it did."""
        self._die(ChildDied(f"it was stopped: {why}"))
        await self._end(0)

    async def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Ask, and wait for the reply.

        Raises:
            ChildDied: the process ended.
            TimeoutError: there was no reply in time.
        """
        number = next(self._numbers)
        self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            self.tell({"re": number, **question})
            async with asyncio.timeout(seconds):
                return await self._replies[number]
        finally:
            del self._replies[number]

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that has no reply.

        Raises:
            ChildDied: the process has ended.
        """
        if self.dead is not None:
            raise self.dead
        self._writer.write(pack(message, _LARGEST_QUESTION))

    def call(self) -> tuple[int, asyncio.Queue[dict[str, Any] | ChildDied]]:
        """Begin a call of an app: its number, and where its events arrive."""
        number = next(self._numbers)
        self._calls[number] = asyncio.Queue()
        return number, self._calls[number]

    def forget(self, number: int) -> None:
        """Drop what still arrives for a call."""
        self._calls.pop(number, None)

    async def _listen(self) -> None:
        try:
            while True:
                self._sort(await self._next())
        except (asyncio.IncompleteReadError, OSError):
            # It is on its way out: wait, so that how it ends does not depend on who is faster.
            self._die(ChildDied(await self._end(_LAST_SECONDS)))
        except BadFrame as bad:
            await self.stop(f"it sent {bad}")

    async def _next(self) -> dict[str, Any]:
        (length,) = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if length > LARGEST:
            raise BadFrame(f"a message of {length:,} bytes; the most is {LARGEST:,}")
        # A small message costs as much work as one of some hundred bytes.
        self._bytes_left -= max(length, 512)
        if self._bytes_left < 0:
            raise BadFrame("more than all its answers may hold")
        return unpack(await self._reader.readexactly(length))

    def _sort(self, message: dict[str, Any]) -> None:
        match message:
            case {"re": int(number)}:
                reply = self._replies.get(number)
                if reply is not None and not reply.done():
                    reply.set_result(message)
            case {"call": int(number)}:
                if (inbox := self._calls.get(number)) is None:
                    return
                if inbox.qsize() >= _MOST_EVENTS:
                    raise BadFrame("events faster than anyone may")
                inbox.put_nowait(message)
            case _:
                raise BadFrame("a message of no known kind")

    def _die(self, death: ChildDied) -> None:
        if self.dead is not None:
            return
        self.dead = death
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(death)
        for inbox in self._calls.values():
            inbox.put_nowait(death)

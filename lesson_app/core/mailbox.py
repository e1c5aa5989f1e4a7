"""What waits for one client: a bounded queue that never makes the sender wait.

If one slow client could make the sender wait, every other client would wait with it; if the queue
had no bound, one slow client could fill the memory.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable


class Mailbox[T]:
    """Messages for one reader, in order. It is closed when more than `limit` wait.

    Args:
        limit: how many may wait.
        first: what waits already; it does not count towards the limit.

    Attributes:
        closed: set when nothing more will come.
        overflowed: whether it was closed because the reader was too slow.
    """

    def __init__(self, limit: int, first: Iterable[T] = ()) -> None:
        self._waiting = deque(first)
        self._limit = limit + len(self._waiting)
        self._news = asyncio.Event()
        self.closed = asyncio.Event()
        self.overflowed = False

    def put(self, message: T) -> None:
        """Add a message; it is lost when the mailbox is closed."""
        if self.closed.is_set():
            return
        if len(self._waiting) == self._limit:
            self.overflowed = True
            self.close()
            return
        self._waiting.append(message)
        self._news.set()

    def close(self) -> None:
        """Let the reader have what waits, and nothing more."""
        self.closed.set()
        self._news.set()

    async def __aiter__(self) -> AsyncGenerator[T]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self.closed.is_set():
                return
            self._news.clear()
            await self._news.wait()

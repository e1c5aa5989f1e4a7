"""Run an ASGI app's lifespan, as a server does around all of its requests."""

import asyncio
from types import TracebackType
from typing import Any, Self

from workbook.asgi import ASGIApp, Message
from workbook.limits import TimeLimitExceeded, within


class LifespanFailed(RuntimeError):
    """The app answered `lifespan.startup.failed` or took longer than the limit."""


class Lifespan:
    """Start an app on entry and shut it down on exit.

    The app runs in a task of its own, because a context manager such as an anyio task group
    must be left in the task that entered it.

    Args:
        app: an ASGI application. One that does not speak the lifespan protocol is left alone,
            as uvicorn does.
        timeout: seconds that start-up, and later shutdown, may each take.

    Attributes:
        state: what the app yielded from its lifespan; each request gets a shallow copy.

    Raises:
        LifespanFailed: when start-up or shutdown fails without an exception of its own.
        Exception: whatever the app's own start-up or shutdown code raised.

    Source: ASGI specification, "Lifespan Protocol", version 2.0.
    """

    def __init__(self, app: ASGIApp, *, timeout: float = 10.0) -> None:
        self.app = app
        self.timeout = timeout
        self.state: dict[str, Any] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._started = False

    async def __aenter__(self) -> Self:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        self._task = asyncio.create_task(self._run(scope))
        self._started = await self._exchange("startup")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._started:
            await self._exchange("shutdown")
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=self.timeout)

    async def _run(self, scope: dict[str, Any]) -> None:
        await self.app(scope, self._inbox.get, self._outbox.put)

    async def _exchange(self, phase: str) -> bool:
        """Send one lifespan event; say whether the app speaks the protocol."""
        assert self._task is not None
        try:
            return await within(self.timeout, self._answer(phase, self._task))
        except TimeLimitExceeded:
            self._task.cancel()
            raise LifespanFailed(
                f"the lifespan's {phase} took longer than {self.timeout:g} s. "
                "Look for a loop or a connection that never answers in the lifespan function."
            ) from None

    async def _answer(self, phase: str, app: asyncio.Task[None]) -> bool:
        await self._inbox.put({"type": f"lifespan.{phase}"})
        answer = asyncio.create_task(self._outbox.get())
        try:
            await asyncio.wait({answer, app}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.cancel()
        if answer.done():
            message = answer.result()
            if message["type"] == f"lifespan.{phase}.complete":
                return True
            # Starlette sends the traceback as text, then lets the exception out: prefer that.
            await asyncio.wait({app}, timeout=1.0)
            if app.done() and (error := app.exception()):
                raise error
            raise LifespanFailed(f"{phase} failed: {message.get('message', '')}".strip(": "))
        error = app.exception()
        if error and (phase == "shutdown" or isinstance(error, TimeLimitExceeded)):
            raise error
        return False

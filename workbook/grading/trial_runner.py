"""Run a learner's test in the sandbox, on apps that stay with the grader.

The test is served as an ASGI app with one WebSocket. Whoever opens it runs the test once, and is the
app that the test calls: the requests go out through that socket, and the report at the end. Here
nothing says which app it is; only what it answers does.
"""

import asyncio
import itertools
from typing import Any

from workbook.asgi import ASGIApp, Receive, Scope, Send
from workbook.client import client
from workbook.grading.bridge import BridgedApp
from workbook.grading.channel import ChildDied
from workbook.grading.frames import HEADER, pack, unpack
from workbook.trials import must_take_the_client, report


def trial_runner(test: Any) -> ASGIApp:
    """Serve a test, so that whoever calls is the app that it is tried on.

    Raises:
        workbook.adapters.WrongKind: it is no test that takes a client.
    """
    must_take_the_client(test)

    async def run_once(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        calls = _CallsOfTheTest()
        tasks = [
            asyncio.create_task(calls.take_in(receive)),
            asyncio.create_task(calls.hand_out(send)),
        ]
        try:
            # The grader runs the lifespan of its app.
            app = BridgedApp(calls, 0)
            async with client(app, lifespan=False, log_app_exceptions=False) as http:
                calls.tell({"report": dict(await report(test(http)))})
            await calls.all_handed_out()
        finally:
            for task in tasks:
                task.cancel()

    return run_once


class _CallsOfTheTest:
    """What the test asks goes out through a WebSocket, and the answers come in there."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: dict[int, asyncio.Queue[dict[str, Any] | ChildDied]] = {}
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.dead: ChildDied | None = None

    def call(self) -> tuple[int, asyncio.Queue[dict[str, Any] | ChildDied]]:
        number = next(self._numbers)
        self._calls[number] = asyncio.Queue()
        return number, self._calls[number]

    def tell(self, message: dict[str, Any]) -> None:
        self._outgoing.put_nowait(pack(message)[HEADER.size :])

    def forget(self, number: int) -> None:
        self._calls.pop(number, None)

    async def take_in(self, receive: Receive) -> None:
        while (event := await receive())["type"] == "websocket.receive":
            message = unpack(event["bytes"])
            if (inbox := self._calls.get(message["call"])) is not None:
                inbox.put_nowait(message)

    async def hand_out(self, send: Send) -> None:
        while True:
            message = await self._outgoing.get()
            await send({"type": "websocket.send", "bytes": message})
            self._outgoing.task_done()

    async def all_handed_out(self) -> None:
        await self._outgoing.join()

"""What runs inside the sandbox: a notebook's cells, and the apps that they make.

The grader asks over a socket; here it is answered. Nothing that is said here is trusted there.
"""

import asyncio
import io
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

from workbook.adapters import WrongKind
from workbook.grading.calls import Call, ServedApp
from workbook.grading.frames import HEADER, pack, unpack
from workbook.grading.kernel import Cells, NotDefined, prepare, short, told


def serve_grader(connection: socket.socket, adapters: Mapping[str, Any], home: str) -> None:
    """Answer what the grader asks, until it closes the connection.

    Args:
        connection: leads to the grader.
        adapters: by exercise, what makes an app of the learner's object.
        home: the one folder in which files can be made.
    """
    work = os.path.join(home, "work")
    os.mkdir(work)
    os.chdir(work)
    os.environ |= {"HOME": work, "TMPDIR": home}
    # What a notebook prints is shown to nobody, so it is not kept either.
    sys.stdout, sys.stderr = open(os.devnull, "w"), open(os.devnull, "w")  # noqa: SIM115
    sys.stdin = io.StringIO()
    asyncio.run(_Child(connection, adapters).answer())


class _Child:
    def __init__(self, connection: socket.socket, adapters: Mapping[str, Any]) -> None:
        self._connection = connection
        self._adapters = adapters
        self._cells = Cells()
        self._apps: list[ServedApp] = []
        self._calls: dict[int, Call] = {}

    async def answer(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._connection)
        while True:
            try:
                header = await reader.readexactly(HEADER.size)
                message = unpack(await reader.readexactly(HEADER.unpack(header)[0]))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if (call := message.get("call")) is None:
                reply = await self._reply(message)
                self.send({"re": message["re"], **reply})
            elif message["do"] == "call":
                app = self._apps[message["app"]]
                self._calls[call] = Call(self, call, app, message["scope"])
            elif call in self._calls:
                self._calls[call].take(message)

    def send(self, message: dict[str, Any]) -> None:
        self._writer.write(pack(message))

    async def drained(self) -> None:
        await self._writer.drain()

    def forget(self, call: int) -> None:
        self._calls.pop(call, None)

    async def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        match message["do"]:
            case "prepare":
                return {"cells": [prepare(source) for source in message["cells"]]}
            case "run":
                return await self._cells.run(message["number"], message["source"])
            case "serve":
                return await self._serve(message["exercise"], message["expression"])
        raise ValueError(message["do"])

    async def _serve(self, exercise: str, expression: str) -> dict[str, Any]:
        try:
            value = await self._cells.evaluate(expression)
            if value is None or value is ... or (isinstance(value, str) and not value):
                return {"state": "empty"}
            app = self._adapters[exercise](value)
        except LookupError as missing:
            if isinstance(missing, NotDefined):
                return {"state": "undefined"}
            return {"state": "raised", **told(missing)}
        except WrongKind as wrong:
            return {"state": "wrong kind", "message": short(str(wrong))}
        except BaseException as error:  # noqa: BLE001 - whatever the learner's own lines raise
            return {"state": "raised", **told(error)}
        self._apps.append(ServedApp(app))
        return {"state": "served", "app": len(self._apps) - 1}

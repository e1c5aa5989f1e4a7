"""Serve a learner's answer in another process, behind a Unix socket.

The requirements are run against that socket by the process that started it, where the answer
can't touch them. The libraries are loaded once, in a process that forks a child for each answer.
"""

import asyncio
import contextlib
import inspect
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import uvicorn

from workbook import raised
from workbook.adapters import WrongKind
from workbook.client import Client
from workbook.exercise import exercises, find
from workbook.running import execute

_START_LIMIT = 20.0
"""Seconds until a child must listen."""

_LOOK = 0.005
"""Seconds between two looks at whether it does."""


class CouldNotServe(RuntimeError):
    """The answer could not be served; the message is what its process said."""


@dataclass(frozen=True)
class Answer:
    """An answer, told so that another process can make it.

    Attributes:
        exercise: the exercise's id.
        code: code that makes it, run in an empty namespace; or
        file: a Python file, of which `name` is a function that returns it.
        name: the name that `code` binds, or the function in `file`.
    """

    exercise: str
    name: str
    code: str = ""
    file: str = ""

    async def make(self) -> Any:
        """Make the learner's object in this process.

        Raises:
            KeyError: the code does not bind the name.
        """
        if self.file:
            made = getattr(load_file(Path(self.file)), self.name)()
            return await made if inspect.iscoroutine(made) else made
        namespace: dict[str, Any] = {"__name__": "__main__"}
        await execute(self.code, namespace)
        return namespace[self.name]


def load_file(path: Path) -> ModuleType:
    """Import a Python file by its path, once in each process."""
    name = f"workbook_answers_{path.parent.name}_{path.stem}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


class AnswerServer:
    """Starts the forking process on entry, and ends it and all its children on exit."""

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="workbook-")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workbook.serving",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Children are killed, so the temporary folders that they made are cleared away here.
            env={**os.environ, "TMPDIR": self._folder.name},
            start_new_session=True,
        )
        self._lock = asyncio.Lock()
        self._count = 0
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._folder.cleanup()

    @asynccontextmanager
    async def serve(self, answer: Answer) -> AsyncGenerator[Client]:
        """Serve one answer, and call it.

        Raises:
            CouldNotServe: its code raised, its object is of the wrong kind, or it never listened.
        """
        self._count += 1
        socket = Path(self._folder.name) / f"{self._count}.sock"
        child = await self._fork(answer, socket)
        try:
            await self._listening(socket)
            async with Client.over_socket(str(socket), timeout=30) as http:
                yield http
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    async def _fork(self, answer: Answer, socket: Path) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._lock:
            order = json.dumps({"answer": asdict(answer), "socket": str(socket)})
            self._process.stdin.write(order.encode() + b"\n")
            await self._process.stdin.drain()
            return int(await self._process.stdout.readline())

    async def _listening(self, socket: Path) -> None:
        error = socket.with_suffix(".error")
        for _ in range(int(_START_LIMIT / _LOOK)):
            present = os.listdir(self._folder.name)
            if socket.name in present:
                return
            if error.name in present:
                raise CouldNotServe(await asyncio.to_thread(error.read_text, encoding="utf-8"))
            await asyncio.sleep(_LOOK)
        raise CouldNotServe(f"it did not listen within {_START_LIMIT:g} s")


async def _serve(answer: Answer, socket: Path) -> None:
    """In the child: make the answer, adapt it, serve it until killed."""
    try:
        app: Any = find(answer.exercise).serve(await answer.make())
    except WrongKind as wrong:
        _say(socket, str(wrong))
        return
    except Exception as error:  # noqa: BLE001 - whatever the answer's own lines raise
        _say(socket, raised.message(error))
        return
    config = uvicorn.Config(app, uds=str(socket), log_level="critical", lifespan="auto")
    server = uvicorn.Server(config)
    with contextlib.suppress(SystemExit):  # how uvicorn gives up when start-up fails
        await server.serve()
    if not server.started:
        _say(socket, "its lifespan failed at start-up")


def _say(socket: Path, text: str) -> None:
    # Written aside and renamed, so that the parent never reads half of it.
    new = socket.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(socket.with_suffix(".error"))


def _fork_for_each_order() -> None:
    """The forking process: read an order a line, answer with the child's process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(2, 1)
            asyncio.run(_serve(Answer(**order["answer"]), Path(order["socket"])))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    exercises()  # loaded before the first fork, so that every child has them
    _fork_for_each_order()

"""Start the process that forks, and have it start and end children."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workbook.grading.adapters import adapter_code
from workbook.grading.channel import Channel
from workbook.grading.library import (
    copy_workbook,
    import_paths,
    modules_to_load,
    readable_paths,
)
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.sandbox.confinement import Level
from workbook.grading.sandbox.disk import disk_usage

_START_SECONDS = 120.0
_END_SECONDS = 20.0
_LONGEST_ANSWER = 65536
_DISK_SECONDS = 0.1

_PLACE = "/var/tmp"
"""Not below /tmp, which every child sees as a disk of its own."""

_PREFIX = "workbook-grading-"

_START = """\
import sys
folder, control, *sys.path[:0] = sys.argv[1:]
from workbook.grading.zygote import main
main(folder, int(control))
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", "TZ": ":/etc/localtime"}


class NoIsolation(RuntimeError):
    """This machine can't keep submissions apart; the message says why and what to do."""


class GraderFailed(RuntimeError):
    """Something of the grader itself failed, through no fault of the submission."""


class Zygote:
    """The process that has the libraries loaded: started on entry, ended on exit with its children.

    Args:
        assignment: the adapters of its exercises are loaded, and what their chapters import.
        limits: what each child may use.
        levels: the levels of isolation to try, the best first.

    Attributes:
        level: the level that it reached.
        refused: why it reached no better one, by level.

    Raises:
        NoIsolation: it reached none of them.
        GraderFailed: it did not start.
    """

    def __init__(
        self, assignment: Assignment, limits: Limits, levels: tuple[Level, ...] = tuple(Level)
    ) -> None:
        self._assignment, self._limits, self._levels = assignment, limits, levels
        self._jobs = 0
        self._ended: dict[int, asyncio.Future[str]] = {}
        self._watchers: dict[int, asyncio.Task[None]] = {}
        self._opening: asyncio.Future[dict[str, Any]] | None = None
        self.level = levels[0]
        self.refused: dict[str, str] = {}
        self.failed = ""

    async def __aenter__(self) -> Self:
        if sys.platform != "linux":
            raise NoIsolation(
                "Submissions can be kept apart on Linux only. Elsewhere run `workbook grade` in a "
                "container or a virtual machine; `deploy/` has a Dockerfile."
            )
        self._folder = await asyncio.to_thread(_make_folder)
        self._process: asyncio.subprocess.Process | None = None
        try:
            await self._start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._listener.cancel()
            self._control.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def start_child(self) -> Channel:
        """Start a child in which nothing has run yet.

        Raises:
            GraderFailed: it can't be started.
        """
        if self.failed:
            raise GraderFailed(self.failed)
        self._jobs += 1
        job = self._jobs
        self._ended[job] = asyncio.get_running_loop().create_future()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                message = json.dumps({"start": job}).encode()
                socket.send_fds(self._control, [message], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise GraderFailed(f"no child could be started: {error}") from None

        async def end(grace: float) -> str:
            return await self._end(job, grace)

        channel = Channel(ours, self._limits.answers_mib << 20, end)
        await channel.open()
        if self.level is Level.LANDLOCK:
            # There the files lie on the machine's own disk, which has no limit for one child.
            self._watchers[job] = asyncio.create_task(self._watch_disk(job, channel))
        return channel

    async def _start(self) -> None:
        library, scratch = self._folder / "library", self._folder / "scratch"
        for folder in (library, scratch, self._folder / "root"):
            folder.mkdir()
        # A child of another user has to pass through to its own folder.
        self._folder.chmod(0o711)
        scratch.chmod(0o711)
        await asyncio.to_thread(copy_workbook, library)
        config = {
            "modules": modules_to_load(self._assignment.exercises),
            "adapters": {one.id: adapter_code(one) for one in self._assignment.exercises},
            "readable": readable_paths(library),
            "limits": asdict(self._limits),
            "levels": list(self._levels),
        }
        (self._folder / "zygote.json").write_text(json.dumps(config), encoding="utf-8")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._control = ours
        errors = self._folder / "errors"
        with theirs, errors.open("wb") as to_file:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-X", "utf8", "-c", _START),
                *(str(self._folder), str(theirs.fileno()), str(library), *import_paths()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=to_file,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._opening = asyncio.get_running_loop().create_future()
        self._listener = asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(_START_SECONDS):
                answer: dict[str, Any] = await self._opening
        except TimeoutError:
            answer = {"failed": f"it was not ready within {_START_SECONDS:g} s"}
        if "ready" in answer:
            self.level, self.refused = Level(answer["ready"]), answer["refused"]
        elif "refused" in answer:
            raise NoIsolation(_no_isolation(answer["refused"]))
        else:
            told = (await asyncio.to_thread(errors.read_text, "utf-8", "replace"))[-2000:]
            raise GraderFailed(f"The forking process did not start: {told or answer['failed']}")

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                answer = await loop.sock_recv(self._control, _LONGEST_ANSWER)
            except OSError:
                answer = b""
            if not answer:
                break
            message = json.loads(answer)
            if "job" in message:
                self.failed = self.failed or message.get("trouble", "")
                self._note_end(message["job"], message["ended"])
            elif self._opening is not None and not self._opening.done():
                self._opening.set_result(message)
        self.failed = self.failed or "the forking process ended"
        if self._opening is not None and not self._opening.done():
            self._opening.set_result({"failed": self.failed})
        for job in list(self._ended):
            self._note_end(job, self.failed)

    def _note_end(self, job: int, how: str) -> None:
        if (ended := self._ended.get(job)) is not None and not ended.done():
            ended.set_result(how)

    async def _end(self, job: int, grace: float) -> str:
        """End a child, if it has not ended by itself after `grace` seconds; say how it did."""
        ended = self._ended.get(job)
        if ended is None:
            return "it had ended"
        await asyncio.wait({ended}, timeout=grace)
        if not ended.done():
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"end": job}).encode())
        try:
            async with asyncio.timeout(_END_SECONDS):
                how = await asyncio.shield(ended)
        except TimeoutError:
            how = self.failed = f"a child did not end within {_END_SECONDS:g} s"
        self._ended.pop(job, None)
        if (watcher := self._watchers.pop(job, None)) is not None:
            watcher.cancel()
            # Not `shutil.rmtree`, which fails at folders in folders in folders …
            folder = str(self._folder / "scratch" / str(job))
            await asyncio.to_thread(subprocess.run, ["rm", "-rf", folder], check=False)
        return how

    async def _watch_disk(self, job: int, channel: Channel) -> None:
        folder = self._folder / "scratch" / str(job)
        most = self._limits.disk_mib << 20
        while channel.dead is None:
            await asyncio.sleep(_DISK_SECONDS)
            if await asyncio.to_thread(disk_usage, folder, most) > most:
                await channel.stop(f"its files took more than {self._limits.disk_mib} MiB")


def _make_folder() -> Path:
    """A new folder; those that killed graders have left are cleared away."""
    place = Path(_PLACE if os.path.isdir(_PLACE) else tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))


def _no_isolation(refused: dict[str, str]) -> str:
    reasons = "; ".join(f"{level}: {why}" for level, why in refused.items())
    return (
        f"This machine can't keep submissions apart ({reasons}). Nothing was run. "
        "`workbook grade --doctor` says what is missing; a virtual machine with a Linux of 5.13 "
        "or newer has it all."
    )

"""A real server in a process of its own, for what only a server does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

GRACE_SECONDS = 60
"""How long the server waits for what is open; a test that fails takes half of it."""


class Server:
    """A shop on a Unix socket, its client, and the process that serves it."""

    def __init__(self, process: asyncio.subprocess.Process, http: httpx2.AsyncClient) -> None:
        self.process = process
        self.http = http

    async def stop(self) -> str:
        """Ask the process to stop and return what it logged."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(GRACE_SECONDS / 2):
            log, _ = await self.process.communicate()
        return log.decode()

    def memory(self, line: str) -> int:
        """Return a line of the process's status, such as VmHWM, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(f"{line}:")[2].split()[0]) * 1024


@asynccontextmanager
async def serving(
    folder: Path, app: str = "lesson_app.main:app", **settings: Any
) -> AsyncGenerator[Server]:
    """Run an app by uvicorn in `folder`; whatever happens, end it."""
    socket = folder / "s"
    environment = {**os.environ, **{f"SHOP_{k.upper()}": str(v) for k, v in settings.items()}}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", app, "--uds", str(socket),
        "--timeout-graceful-shutdown", str(GRACE_SECONDS),
        cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        transport = httpx2.AsyncHTTPTransport(uds=str(socket))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://shop.test", timeout=60
        ) as http:
            async with asyncio.timeout(60):
                while process.returncode is None:
                    try:
                        await http.get("/health")
                        break
                    except httpx2.ConnectError:
                        await asyncio.sleep(0.05)
            yield Server(process, http)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()

"""What a large upload costs in memory: the shop against an endpoint with `await file.read()`.

Each is served by uvicorn in a process of its own. While 200 MB come in over a Unix socket, the
memory of that process is read every few milliseconds. Run: python benchmarks/upload_memory.py
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from fastapi import FastAPI, UploadFile

from lesson_app.seed import DEMO_PASSWORD

MB = 10**6
SIZE = 200 * MB
ROUNDS = 3
SECONDS_BETWEEN_LOOKS = 0.005

HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"

naive = FastAPI()


@naive.post("/files", status_code=201)
async def upload(file: UploadFile) -> int:
    """Store a file as most examples do."""
    content = await file.read()
    return await asyncio.to_thread(Path("upload").write_bytes, content)


@asynccontextmanager
async def serving(app: str, folder: Path) -> AsyncGenerator[tuple[int, httpx2.AsyncClient]]:
    """Run an app by uvicorn; give the id of its process and a client."""
    socket = folder / "s"
    settings = {"SHOP_UPLOAD_MAX_BYTES": str(SIZE), "SHOP_LOG_LEVEL": "WARNING"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", app, "--uds", str(socket),
        "--app-dir", str(Path(__file__).parent), "--log-level", "warning",
        cwd=folder, env={**os.environ, **settings},
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not socket.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
        transport = httpx2.AsyncHTTPTransport(uds=str(socket))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://shop.test", timeout=60
        ) as http:
            yield process.pid, http
    finally:
        process.terminate()
        await process.wait()


async def form(size: int) -> AsyncIterator[bytes]:
    """A form with a file of so many bytes, a megabyte at a time."""
    yield HEAD
    for start in range(0, size, MB):
        yield b"a" * min(MB, size - start)
    yield TAIL


def memory(process: int) -> float:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / MB


async def measure(app: str, path: str, folder: Path) -> tuple[float, float]:
    """Return the memory before the upload, and the most of it during the upload, in MB."""
    async with serving(app, folder) as (process, http):
        http.headers["Content-Type"] = "multipart/form-data; boundary=x"
        if app.startswith("lesson_app"):
            login = {"username": "grace@example.com", "password": DEMO_PASSWORD}
            urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = await http.post("/api/v1/auth/login", data=login, headers=urlencoded)
            http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        # A first upload, so that what is loaded once is loaded.
        (await http.post(path, content=form(MB))).raise_for_status()
        before = most = memory(process)
        uploading = asyncio.create_task(http.post(path, content=form(SIZE)))
        while not uploading.done():
            most = max(most, memory(process))
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        (await uploading).raise_for_status()
        return before, most


async def main() -> None:
    """Print a row for each app and round."""
    apps = {
        "the shop": ("lesson_app.main:app", "/api/v1/files"),
        "await file.read()": ("upload_memory:naive", "/files"),
    }
    print(f"{'':<20}{'before MB':>10}{'most MB':>10}{'grown MB':>10}")
    for _ in range(ROUNDS):
        for name, (app, path) in apps.items():
            with tempfile.TemporaryDirectory() as folder:
                before, most = await measure(app, path, Path(folder))
            print(f"{name:<20}{before:>10.0f}{most:>10.0f}{most - before:>10.0f}")


if __name__ == "__main__":
    asyncio.run(main())

"""What the layers of the shop cost: its endpoints against the same ones as bare FastAPI routes.

Both run in one Uvicorn process each, on a SQLite file each with the same rows, with their logs on.
`wrk` (Debian package) calls them in turn, in many short rounds, and ratios are taken pair by pair.
Beside requests a second stands the processor time that the server spends on one: it depends less on
what else the machine does. Run: python benchmarks/shop_layers.py [ROUNDS]
"""

import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from lesson_app.seed import DEMO_PASSWORD

HERE = Path(__file__).parent
APPS = {"bare": "bare_shop:app", "shop": "lesson_app.main:app"}
ENDPOINTS = ("read", "list", "write")
SECONDS, CONNECTIONS, ITEMS = 1, 8, 1000


@dataclass(frozen=True)
class Server:
    """A server that runs, and what is called on it."""

    url: str
    process: psutil.Process
    token: str

    def calls(self) -> dict[str, list[str]]:
        """Return the address of each endpoint and, for the write, what wrk.lua needs."""
        second_page = httpx.get(f"{self.url}/api/v2/items").raise_for_status().json()["next"]
        return {
            "read": [f"{self.url}/api/v1/items/7"],
            "list": [self.url + second_page],
            "write": [f"{self.url}/api/v1/items", "--", self.token, secrets.token_hex(8)],
        }


@contextmanager
def serve(app: str, folder: Path) -> Generator[tuple[str, psutil.Process]]:
    """Run an app in a process of its own, and lend its address and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "SHOP_ENVIRONMENT": "test",
        "SHOP_LOG_FORMAT": "json",
        "SHOP_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/shop.db",
        "SHOP_UPLOAD_FOLDER": f"{folder}/uploads",
        "SHOP_JWT_SECRET": "a secret of a benchmark that is long enough",
        # Counted as always, and never reached.
        "SHOP_DEFAULT_RATE_LIMIT": "1000000000/minute",
    }
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--app-dir", str(HERE)]
    log = folder / "log.txt"
    with log.open("a") as sink:
        server = subprocess.Popen(
            command, env=os.environ | settings, cwd=folder, stdout=sink, stderr=sink
        )
    try:
        url = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport) as http:
            http.get(f"{url}/api/v1/items/1").raise_for_status()
        yield url, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def fill(url: str) -> str:
    """Log in, add items until there are enough, and return the access token."""
    with httpx.Client(base_url=f"{url}/api/v1") as http:
        form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
        token = http.post("/auth/login", data=form).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        for batch in range(ITEMS // 100):
            items = [{"name": f"Item {batch}-{n}", "price": "9.50"} for n in range(100)]
            http.post("/items/bulk", json={"items": items}).raise_for_status()
    return token


@dataclass(frozen=True)
class Figures:
    """What a server did in one round."""

    rate: float
    """Requests a second."""
    p99: float
    """Milliseconds, of the slowest of a hundred."""
    work: float
    """Milliseconds of processor time a request."""


def load(server: Server, call: list[str]) -> Figures:
    """Call an endpoint for a while, and count.

    Raises:
        RuntimeError: a request failed; a server that fails is fast.
    """
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={SECONDS}s"]
    command += ["--latency", f"--script={HERE / 'wrk.lua'}", *call]
    before = server.process.cpu_times()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = server.process.cpu_times()
    said = json.loads(done.stdout.splitlines()[-1])
    if said["errors"]:
        raise RuntimeError(f"{call[0]}: {said['errors']} of {said['requests']} requests failed")
    work = (after.user - before.user) + (after.system - before.system)
    requests = said["requests"]
    return Figures(requests / said["seconds"], said["p99_ms"], 1000 * work / requests)


def spread(values: list[float]) -> str:
    """Return the median and the middle half."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main(rounds: int) -> None:
    """Print for each endpoint the medians of both apps, and their ratios."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folders = {kind: Path(name, kind) for kind in APPS}
        for folder in folders.values():
            folder.mkdir()
        with serve(APPS["shop"], folders["shop"]) as (url, _):
            token = fill(url)
        shutil.copy(folders["shop"] / "shop.db", folders["bare"])
        servers = {
            kind: Server(*stack.enter_context(serve(app, folders[kind])), token)
            for kind, app in APPS.items()
        }
        measured: defaultdict[tuple[str, str], list[Figures]] = defaultdict(list)
        for number in range(rounds + 1):
            # Whoever comes first in a round comes second in the next.
            order = sorted(APPS, reverse=number % 2 == 1)
            calls = {kind: servers[kind].calls() for kind in order}
            for endpoint in ENDPOINTS:
                for kind in order:
                    figures = load(servers[kind], calls[kind][endpoint])
                    # The first round warms up.
                    if number:
                        measured[endpoint, kind].append(figures)
    print("endpoint  app   requests/s   p99 ms   least processor ms a request")
    for endpoint in ENDPOINTS:
        # What else the machine does can only add to it.
        least = {kind: min(one.work for one in measured[endpoint, kind]) for kind in APPS}
        for kind in APPS:
            found = measured[endpoint, kind]
            rate, p99 = (
                statistics.median(getattr(one, name) for one in found) for name in ("rate", "p99")
            )
            print(f"{endpoint:10}{kind:6}{rate:10.0f}{p99:9.1f}{least[kind]:9.3f}")
        pairs = list(zip(measured[endpoint, "bare"], measured[endpoint, "shop"], strict=True))
        print(f"{'':10}ratio of the least work {least['shop'] / least['bare']:.2f}")
        print(f"{'':10}ratio of processor time {spread([s.work / b.work for b, s in pairs])}")
        print(f"{'':10}ratio of requests/s     {spread([b.rate / s.rate for b, s in pairs])}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)

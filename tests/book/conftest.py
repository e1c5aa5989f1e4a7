"""The built book, once for all of these tests, and a server for it.

Set `WORKBOOK_BOOK_HTML` to the folder of a finished build to test that one and build nothing.
"""

import http.server
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
BUILD_TIME_LIMIT = 1800
"""Seconds; a build takes about one minute, and more on a machine that is busy."""


@pytest.fixture(scope="session")
def book_html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built HTML."""
    if given := os.environ.get("WORKBOOK_BOOK_HTML"):
        return Path(given).resolve()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    output = shared / "book"
    html = output / "_build" / "html"
    # Parallel workers share one build: the first builds, the others wait for it.
    with FileLock(shared / "book.lock"):
        if not (html / "index.html").exists():
            build(output)
    return html


def build(output: Path) -> None:
    """Build the book under `output` as `make book` does, from an empty cache.

    Raises:
        AssertionError: the build failed; the message ends with what it printed.
    """
    jupyter_book = Path(sysconfig.get_path("scripts")) / "jupyter-book"
    done = subprocess.run(
        [jupyter_book, "build", "-W", "--keep-going", "--all", ROOT, "--path-output", output],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"the book does not build:\n{done.stdout[-6000:]}"


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on the terminal for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _QuietServer(http.server.ThreadingHTTPServer):
    """Takes it as nothing special that a browser leaves before a file has been sent whole."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a broken connection, and the usual of anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture(scope="session")
def book_url(book_html: Path) -> Iterator[str]:
    """The address of the book on a loopback port, without a slash at its end."""
    handler = partial(_QuietHandler, directory=str(book_html))
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

"""What the health check of the image says about a server that works, and about others."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy import check_health
from tests.ports import free_port


class Server(HTTPServer):
    """Answers every request with one status, and keeps the name it was called by."""

    status = 200
    asked: tuple[str, str | None] = ("", None)


class Handler(BaseHTTPRequestHandler):
    """Answers for a `Server`."""

    def do_GET(self) -> None:
        """Answer."""
        assert isinstance(self.server, Server)
        self.server.asked = (self.path, self.headers["Host"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    """A server at the port that the check asks."""
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("PORT", str(server.server_port))
        yield server
        server.shutdown()
        thread.join()


def test_a_healthy_shop(server: Server):
    """It is asked at /health, on the port of the container."""
    assert check_health.main() == 0
    assert server.asked[0] == "/health"


@pytest.mark.parametrize("status", [204, 302, 400, 404, 500, 503])
def test_any_other_answer(server: Server, status: int):
    """Audit 17.1: an answer is not enough, it must be the right one."""
    server.status = status
    assert check_health.main() == 1


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch):
    """The command ends with an error."""
    monkeypatch.setenv("PORT", str(free_port()))
    with pytest.raises(ConnectionRefusedError):
        check_health.main()


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ("shop.example, www.shop.example", "shop.example"),
        ("*.shop.example", "health.shop.example"),
        ("*", "health"),
    ],
)
def test_the_shop_is_called_by_a_name_that_it_answers_to(
    server: Server, monkeypatch: pytest.MonkeyPatch, allowed: str, name: str
):
    """Called `localhost`, it would refuse with 400."""
    monkeypatch.setenv("SHOP_ALLOWED_HOSTS", allowed)
    check_health.main()
    assert name == server.asked[1]

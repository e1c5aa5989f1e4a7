"""The health checks of compose.yaml, run against real servers: content, refused, and away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests import service_processes
from tests.deploy.environments import DEPLOY, SECRETS, read_compose
from tests.ports import free_port
from tests.service_processes import PLACES
from tests.services import POSTGRESQL, REDIS, Service

COMPOSE = read_compose()["services"]
PATH = os.pathsep.join([*PLACES, os.environ["PATH"]])

pytestmark = pytest.mark.slow


def check(service: str, port: int, **variables: str) -> int:
    """Run the health check of a service, as Docker does in its container; return its status.

    The programs are told where the server is here: in a container it has its usual port.
    """
    (command,) = COMPOSE[service]["healthcheck"]["test"][1:]
    command = command.replace("psql", f"psql --port {port}")
    command = command.replace("redis-cli", f"redis-cli -p {port}")
    environment = {**COMPOSE[service]["environment"], "PATH": PATH} | variables
    done = subprocess.run(
        ["sh", "-c", command], check=False, capture_output=True, env=environment, timeout=30
    )
    return done.returncode


@pytest.fixture
def port() -> int:
    """A port of this machine where nobody listens."""
    return free_port()


def need(service: Service) -> None:
    """Skip the test where the programs of a service are not installed."""
    for file in (*service_processes.PROGRAMS[service.name].files, "psql", "redis-cli"):
        if shutil.which(file, path=PATH) is None:
            pytest.skip(f"{file} is not installed")


@pytest.fixture
def postgresql(port: int, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[], None]]:
    """An empty PostgreSQL that asks for passwords on TCP; call it to make the shop's database."""
    need(POSTGRESQL)
    folder = tempfile.mkdtemp(prefix="shop-")
    Path(folder).chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", folder)
    home = service_processes.start("PostgreSQL", f"postgresql+asyncpg://postgres@127.0.0.1:{port}")
    environment = {"PATH": PATH, "PGHOST": str(home), "PGPORT": str(port)} | SECRETS
    ask = ["psql", "--username", "postgres", "--command", "SELECT 1"]
    while subprocess.run(ask, check=False, capture_output=True, env=environment).returncode != 0:
        assert service_processes.processes_in(home), (home / "log.txt").read_text()

    def create() -> None:
        script = DEPLOY / "postgresql/create_shop.sh"
        subprocess.run(["sh", script], check=True, env=environment, capture_output=True)
        # As the image sets it up: everybody who comes by TCP needs a password.
        (home / "data/pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        reload = ["psql", "--username", "postgres", "--command", "SELECT pg_reload_conf()"]
        subprocess.run(reload, check=True, env=environment, capture_output=True)

    yield create
    service_processes.stop_all()
    shutil.rmtree(folder)


def test_postgresql(postgresql: Callable[[], None], port: int):
    """Audit 17.2: healthy only once the shop's own user can run a query in its own database.

    `mysqladmin ping` and `pg_isready` are content with access denied.
    """
    assert check("postgresql", port) != 0
    postgresql()
    assert check("postgresql", port) == 0
    assert check("postgresql", port, DATABASE_PASSWORD="wrong") != 0
    service_processes.stop_all()
    assert check("postgresql", port) != 0


@pytest.fixture
def redis(port: int, tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """Redis, run with the command of compose.yaml on another port; it answers."""
    need(REDIS)
    shell, option, command = COMPOSE["redis"]["command"]
    command = command.replace("redis-server", f"redis-server --bind 127.0.0.1 --port {port}")
    environment = COMPOSE["redis"]["environment"] | {"PATH": PATH}
    with subprocess.Popen(
        [shell, option, command], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert any("Ready to accept connections" in line for line in server.stdout)
        yield server
        server.terminate()


def test_redis(redis: subprocess.Popen[str], port: int):
    """Audit 17.2: healthy only with the password that the shop has; `redis-cli` alone says 0."""
    assert check("redis", port) == 0
    assert check("redis", port, REDIS_PASSWORD="wrong") != 0
    redis.terminate()
    redis.wait()
    assert check("redis", port) != 0


def test_redis_keeps_nothing(redis: subprocess.Popen[str], tmp_path: Path):
    """Its file system is read-only."""
    redis.terminate()
    redis.wait()
    assert list(tmp_path.iterdir()) == []

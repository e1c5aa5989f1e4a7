"""Servers that are started for the tests, away from those of the system."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests import service_processes, services
from tests.ports import free_port
from tests.service_processes import PLACES, PROGRAMS, CannotStart, home, start, stop_all
from tests.services import MARIADB, POSTGRESQL, RABBITMQ, REDIS, SERVICES, Service

ADDRESSES = {
    POSTGRESQL: "postgresql+asyncpg://postgres@127.0.0.1:{}/postgres",
    MARIADB: "mysql+aiomysql://root@127.0.0.1:{}",
    REDIS: "redis://127.0.0.1:{}/0",
    RABBITMQ: "amqp://guest:guest@127.0.0.1:{}//",
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """A temporary folder that other users may enter; its path is short, as sockets want it."""
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    folder.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    # For other processes.
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `make services` runs."""
    return subprocess.run(
        [sys.executable, "-m", "tests.services", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_server_of_the_tests_own(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd
):
    """It starts where its address says, answers as the tests need it, and leaves nothing."""
    path = os.pathsep.join([*PLACES, os.environ["PATH"]])
    if not all(shutil.which(file, path=path) for file in PROGRAMS[service.name].files):
        pytest.skip(f"{service.package} is not installed")
    for one in SERVICES:
        # The others answer, so that they are not started: nobody is asked in vain.
        monkeypatch.setenv(one.variable, one.url)
    monkeypatch.setenv(service.variable, ADDRESSES[service].format(free_port()))
    silence = service.silence()
    assert silence is not None
    try:
        said = run("--start").stdout
        assert silence in said
        assert f"{service.name:12}starts in {folder}" in said
        assert f"{service.name:12}answers\n" in said
        assert service.silence() is None
    finally:
        stopped = run("--stop")
    assert stopped.stdout.endswith(" was stopped\n")
    assert service.silence() is not None
    assert list(folder.iterdir()) == []


def test_a_program_that_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The reason names it."""
    monkeypatch.setattr(service_processes, "PLACES", ())
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CannotStart, match="redis-server is not installed"):
        start("Redis", "redis://127.0.0.1:6379/0")


@pytest.fixture
def _redis_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(service_processes, "PLACES", (str(folder),))


@pytest.mark.usefixtures("_redis_is_installed")
def test_a_port_that_is_taken():
    """Whoever has it is left alone."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(CannotStart, match=f"something else has port {port}"):
            start("Redis", f"redis://127.0.0.1:{port}/0")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says which ports it gives out")
def test_the_other_ports_of_a_broker(tmp_path: Path):
    """Nobody who asks for any port gets them, in the seconds before the broker listens there."""
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    given_out = int(range_file.read_text().split()[0])
    environment = PROGRAMS["RabbitMQ"].environment(tmp_path, 5672)
    ports = [int(environment[name]) for name in ("RABBITMQ_DIST_PORT", "ERL_EPMD_PORT")]
    assert max(ports) < given_out


@pytest.mark.usefixtures("_redis_is_installed")
def test_an_address_of_another_machine():
    """Nothing can be started there."""
    with pytest.raises(CannotStart, match="redis\\.example is another machine"):
        start("Redis", "redis://redis.example:6379/0")


@pytest.mark.usefixtures("_redis_is_installed")
def test_a_folder_of_somebody_else(monkeypatch: pytest.MonkeyPatch):
    """Somebody could have laid out files there."""
    home().mkdir()
    os_user = os.getuid()
    monkeypatch.setattr(service_processes, "home", home().resolve)
    monkeypatch.setattr(os, "getuid", lambda: os_user + 1)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        start("Redis", f"redis://127.0.0.1:{free_port()}/0")


DOCKER = """#!/bin/sh
echo "$@" >> "$TMPDIR/calls"
exit ${DOCKER_FAILS:-0}
"""


@pytest.fixture
def docker_calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a docker that does nothing was asked for."""
    program = folder / "docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "calls"


def test_what_cannot_be_started_here_is_started_with_docker(docker_calls: Path, capsys):
    """And is stopped with it."""
    silent = [service for service in SERVICES if service is REDIS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_processes, "PROGRAMS", {"Redis": PROGRAMS["Redis"]})
        patch.setenv(REDIS.variable, "redis://redis.example:6379/0")
        services.start(silent)
    assert "Redis       is not started: " in capsys.readouterr().out
    stop_all()
    compose = " ".join(service_processes.COMPOSE[1:])
    assert docker_calls.read_text().splitlines() == [
        f"{compose} ps",
        f"{compose} up --detach --wait redis",
        f"{compose} down",
    ]


def test_a_docker_that_does_not_answer(docker_calls: Path, monkeypatch: pytest.MonkeyPatch):
    """It is asked once, and nothing more."""
    monkeypatch.setenv("DOCKER_FAILS", "1")
    service_processes.start_containers(["redis"])
    stop_all()
    assert [call.split()[-1] for call in docker_calls.read_text().splitlines()] == ["ps"]

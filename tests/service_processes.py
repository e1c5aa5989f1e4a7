"""Starts servers for the tests from the programs of this machine, and stops them again.

Each has a folder of its own with its data and its log, and nobody but this machine can reach
it: so it needs no password. Those of the system, their data and their configuration stay as they
are. No data survives a stop.
"""

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from sqlalchemy.engine import make_url

from tests.ports import free_port

PLACES = (
    "/usr/lib/rabbitmq/bin",  # before the script of Debian, which runs one broker only
    *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
    "/usr/sbin",
)
"""Where programs are that a PATH may lack."""

COMPOSE = (
    "docker",
    "compose",
    "--file",
    str(Path(__file__).parents[1] / "deploy/compose.services.yaml"),
)

SECONDS_TO_STOP = 30


_started: list[subprocess.Popen[bytes]] = []
"""What this process started and has to ask about, or Python complains."""


class CannotStart(Exception):
    """A server was not started; the message says why."""


@dataclass(frozen=True)
class Program:
    """How a server is run, in its folder.

    Attributes:
        user: who runs it when root asks: root itself may not, or had better not.
        files: the programs that it takes.
        command: what runs it, with `{folder}` and `{port}`.
        prepare: what makes its data before, with `{folder}` and `{user}`, the name in the address.
        environment: writes its configuration and returns variables, from folder and port.
    """

    user: str
    files: tuple[str, ...]
    command: str
    prepare: str = ""
    environment: Callable[[Path, int], dict[str, str]] = lambda folder, port: {}


def _rabbitmq(folder: Path, port: int) -> dict[str, str]:
    # What the machine has in /etc/rabbitmq is for another broker.
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    (folder / "none.config").write_text("[].")
    (folder / "none.sh").touch()
    return {
        "RABBITMQ_NODENAME": f"workbook-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.sh"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "none.config"),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_CRASH_DUMP_SECONDS": "0",
    }


PROGRAMS = {
    "PostgreSQL": Program(
        user="postgres",
        files=("initdb", "postgres"),
        prepare="initdb --pgdata=data --username={user} --auth=trust --encoding=UTF8 --no-sync",
        command="postgres -D data -k {folder} -h 127.0.0.1 -p {port}",
    ),
    "MariaDB": Program(
        user="mysql",
        files=("mariadb-install-db", "mariadbd"),
        prepare="mariadb-install-db --no-defaults --datadir={folder}/data --skip-test-db"
        " --auth-root-authentication-method=normal",
        command="mariadbd --no-defaults --datadir={folder}/data --socket={folder}/socket"
        " --pid-file={folder}/pid --bind-address=127.0.0.1 --port={port}",
    ),
    "Redis": Program(
        user="redis",
        files=("redis-server",),
        command="redis-server --bind 127.0.0.1 --port {port} --save ''",
    ),
    "RabbitMQ": Program(
        user="rabbitmq",
        files=("epmd", "rabbitmq-server"),
        # A broker finds others by `epmd`. It would start one that stays when the broker has gone.
        command="sh -c 'epmd & exec rabbitmq-server'",
        environment=_rabbitmq,
    ),
}


def home() -> Path:
    """The folder of all the servers that this user started."""
    return Path(tempfile.gettempdir(), f"workbook-services-{os.getuid()}")


def start(name: str, address: str) -> Path:
    """Start a server where the tests look for it, and return its folder before it answers.

    Args:
        name: which of `PROGRAMS`.
        address: its address, on this machine.

    Raises:
        CannotStart: the program is not installed, the address is not of this machine, somebody
            else has the port, or the data could not be made.
    """
    program, url = PROGRAMS[name], make_url(address)
    path = os.pathsep.join([*PLACES, os.environ.get("PATH", os.defpath)])
    for file in program.files:
        if shutil.which(file, path=path) is None:
            raise CannotStart(f"{file} is not installed")
    if url.host not in ("127.0.0.1", "localhost") or url.port is None:
        raise CannotStart(f"{url.host} is another machine")
    if _is_taken(url.port):
        raise CannotStart(f"something else has port {url.port}: name another one")
    # Servers run as users of their own, and must be let through to their folders.
    home().mkdir(mode=0o755, exist_ok=True)
    if home().stat().st_uid != os.getuid():
        raise CannotStart(f"{home()} belongs to somebody else")
    folder = home() / f"{name.lower()}-{url.port}"
    _forget(folder)
    folder.mkdir(mode=0o700)
    environment = {
        "PATH": path,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        **program.environment(folder, url.port),
    }
    user = None
    if os.getuid() == 0:
        user = program.user
        for one in (folder, *folder.iterdir()):
            shutil.chown(one, user, user)
    with (folder / "log.txt").open("w") as log:
        run = partial(
            subprocess.Popen,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        if program.prepare:
            command = program.prepare.format(folder=folder, user=url.username)
            if run(shlex.split(command)).wait() != 0:
                raise CannotStart(f"{program.files[0]} failed: see {folder / 'log.txt'}")
        _started.append(run(shlex.split(program.command.format(folder=folder, port=url.port))))
    return folder


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # A connection that ended a moment ago is nobody who listens.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def start_containers(names: list[str]) -> None:
    """Start services of deploy/compose.services.yaml, if there is a Docker that answers."""
    if not names or shutil.which("docker") is None:
        return
    if subprocess.run([*COMPOSE, "ps"], check=False, capture_output=True).returncode == 0:
        home().mkdir(mode=0o755, exist_ok=True)
        (home() / "containers").touch()
        subprocess.run([*COMPOSE, "up", "--detach", "--wait", *names], check=False)


def stop_all() -> list[str]:
    """Stop every server that this user started, remove their data, and return their names."""
    folders = sorted(home().glob("*-*"))
    for folder in folders:
        _forget(folder)
    if (home() / "containers").exists():
        subprocess.run([*COMPOSE, "down"], check=False)
    shutil.rmtree(home(), ignore_errors=True)
    return [folder.name for folder in folders]


def _forget(folder: Path) -> None:
    """Stop the processes that work in a folder, and remove it."""
    for process in processes_in(folder):
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    deadline = time.monotonic() + SECONDS_TO_STOP
    while time.monotonic() < deadline and processes_in(folder):
        time.sleep(0.05)
    for process in processes_in(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for process in _started:
        process.poll()
    shutil.rmtree(folder, ignore_errors=True)


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return the processes without a terminal whose working directory is in a folder.

    Not those whose number was noted: it may be somebody else's by now, and a server that failed
    leaves children behind. Whoever looks at the folder in a terminal is left alone.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.terminal() is None and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found

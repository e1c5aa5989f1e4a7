"""The image, built and run without Docker: the Dockerfile's own steps in a clean folder.

It runs with the variables of compose.yaml, on databases and queues of the test's own.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from pathlib import Path, PurePosixPath
from subprocess import STDOUT

import pytest

from tests.deploy.dockerfile import build, is_sent, read_stages, variables
from tests.deploy.environments import DEPLOY, ROOT, read_compose
from tests.ports import free_port
from tests.services import (
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    ServerDatabase,
    broker_namespace,
    redis_namespace,
)

BUILDER, RUNTIME = read_stages(DEPLOY / "Dockerfile")
COMPOSE = read_compose()["services"]

type Run = Callable[[list[str]], int]
type Running = Callable[[list[str], str], AbstractContextManager[subprocess.Popen[str]]]

# One build for all of them: with pytest-xdist, in one worker.
pytestmark = pytest.mark.slow


def of_this_machine() -> dict[str, str]:
    """The variables that a build or a container here needs, and none that name our own Python."""
    foreign = ("SHOP_", "VIRTUAL_ENV", "PYTHON", "COV_", "WORKBOOK_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    # uv makes no environment from the Python of another one.
    programs = [f"{sys.base_prefix}/bin", str(Path(sys.executable).parent), os.environ["PATH"]]
    return kept | {"PATH": os.pathsep.join(programs)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the image's file system, as the builder leaves it."""
    context, root = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("root")
    patterns = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    for folder in ("deploy", "lesson_app", "."):
        for path in (ROOT / folder).glob("*" if folder == "." else "**/*"):
            name = PurePosixPath(path.relative_to(ROOT))
            if path.is_file() and is_sent(name, patterns):
                (context / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, context / name)
    build(BUILDER, context, root, of_this_machine())
    (root / "data").mkdir()
    return root


@pytest.fixture
def environment(root: Path) -> Generator[dict[str, str]]:
    """What a container gets: the variables of the image, then those of Compose, here."""
    POSTGRESQL.need()
    REDIS.need()
    RABBITMQ.need()
    (image,) = (variables(one) for one in RUNTIME if one.name == "ENV")
    image = {
        name: re.sub("^/(app|data)", rf"{root}/\1", text).replace("$PATH", "/usr/bin:/bin")
        for name, text in image.items()
    }
    database, stack = ServerDatabase(POSTGRESQL.url), AsyncExitStack()
    with asyncio.Runner() as runner, broker_namespace() as queue:
        runner.run(database.create())
        stack.push_async_callback(database.drop)
        try:
            keys = runner.run(stack.enter_async_context(redis_namespace()))
            yield {
                **of_this_machine(),
                **image,
                **COMPOSE["app"]["environment"],
                "PORT": str(free_port()),
                "SHOP_DATABASE_URL": database.url,
                "SHOP_REDIS_URL": keys["redis_url"],
                "SHOP_REDIS_PREFIX": keys["redis_prefix"],
                "SHOP_BROKER_URL": queue["broker_url"],
                "SHOP_BROKER_QUEUE": queue["broker_queue"],
            }
        finally:
            runner.run(stack.aclose())


@pytest.fixture
def run(root: Path, environment: dict[str, str]) -> Run:
    """Run a command in the container until it ends, and return its status."""

    def run(command: list[str]) -> int:
        return subprocess.run(command, check=False, cwd=root / "app", env=environment).returncode

    return run


@pytest.fixture
def running(root: Path, environment: dict[str, str]) -> Running:
    """Run a command in the container for as long as the context lasts; it has said it is ready."""

    @contextmanager
    def running(command: list[str], ready: str) -> Generator[subprocess.Popen[str]]:
        said = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=root / "app", env=environment, text=True, stdout=said, stderr=STDOUT
        ) as process:
            assert process.stdout
            lines = []
            for line in process.stdout:
                lines.append(line)
                if ready in line:
                    break
            else:
                pytest.fail("It ended before it was ready:\n" + "".join(lines))
            try:
                yield process
            finally:
                process.terminate()

    return running


def command_of(name: str) -> list[str]:
    """The command of the image, for `CMD` and `HEALTHCHECK`."""
    (command,) = (one.command for one in RUNTIME if one.name == name)
    return command


def test_the_image_holds_the_shop_and_nothing_else(root: Path):
    """Audit 17.1: the build succeeds in a clean folder, with only what it copies."""
    assert sorted(path.name for path in (root / "app").iterdir()) == [
        ".venv",
        "check_health.py",
        "check_worker.py",
        "lesson_app",
        "pyproject.toml",
        "requirements.txt",
    ]
    assert (root / "app/lesson_app/__pycache__").is_dir()
    assert not list((root / "app/.venv/lib").glob("*/site-packages/jupyterlab"))


def test_every_package_has_what_it_needs(root: Path):
    """The requirements are complete."""
    python = root / "app/.venv/bin/python"
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [uv, "pip", "check", "--python", python], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_release(environment: dict[str, str], run: Run, running: Running):
    """Audit 17.2: tables first, then the app answers, and its health check can tell."""
    check = command_of("HEALTHCHECK")
    assert run(check) == 1
    assert run(COMPOSE["migrate"]["command"]) == 0
    with running(command_of("CMD"), "Uvicorn running on") as server:
        assert run(check) == 0
        request = urllib.request.Request(
            f"http://127.0.0.1:{environment['PORT']}/api/v2/items", headers={"Host": "shop.example"}
        )
        with urllib.request.urlopen(request) as response:
            assert json.load(response)["items"] == []
        server.terminate()
        # Uvicorn ends its work, and then by the signal that it got.
        assert server.wait(30) == -signal.SIGTERM
        assert server.stdout
        assert "Application shutdown complete" in server.stdout.read()
    assert run(check) == 1


def test_the_worker(run: Run, running: Running):
    """Its health check finds it listening to the queue, and finds nobody when it has stopped."""
    check = COMPOSE["worker"]["healthcheck"]["test"][1:]
    assert run(COMPOSE["migrate"]["command"]) == 0
    with running(COMPOSE["worker"]["command"], "ready.") as worker:
        assert run(check) == 0
        worker.terminate()
        assert worker.wait(30) == 0
        assert run(check) == 1


@pytest.mark.parametrize("name", ["SHOP_JWT_SECRET", "SHOP_DATABASE_URL", "SHOP_ALLOWED_HOSTS"])
def test_a_variable_that_was_forgotten(root: Path, environment: dict[str, str], name: str):
    """Audit 17.2: the shop does not start, and says what it needs."""
    del environment[name]
    done = subprocess.run(
        command_of("CMD"),
        check=False,
        cwd=root / "app",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert f"production needs {name}" in done.stderr


def test_whatever_a_setting_turns_on_is_installed(run: Run, environment: dict[str, str]):
    """The image has the extras: an app with all of them is made."""
    environment |= {
        "SHOP_ADMIN_PANEL": "true",
        "SHOP_GRAPHQL": "true",
        "SHOP_TELEMETRY": "true",
        "SHOP_SENTRY_DSN": "https://key@sentry.invalid/1",
    }
    assert run(["python", "-c", "import lesson_app.main"]) == 0

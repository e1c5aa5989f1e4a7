"""What the tests say about services that do and do not answer."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest
import redis.asyncio as redis
from amqp import NotFound
from kombu import Connection
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests import database_claims, services
from tests.ports import free_port
from tests.services import (
    MARIADB,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REQUIRE,
    SERVICES,
    ServerDatabase,
    broker_namespace,
    redis_namespace,
)


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    return free_port()


SCHEMES = {
    POSTGRESQL: "postgresql+asyncpg://postgres@127.0.0.1:{}/postgres",
    MARIADB: "mysql+aiomysql://root@127.0.0.1:{}",
    REDIS: "redis://127.0.0.1:{}/0",
    RABBITMQ: "amqp://guest:guest@127.0.0.1:{}//",
}


@pytest.fixture
def silent(request, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> services.Service:
    """A service at an address where nobody answers."""
    service = request.param
    monkeypatch.setenv(service.variable, SCHEMES[service].format(closed_port))
    return service


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_that_answers(service: services.Service):
    """Nothing is to be said about it."""
    service.need()
    assert service.silence() is None


@pytest.mark.parametrize("silent", SERVICES, ids=lambda service: service.name, indirect=True)
def test_a_silent_service_skips_its_tests(
    silent: services.Service, monkeypatch: pytest.MonkeyPatch
):
    """The reason names the service and the variable that says where it is."""
    monkeypatch.delenv(REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        silent.need()
    assert str(skipped.value).startswith(f"{silent.name} does not answer ({silent.variable}): ")


@pytest.mark.parametrize("silent", SERVICES, ids=lambda service: service.name, indirect=True)
def test_a_service_that_is_required_fails_its_tests(
    silent: services.Service, monkeypatch: pytest.MonkeyPatch
):
    """Where all services are meant to run, a silent one is an error."""
    monkeypatch.setenv(REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match=f"{silent.name} does not answer"):
        silent.need()


@pytest.mark.parametrize("silent", [REDIS], ids=["Redis"], indirect=True)
def test_what_is_printed_about_a_silent_service(silent: services.Service, monkeypatch, capsys):
    """How to start it, and how to name another address."""
    monkeypatch.setattr(services, "SERVICES", (silent,))
    assert services.main([]) == 1
    printed = capsys.readouterr().out
    assert "Redis       Redis does not answer" in printed
    assert "apt-get install redis-server" in printed
    assert "export WORKBOOK_REDIS_URL=redis://127.0.0.1:6379/0" in printed


def test_what_is_printed_when_all_answer(monkeypatch: pytest.MonkeyPatch, capsys):
    """One line each, and no advice."""

    async def answer(url: str) -> None:
        pass

    monkeypatch.setattr(services, "SERVICES", (replace(REDIS, ask=answer),))
    assert services.main([]) == 0
    assert capsys.readouterr().out == "Redis       answers\n"


@pytest.mark.anyio
@pytest.mark.parametrize("service", [POSTGRESQL, MARIADB], ids=lambda service: service.name)
async def test_a_database_that_exists_is_never_taken(service: services.Service):
    """A name that somebody has already is an error, so nobody's data is ever dropped."""
    await asyncio.to_thread(service.need)
    first, second = ServerDatabase(service.url), ServerDatabase(service.url)
    assert first.name != second.name
    second.name = first.name
    await first.create()
    try:
        with pytest.raises(DBAPIError, match="exists"):
            await second.create()
        engine = create_async_engine(first.url, poolclass=NullPool)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
    finally:
        await first.drop()


MAKE_A_DATABASE = """
import asyncio, sys
from tests.services import ServerDatabase
database = ServerDatabase(sys.argv[1])
asyncio.run(database.create())
print(database.name, flush=True)
sys.stdin.read()
asyncio.run(database.drop())
"""


@pytest.fixture
def other_run() -> Generator[Callable[[str], tuple[subprocess.Popen[str], str]]]:
    """Start another run of the tests, which makes a database until it ends; return both."""
    runs = []

    def start(server_url: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", MAKE_A_DATABASE, server_url]
        pipe, root = subprocess.PIPE, Path(__file__).parents[1]
        run = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root)
        runs.append(run)
        assert run.stdout
        return run, run.stdout.readline().strip()

    yield start
    for run in runs:
        run.communicate()


async def names_on(server_url: str) -> set[str]:
    """The databases of a server."""
    postgresql = make_url(server_url).get_backend_name() == "postgresql"
    query = "SELECT datname FROM pg_database" if postgresql else "SHOW DATABASES"
    engine = create_async_engine(server_url, poolclass=NullPool)
    async with engine.connect() as connection:
        return set(await connection.scalars(text(query)))


@pytest.mark.slow
@pytest.mark.parametrize("service", [POSTGRESQL, MARIADB], ids=lambda service: service.name)
def test_what_a_killed_run_left_is_dropped(service: services.Service, other_run):
    """The next run drops it; the database of a run that lives stays, and that of anybody else."""
    service.need()
    _, alive = other_run(service.url)
    killed, left = other_run(service.url)
    killed.kill()
    killed.wait()
    # Made with the same kind of name, by somebody who has no claim.
    foreign = ServerDatabase(service.url)
    asyncio.run(foreign.create())
    assert foreign._claim
    database_claims.give_up(foreign._claim)
    mine = ServerDatabase(service.url)
    try:
        asyncio.run(mine.create())
        names = asyncio.run(names_on(service.url))
        assert {alive, left, foreign.name, mine.name} & names == {alive, foreign.name, mine.name}
    finally:
        asyncio.run(mine.drop())
        asyncio.run(foreign.drop())


@pytest.mark.anyio
async def test_a_test_on_redis_leaves_nothing_and_takes_nothing():
    """What has the prefix goes; a key of somebody else stays."""
    await asyncio.to_thread(REDIS.need)
    async with redis.from_url(REDIS.url) as client, redis_namespace() as other:
        await client.set(other["redis_prefix"] + "count", 1)
        async with redis_namespace() as mine:
            await client.set(mine["redis_prefix"] + "count", 1)
        left = [await client.exists(one["redis_prefix"] + "count") for one in (mine, other)]
    assert left == [0, 1]


def test_a_test_on_rabbitmq_leaves_nothing():
    """The queue, and the exchange that Celery names after it, are gone."""
    RABBITMQ.need()
    with Connection(RABBITMQ.url) as connection:
        with broker_namespace() as mine, connection.SimpleQueue(mine["broker_queue"]) as queue:
            queue.put("hello")
        with pytest.raises(NotFound), connection.channel() as channel:
            channel.queue_declare(mine["broker_queue"], passive=True)

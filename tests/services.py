"""The services that tests talk to, and a namespace of a test run's own in each of them.

`python -m tests.services` says which of them answer; with `--start` it starts the others.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio as redis
from filelock import FileLock
from kombu import Connection
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lesson_app.models import Base
from tests import database_claims, service_processes

REQUIRE = "WORKBOOK_REQUIRE_SERVICES"
"""Set to 1, a service that does not answer fails the tests that need it; else they are skipped."""

SECONDS_TO_ANSWER = 5
SECONDS_TO_START = 60


async def _ask_database(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def _ask_redis(url: str) -> None:
    async with redis.from_url(url) as client:
        await client.ping()


async def _ask_broker(url: str) -> None:
    def connect() -> None:
        with Connection(url, connect_timeout=SECONDS_TO_ANSWER) as connection:
            connection.connect()

    await asyncio.to_thread(connect)


@dataclass(frozen=True)
class Service:
    """A server on this machine or another.

    Attributes:
        name: what people call it.
        variable: the environment variable that says where it is.
        default: where it is when that is not set.
        package: Debian's package.
        ask: connects to an address and raises when nobody answers there.
    """

    name: str
    variable: str
    default: str
    package: str
    ask: Callable[[str], Coroutine[Any, Any, None]]

    @property
    def url(self) -> str:
        """Where the service is. Its user may create and drop databases, keys or queues."""
        return os.environ.get(self.variable, self.default)

    def silence(self) -> str | None:
        """Return why the service does not answer, or None when it does."""
        try:
            asyncio.run(asyncio.wait_for(self.ask(self.url), SECONDS_TO_ANSWER))
        except Exception as error:  # noqa: BLE001  # each driver has its own way to say no
            reason = (str(error).splitlines() or [""])[0] or type(error).__name__
            return f"{self.name} does not answer ({self.variable}): {reason}"
        return None

    def need(self) -> None:
        """Skip the test that asks when the service does not answer, or fail it: see `REQUIRE`."""
        if reason := self.silence():
            if os.environ.get(REQUIRE) == "1":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


POSTGRESQL = Service(
    "PostgreSQL",
    "WORKBOOK_POSTGRESQL_URL",
    "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres",
    "postgresql",
    _ask_database,
)
MARIADB = Service(
    "MariaDB",
    "WORKBOOK_MARIADB_URL",
    "mysql+aiomysql://root@127.0.0.1:3306",
    "mariadb-server",
    _ask_database,
)
REDIS = Service(
    "Redis", "WORKBOOK_REDIS_URL", "redis://127.0.0.1:6379/0", "redis-server", _ask_redis
)
RABBITMQ = Service(
    "RabbitMQ",
    "WORKBOOK_RABBITMQ_URL",
    "amqp://guest:guest@127.0.0.1:5672//",
    "rabbitmq-server",
    _ask_broker,
)
SERVICES = (POSTGRESQL, MARIADB, REDIS, RABBITMQ)

SERVER_BACKENDS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgresql", "mariadb")]
BACKENDS = ["sqlite", *SERVER_BACKENDS]
"""Parameters of a test that runs on each of the databases; `make check` takes the first only."""


def new_name(prefix: str = "shop_test_") -> str:
    """Return a name that no other run and no other worker has."""
    return prefix + uuid4().hex[:16]


TABLES_THAT_COUNTED = {
    "postgresql": (
        "SELECT substr(sequencename, 1, length(sequencename) - length('_id_seq'))"
        " FROM pg_sequences WHERE last_value IS NOT NULL"
    ),
    "mysql": (
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND auto_increment > 1"
    ),
}
"""Which tables have given out an id, and so may hold rows."""

COUNT_FROM_1 = {
    "postgresql": "ALTER SEQUENCE {}_id_seq RESTART",
    "mysql": "ALTER TABLE {} AUTO_INCREMENT = 1",
}


async def _run_on_server(server_url: str, *statements: str) -> None:
    """Run statements that no transaction may hold, such as CREATE DATABASE."""
    engine = create_async_engine(server_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))


class ServerDatabase:
    """A database of this process's own on a server; nobody else knows its name."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self.name = new_name()
        self.url = (
            make_url(server_url).set(database=self.name).render_as_string(hide_password=False)
        )
        postgresql = make_url(server_url).get_backend_name() == "postgresql"
        self.dialect = "postgresql" if postgresql else "mysql"
        self._claim: FileLock | None = None

    async def create(self) -> None:
        """Create the database. It fails when the name exists, so no other is ever touched.

        Databases that killed runs of this machine left on the server are dropped before.
        """
        for claim in database_claims.take_over_abandoned(self.server_url):
            await self._drop(Path(claim.lock_file).name)
            database_claims.give_up(claim)
        statements = [f"CREATE DATABASE {self.name}"]
        if self.dialect == "postgresql":
            # A test's data need not survive a power cut.
            statements.append(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        await _run_on_server(self.server_url, *statements)
        # Not before: what somebody else made under this name must never be ours to drop.
        self._claim = database_claims.claim(self.server_url, self.name)

    async def drop(self) -> None:
        """Drop the database, even when a test left a connection open."""
        await self._drop(self.name)
        if self._claim is not None:
            database_claims.give_up(self._claim)

    async def _drop(self, name: str) -> None:
        # It is gone already when a run was killed between dropping it and giving up its claim.
        force = " WITH (FORCE)" if self.dialect == "postgresql" else ""
        await _run_on_server(self.server_url, f"DROP DATABASE IF EXISTS {name}{force}")

    async def empty(self) -> None:
        """Delete every row of every table of the shop, and count ids from 1 again."""
        engine = create_async_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            # TRUNCATE makes new files for each table, and most are empty after most tests.
            used = (await connection.scalars(text(TABLES_THAT_COUNTED[self.dialect]))).all()
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in used:
                    await connection.execute(table.delete())
                    await connection.execute(text(COUNT_FROM_1[self.dialect].format(table.name)))


@asynccontextmanager
async def redis_namespace() -> AsyncGenerator[dict[str, Any]]:
    """Lend the settings for Redis with a new prefix; delete what has it at the end."""
    prefix = new_name() + ":"
    try:
        yield {"redis_url": REDIS.url, "redis_prefix": prefix}
    finally:
        async with redis.from_url(REDIS.url) as client:
            async for key in client.scan_iter(match=f"{prefix}*"):
                await client.delete(key)


@contextmanager
def broker_namespace() -> Generator[dict[str, Any]]:
    """Lend the settings for RabbitMQ with a new queue; delete it and its exchange at the end."""
    name = new_name()
    try:
        yield {"broker_url": RABBITMQ.url, "broker_queue": name}
    finally:
        with Connection(RABBITMQ.url) as connection, connection.channel() as channel:
            channel.queue_delete(name)
            channel.exchange_delete(name)


def report() -> list[Service]:
    """Print which services answer, and return those that do not."""
    silent = []
    for service in SERVICES:
        reason = service.silence()
        print(f"{service.name:12}{'answers' if reason is None else reason}")
        if reason is not None:
            silent.append(service)
    return silent


def start(silent: list[Service]) -> None:
    """Start services from the programs of this machine, the others with Docker; wait for them."""
    folders, others = {}, []
    for service in silent:
        try:
            folders[service] = service_processes.start(service.name, service.url)
        except service_processes.CannotStart as error:
            print(f"{service.name:12}is not started: {error}")
            others.append(service.name.lower())
        else:
            print(f"{service.name:12}starts in {folders[service]}")
    service_processes.start_containers(others)
    deadline = time.monotonic() + SECONDS_TO_START
    for service, folder in folders.items():
        while service.silence() and service_processes.processes_in(folder):
            if time.monotonic() > deadline:
                return
            time.sleep(0.2)


def main(arguments: list[str]) -> int:
    """Print which services answer; return how many do not.

    Args:
        arguments: `--start` starts the others, `--stop` stops what was started so.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=main.__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--start", action="store_true", help="start those that do not answer")
    choice.add_argument("--stop", action="store_true", help="stop those that were started so")
    chosen = parser.parse_args(arguments)
    if chosen.stop:
        for name in service_processes.stop_all():
            print(f"{name} was stopped")
        return 0
    silent = report()
    if silent and chosen.start:
        start(silent)
        silent = report()
        print("To stop what was started: python -m tests.services --stop")
    if silent:
        packages = " ".join(service.package for service in silent)
        print("\nThe tests that need these are skipped. To have them:")
        print(f"  Debian, as root:  apt-get install {packages}, then make services")
        print("  or with Docker:   docker compose -f deploy/compose.services.yaml up -d --wait")
        print("  or elsewhere:     name an address whose user may create databases")
        for service in silent:
            print(f"                    export {service.variable}={service.default}")
    return len(silent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

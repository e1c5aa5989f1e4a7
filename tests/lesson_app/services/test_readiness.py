"""Whether the app can do its work, part by part."""

import asyncio
import signal

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lesson_app import InMemorySettings, create_app
from lesson_app.core.exceptions import NotReady
from lesson_app.core.redis_client import open_redis
from lesson_app.database import open_engine
from lesson_app.migrations import upgrade
from lesson_app.services import readiness
from lesson_app.services.readiness import Readiness

pytestmark = pytest.mark.anyio

NOBODY = "127.0.0.1:1"
"""A port at which nobody listens."""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What works is waited for: on a busy machine, it may take longer than a load balancer waits."""
    monkeypatch.setattr(Readiness.__init__, "__kwdefaults__", {"timeout": 60.0})


def make(engine: AsyncEngine, redis=None, **settings) -> Readiness:
    return Readiness(InMemorySettings.model_validate(settings), engine, redis)


async def failing(one: Readiness) -> str:
    with pytest.raises(NotReady) as caught:
        await one.check()
    return str(caught.value)


async def test_a_running_shop_is_ready(http):
    """On each database; with the tables of its migrations, where migrations made them."""
    response = await http.get("/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_tables_of_another_version(settings: InMemorySettings, backend: str):
    """A process whose database is not at the newest migration gets no requests."""
    if backend == "sqlite":
        pytest.skip("a database in memory has no history")
    async with open_engine(settings) as engine:
        await make(engine).check()
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        try:
            assert await failing(make(engine)) == "Not ready: migrations."
        finally:
            async with engine.begin() as connection:
                newest = next(iter(readiness.newest_revisions()))
                statement = text("UPDATE alembic_version SET version_num = :newest")
                await connection.execute(statement, {"newest": newest})


async def test_a_file_with_the_newest_tables(tmp_path):
    """A shop on SQLite is compared with the newest migration too."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    settings = InMemorySettings.model_validate({"database_url": url})
    await upgrade(settings)
    async with open_engine(settings) as engine:
        await make(engine).check()


async def test_a_database_without_tables(tmp_path):
    """No migration has run: it answers, and is of no use yet."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    try:
        assert await failing(make(engine)) == "Not ready: migrations."
    finally:
        await engine.dispose()


@pytest.mark.parametrize("driver", ["postgresql+asyncpg", "mysql+aiomysql"])
async def test_a_database_that_is_away(running, driver: str, log_lines):
    """The answer names the part; the log says why; neither shows the password."""
    app = create_app(InMemorySettings())
    async with running(app) as http, app.router.lifespan_context(app) as state:
        engine = create_async_engine(f"{driver}://shop:s3cret@{NOBODY}/shop")
        assert await failing(make(engine)) == "Not ready: database, migrations."
        assert state is not None
    assert http.is_closed
    reasons = [line["event"] for line in log_lines.all() if line["level"] == "warning"]
    assert sorted(reasons) == ["not ready: database", "not ready: migrations"]
    assert "s3cret" not in log_lines.getvalue()


async def test_services_that_answer(settings, redis_namespace, broker_namespace):
    """Redis and the broker are asked when they are used."""
    settings = settings.model_copy(
        update=InMemorySettings(**redis_namespace, **broker_namespace).model_dump(
            include={"redis_url", "broker_url"}
        )
    )
    async with open_engine(settings) as engine, open_redis(settings) as redis:
        await Readiness(settings, engine, redis).check()


async def test_services_that_are_away():
    """Each is named."""
    settings = InMemorySettings.model_validate(
        {"redis_url": f"redis://{NOBODY}", "broker_url": f"amqp://guest:s3cret@{NOBODY}//"}
    )
    async with open_engine(settings) as engine, open_redis(settings) as redis:
        assert await failing(Readiness(settings, engine, redis)) == "Not ready: redis, broker."


async def test_a_part_that_takes_too_long(monkeypatch):
    """It counts as one that fails; the others are asked meanwhile."""

    async def hang(engine) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(readiness, "_ask_database", hang)
    settings = InMemorySettings.model_validate({"redis_url": f"redis://{NOBODY}"})
    async with open_engine(settings) as engine, open_redis(settings) as redis:
        impatient = Readiness(settings, engine, redis, timeout=0.01)
        assert await failing(impatient) == "Not ready: database, redis."


async def test_many_who_ask_at_once_share_one_answer(monkeypatch):
    """So /ready, which nobody has to log in for, takes no more than one round of connections."""
    asked = 0
    asking, go_on = asyncio.Event(), asyncio.Event()

    async def count(engine) -> None:
        nonlocal asked
        asked += 1
        asking.set()
        await go_on.wait()

    monkeypatch.setattr(readiness, "_ask_database", count)
    async with open_engine(InMemorySettings()) as engine:
        one = make(engine)
        impatient = asyncio.create_task(one.check())
        others = [asyncio.create_task(one.check()) for _ in range(5)]
        await asking.wait()
        impatient.cancel()
        await asyncio.wait([impatient])
        go_on.set()
        await asyncio.gather(*others)
        assert asked == 1
        await one.check()
        assert asked == 2


@pytest.fixture
def server_handler():
    """A server's handler of SIGTERM, which lets the process live."""
    former = signal.signal(signal.SIGTERM, lambda number, frame: None)
    yield
    signal.signal(signal.SIGTERM, former)


async def test_a_shop_that_stops_is_not_ready(server_handler, running):
    """From the signal on, before open answers have ended: no new requests, please."""
    app: FastAPI = create_app()
    async with running(app) as http:
        before = await http.get("/ready")
        signal.raise_signal(signal.SIGTERM)
        # The signal is passed on in the next round of the loop.
        await asyncio.sleep(0)
        after = await http.get("/ready")
        alive = await http.get("/health")
    assert [one.status_code for one in (before, after, alive)] == [200, 503, 200]
    assert after.headers["content-type"] == "application/problem+json"
    assert after.json()["detail"] == "Not ready: shutdown."

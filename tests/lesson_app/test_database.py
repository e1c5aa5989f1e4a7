"""Column types and what a connection is set to."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from importlib.metadata import requires
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event, literal, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.pool import AsyncAdaptedQueuePool

from lesson_app import InMemorySettings, Settings, create_app, database
from lesson_app.database import UtcDateTime, begin_exclusive, open_engine, utc_now
from lesson_app.models import Item, User
from tests.services import SERVER_BACKENDS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sqlite_sessions():
    app = create_app()
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        yield state["sessions"]


async def test_sqlite_enforces_foreign_keys(sqlite_sessions):
    """Every connection has foreign keys switched on."""
    async with sqlite_sessions() as session:
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1


async def test_sqlite_in_a_file_lets_readers_and_a_writer_go_together(tmp_path: Path):
    """A read does not wait for the transaction that writes, and sees none of it."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    settings = InMemorySettings.model_validate({"database_url": url})
    async with open_engine(settings) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE names (name TEXT)"))
        async with engine.begin() as writer, engine.connect() as reader:
            await writer.execute(text("INSERT INTO names VALUES ('Ada')"))
            read = (await reader.execute(text("SELECT count(*) FROM names"))).scalar()
    assert read == 0


async def test_only_sqlite_is_told_to_enforce_them(monkeypatch):
    """Another database gets no PRAGMA, and no connection is opened before it is needed."""
    driver = SimpleNamespace(paramstyle="format")
    create_engine = partial(database.create_async_engine, module=driver)
    monkeypatch.setattr(database, "create_async_engine", create_engine)
    settings = Settings.model_validate({"database_url": "postgresql+asyncpg://db.invalid/shop"})
    async with open_engine(settings) as engine:
        told = event.contains(engine.sync_engine, "connect", database._set_up_sqlite)
    assert (engine.dialect.name, told) == ("postgresql", False)


async def test_audit_8_1_a_pool_is_sized_where_there_is_one():
    """Audit 8.1: `:memory:`, which has no pool to size, opens; a server's pool is as large as set."""
    sizes = {"database_pool_size": 2, "database_max_overflow": 1}
    memory = Settings.model_validate({"database_url": "sqlite+aiosqlite:///:memory:", **sizes})
    async with open_engine(memory) as engine, engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    server = Settings.model_validate({"database_url": "postgresql+asyncpg://db.invalid/x", **sizes})
    async with open_engine(server) as engine:
        pool = engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        assert (pool.size(), pool._max_overflow) == (2, 1)


@pytest.mark.parametrize("backend", SERVER_BACKENDS)
async def test_audit_8_1_a_connection_that_the_server_closed_is_replaced(
    sessions, settings: Settings, backend: str
):
    """Audit 8.1: the first request after a quiet night is answered: a pool asks before it lends."""
    whoami, end = {
        "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
        "mariadb": ("SELECT connection_id()", "KILL {}"),
    }[backend]
    async with sessions() as session:
        before = await session.scalar(text(whoami))
    async with open_engine(settings) as administrator, administrator.connect() as connection:
        await connection.execute(text(end.format(before)))
    async with sessions() as session:
        after = await session.scalar(text(whoami))
    assert after != before


def test_audit_x4_greenlet_is_installed_with_the_project():
    """Audit X4: SQLAlchemy brings it with an extra only; without it nothing asynchronous imports."""
    needed = [line for line in requires("fastapi-workbook") or [] if "sqlalchemy" in line.lower()]
    assert [line.partition(">")[0] for line in needed] == ["sqlalchemy[aiosqlite]"]


async def test_a_transaction_reads_what_others_have_committed(sessions):
    """Two reads of one transaction see what another one committed between them."""
    async with sessions() as session:
        before = await session.scalar(select(Item.stock).where(Item.id == 1))
        async with sessions.begin() as other:
            await other.execute(update(Item).where(Item.id == 1).values(stock=Item.stock + 1))
        after = await session.scalar(select(Item.stock).where(Item.id == 1))
    assert before + 1 == after


async def test_audit_8_11_two_who_read_before_they_write_take_turns(ready_sessions):
    """Audit 8.11: the last unit of stock is sold once, on SQLite too, which knows no FOR UPDATE."""
    async with ready_sessions.begin() as session:
        (await session.get_one(Item, 1)).stock = 1

    async def buy() -> bool:
        async with ready_sessions.begin() as session:
            # As a request does that looks first who is asking.
            await session.get_one(User, 1)
            await begin_exclusive(session)
            item = await session.scalar(select(Item).where(Item.id == 1).with_for_update())
            # What a slow thought would do: let the others read meanwhile.
            await asyncio.sleep(0.01)
            if item.stock == 0:
                return False
            item.stock -= 1
            return True

    sold = await asyncio.gather(*(buy() for _ in range(8)))
    assert sold.count(True) == 1


async def test_audit_8_11_one_statement_that_tests_and_changes_needs_no_lock(ready_sessions):
    """Audit 8.11: of many who take the last unit at once, one gets it."""
    async with ready_sessions.begin() as session:
        (await session.get_one(Item, 1)).stock = 1
    take = (
        update(Item)
        .where(Item.id == 1, Item.stock >= 1)
        .values(stock=Item.stock - 1)
        .execution_options(synchronize_session=False)
    )

    async def buy() -> int:
        async with ready_sessions.begin() as session:
            return (await session.execute(take)).rowcount

    assert sum(await asyncio.gather(*(buy() for _ in range(30)))) == 1


async def test_every_character_can_be_stored(sessions):
    """An emoji, which takes four bytes, comes back as it was."""
    async with sessions.begin() as session:
        (await session.get_one(Item, 1)).description = "Ünïcode 🫖"
    async with sessions() as session:
        assert (await session.get_one(Item, 1)).description == "Ünïcode 🫖"


async def test_text_is_compared_letter_by_letter(sessions):
    """`teapot` is not `Teapot`, on MariaDB too, which would find them equal by itself."""
    async with sessions() as session:
        found = await session.scalars(select(Item.name).where(Item.name == "teapot"))
        assert found.all() == []


async def test_an_error_that_is_no_violation_stays_what_it_is(sessions):
    """Only a violated constraint is called an IntegrityError."""
    async with sessions() as session:
        with pytest.raises(DBAPIError) as refused:
            await session.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(refused.value, IntegrityError)


async def test_audit_8_2_a_time_comes_back_in_utc_with_its_zone(sessions):
    """Audit 8.2: a moment in another time zone is the same moment, in UTC, after it was stored."""
    noon_in_delhi = datetime(2026, 1, 5, 12, 0, 0, 250, timezone(timedelta(hours=5, minutes=30)))
    async with sessions.begin() as session:
        item = await session.get_one(Item, 1)
        item.created_at = noon_in_delhi
    async with sessions() as session:
        read = (await session.get_one(Item, 1)).created_at
    assert (read, read.tzinfo) == (noon_in_delhi, UTC)


async def test_audit_8_2_a_time_without_a_zone_is_refused(sessions):
    """Audit 8.2: a naive time could mean any of 24 moments, so it is an error."""
    async with sessions() as session:
        with pytest.raises(StatementError, match="has no time zone"):
            await session.scalar(select(literal(datetime(2026, 1, 5), UtcDateTime())))


async def test_no_time_stays_no_time(sessions):
    """NULL goes in and out as None."""
    async with sessions() as session:
        assert await session.scalar(select(literal(None, UtcDateTime()))) is None


def test_a_time_from_a_driver_that_knows_zones_becomes_utc():
    """PostgreSQL answers in the time zone of its session; the shop answers in UTC."""
    in_paris = datetime(2026, 1, 5, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    read = UtcDateTime().process_result_value(in_paris, postgresql.dialect())
    assert (read, read and read.tzinfo) == (datetime(2026, 1, 5, 11, 0, tzinfo=UTC), UTC)


def test_now_has_a_time_zone():
    """The default of the timestamp columns is an aware time."""
    assert utc_now().tzinfo is UTC


@pytest.mark.parametrize("price", ["0.01", "0.10", "16777217.01", "9999999999.99"])
async def test_audit_8_2_money_is_exact(sessions, price: str):
    """Audit 8.2: the smallest and the largest amount come back to the cent, as a Decimal."""
    async with sessions.begin() as session:
        (await session.get_one(Item, 1)).price = Decimal(price)
    async with sessions() as session:
        read = (await session.get_one(Item, 1)).price
    assert (str(read), type(read)) == (price, Decimal)

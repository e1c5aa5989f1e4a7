"""Recognising what happens to transactions that meet, by provoking it on each database."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from lesson_app.core.contention import Contention, contention
from lesson_app.database import begin_exclusive, open_engine
from lesson_app.models import Item
from tests.services import SERVER_BACKENDS

pytestmark = pytest.mark.anyio


def sell(*item_ids: int):
    return (
        update(Item)
        .where(Item.id.in_(item_ids))
        .values(stock=Item.stock + 1)
        .execution_options(synchronize_session=False)
    )


async def test_a_lock_that_is_not_to_be_had_in_time(settings, sessions):
    """A transaction that holds a row longer than others may wait costs them an error."""
    impatient = settings.model_copy(update={"database_lock_timeout": timedelta(seconds=1)})
    async with (
        sessions() as holder,
        open_engine(impatient) as engine,
        engine.connect() as waiter,
    ):
        await begin_exclusive(holder)
        await holder.execute(sell(1))
        with pytest.raises(DBAPIError) as refused:
            await waiter.execute(sell(1))
    assert contention(refused.value) is Contention.TIMED_OUT


@pytest.mark.parametrize("backend", SERVER_BACKENDS)
async def test_a_deadlock(sessions):
    """Of two that wait for each other one is ended, and the other goes on."""
    both_hold = asyncio.Barrier(2)

    async def sell_both(first: int, second: int) -> Contention | None:
        async with sessions() as session:
            await session.execute(sell(first))
            await both_hold.wait()
            try:
                await session.execute(sell(second))
            except DBAPIError as error:
                return contention(error)
            await session.commit()
            return None

    ends = await asyncio.gather(sell_both(1, 2), sell_both(2, 1))
    assert set(ends) == {None, Contention.ROLLED_BACK}


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_snapshot_that_is_too_old_to_write(settings, tmp_path):
    """SQLite ends a transaction that read, and writes after another one has written."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    in_file = settings.model_copy(update={"database_url": type(settings.database_url)(url)})
    async with open_engine(in_file) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE counts (n INTEGER)"))
        async with engine.connect() as reader:
            await reader.execute(text("BEGIN"))
            await reader.execute(text("SELECT * FROM counts"))
            async with engine.begin() as writer:
                await writer.execute(text("INSERT INTO counts VALUES (1)"))
            with pytest.raises(OperationalError) as refused:
                await reader.execute(text("INSERT INTO counts VALUES (2)"))
    assert contention(refused.value) is Contention.ROLLED_BACK


@pytest.mark.parametrize("cause", [Exception(1062, "Duplicate entry"), Exception(["?"]), None])
def test_what_is_no_contention(cause):
    """A violated constraint and an unknown error are not worth another try."""
    assert contention(DBAPIError("INSERT", {}, cause)) is None

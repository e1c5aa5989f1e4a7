"""The demo data."""

import asyncio
import runpy
import sqlite3
import warnings
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lesson_app import InMemorySettings, Settings, create_app
from lesson_app.migrations import upgrade
from lesson_app.models import Item, Role, User
from lesson_app.seed import DEMO_PASSWORD, seed, seed_database

pytestmark = pytest.mark.anyio


async def rows(sessions) -> list[tuple]:
    async with sessions() as session:
        items = await session.scalars(select(Item).order_by(Item.id))
        return [(item.id, item.name, str(item.price), item.owner_id) for item in items]


async def test_the_demo_data_is_the_same_every_time(sessions):
    """Two new shops hold the same items, with the same ids and owners."""
    app = create_app()
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        other = await rows(state["sessions"])
    first = await rows(sessions)
    assert first == other
    assert first[:2] == [(1, "Teapot", "24.90", 1), (2, "Desk lamp", "39.00", 2)]


async def test_a_shop_in_use_is_left_alone(sessions):
    """Seeding twice adds nothing the second time."""
    async with sessions.begin() as session:
        await seed(session)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 3


async def test_the_caller_commits(settings: InMemorySettings):
    """Demo data that is not committed is not kept."""
    app = create_app(settings.model_copy(update={"seed_demo_data": False}))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with state["sessions"]() as session:
            await seed(session)
        assert await rows(state["sessions"]) == []


async def test_one_user_is_an_administrator(sessions):
    """There is someone to show the pages of administrators to, and only one."""
    async with sessions() as session:
        admins = await session.scalars(select(User.display_name).where(User.role == Role.ADMIN))
        assert admins.all() == ["Ada"]


async def test_the_command_fills_a_database(settings: InMemorySettings):
    """The demo data can be added by hand, and a second time adds nothing."""
    app = create_app(settings.model_copy(update={"seed_demo_data": False}))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        for _ in range(2):
            await seed_database(settings)
        assert len(await rows(state["sessions"])) == 12


async def test_production_gets_no_demo_data():
    """A command that was typed on the wrong machine does nothing."""
    settings = InMemorySettings.model_construct(environment="production")
    with pytest.raises(ValueError, match="no place in production"):
        await seed_database(settings)


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`python -m lesson_app.seed` reads the settings of the shop."""
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    asyncio.run(upgrade(Settings()))
    with warnings.catch_warnings():
        # The module is imported already; runpy says that it runs a second copy.
        warnings.simplefilter("ignore", RuntimeWarning)
        runpy.run_module("lesson_app.seed", run_name="__main__")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (12,)
    connection.close()


async def test_a_demo_user_can_log_in(http, sessions):
    """With the documented password, and without a new hash: the costs are a lesson's."""
    form = {"username": "ada@example.com", "password": DEMO_PASSWORD}
    assert (await http.post("/api/v1/auth/login", data=form)).status_code == 200
    async with sessions() as session:
        hashes = (await session.scalars(select(User.hashed_password).distinct())).all()
    assert len(hashes) == 1

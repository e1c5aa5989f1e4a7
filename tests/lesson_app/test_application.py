"""The factory and the lifespan."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from lesson_app import InMemorySettings, create_app
from lesson_app.models import User

pytestmark = pytest.mark.anyio

KITE = {"name": "Kite", "price": "9.50"}


async def test_two_apps_share_nothing(running, sign_in):
    """What is added to one app is not in another that runs at the same time."""
    async with running(create_app()) as one, running(create_app()) as other:
        as_ada = await sign_in(one, "ada@example.com")
        await one.post("/api/v1/items", json=KITE, headers=as_ada)
        totals = [(await http.get("/api/v1/items")).json()["total"] for http in (one, other)]
    assert totals == [13, 12]


async def test_an_app_can_run_twice(running, sign_in):
    """A second run of the lifespan starts from the demo data again."""
    app = create_app()
    totals = []
    for _ in range(2):
        async with running(app) as http:
            as_ada = await sign_in(http, "ada@example.com")
            await http.post("/api/v1/items", json=KITE, headers=as_ada)
            totals.append((await http.get("/api/v1/items")).json()["total"])
    assert totals == [13, 13]


async def test_overlapping_runs_of_one_app_do_not_end_each_other(running):
    """The end of a second run leaves the first run's database open."""
    app = create_app()
    async with running(app) as first:
        async with running(app):
            pass
        response = await first.get("/api/v1/items/1")
    assert response.status_code == 200


async def test_demo_data_can_be_left_out(running):
    """Without demo data the shop starts empty."""
    async with running(create_app(InMemorySettings(seed_demo_data=False))) as http:
        page = (await http.get("/api/v1/items")).json()
    assert page == {"items": [], "total": 0, "limit": 20, "offset": 0}


async def test_a_shop_in_a_file_gets_its_tables_from_the_migrations(tmp_path: Path):
    """So that a later migration finds them as it expects, unlike those that create_all makes."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    app = create_app(InMemorySettings.model_validate({"database_url": url}))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with state["sessions"]() as session:
            version = await session.scalar(text("SELECT version_num FROM alembic_version"))
    assert version == "0002"


async def test_tables_can_be_left_to_a_migration():
    """Without create_tables the lifespan leaves the database as it is."""
    app = create_app(InMemorySettings(create_tables=False, seed_demo_data=False))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        with pytest.raises(OperationalError, match="no such table: users"):
            async with state["sessions"]() as session:
                await session.scalar(select(func.count()).select_from(User))


async def test_a_lost_connection_does_not_take_the_database_with_it(sessions):
    """The data in memory outlives the connection that a cancelled request gives up."""
    async with sessions() as session:
        connection = await session.connection()
        # What SQLAlchemy does to the connection of a task that is cancelled during a query.
        await connection.invalidate()
    async with sessions() as session:
        users = await session.scalar(select(func.count()).select_from(User))
    assert users == 3


def test_importing_and_making_an_app_leaves_no_file(tmp_path: Path):
    """Neither the import of the package, nor of the server's app, opens the database."""
    code = "import lesson_app, lesson_app.main"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []

"""SQL statements appear where they are sent, whoever sends them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from workbook.client import client
from workbook.xray import XRay, sql, xray

pytestmark = pytest.mark.anyio


def statements(ray: XRay) -> list[tuple[str, str]]:
    return [(span.name, span.where) for span in ray.of_kind("sql")]


async def test_async_statements_and_the_commit_of_the_session() -> None:
    """With function scope the COMMIT comes before the response is sent."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as session:
            yield session
            await session.commit()

    app = FastAPI()

    @app.post("/items")
    async def create_item(
        session: Annotated[AsyncSession, Depends(get_session, scope="function")],
    ) -> None:
        await session.execute(text("CREATE TABLE items\n  (name TEXT)"))
        await session.execute(
            text("INSERT INTO items VALUES (:name)"), [{"name": "lamp"}, {"name": "chair"}]
        )

    try:
        ray = await xray(app, "POST", "/items")
    finally:
        await engine.dispose()

    assert statements(ray) == [
        ("CREATE TABLE items (name TEXT)", "event loop"),
        ("INSERT INTO items VALUES (?)", "event loop"),
        ("COMMIT", "event loop"),
    ]
    create, insert, commit = ray.of_kind("sql")
    [endpoint] = ray.of_kind("endpoint")
    [leaving] = ray.of_kind("exit")
    assert endpoint.start <= create.start <= create.end <= insert.start <= endpoint.end
    assert leaving.start <= commit.start <= commit.end <= leaving.end
    assert leaving.end <= ray.of_kind("send")[0].start
    assert (create.depth, commit.depth) == (endpoint.depth + 1, leaving.depth + 1)
    assert insert.note == "2 sets of parameters"


async def test_a_request_scope_commits_after_the_response() -> None:
    """The mistake that the older advice leads to is in the picture."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as session:
            yield session
            await session.commit()

    app = FastAPI()

    @app.post("/items")
    async def create_item(session: Annotated[AsyncSession, Depends(get_session)]) -> None:
        await session.execute(text("SELECT 1"))

    try:
        ray = await xray(app, "POST", "/items")
    finally:
        await engine.dispose()

    kinds = [(span.kind, span.name) for span in ray.spans if span.kind in ("send", "sql")]
    assert kinds == [
        ("sql", "SELECT 1"),
        ("send", "response.start"),
        ("send", "response.body"),
        ("sql", "COMMIT"),
    ]


async def test_a_synchronous_engine_is_heard_on_its_worker_thread(tmp_path: Path) -> None:
    """The statement lies on the thread of the `def` that sends it."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    app = FastAPI()

    @app.get("/items")
    def list_items() -> int:
        with engine.connect() as connection:
            return connection.execute(text("SELECT 7")).scalar_one()

    try:
        ray = await xray(app, "GET", "/items")
    finally:
        engine.dispose()

    assert ray.response.json() == 7
    assert statements(ray)[0] == ("SELECT 7", "worker thread")


async def test_a_statement_that_fails_shows_its_error(tmp_path: Path) -> None:
    """The error of the driver stands at the statement."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    app = FastAPI()

    @app.get("/items")
    def list_items() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM items"))

    try:
        ray = await xray(app, "GET", "/items")
    finally:
        engine.dispose()

    assert ray.of_kind("sql")[0].error == "OperationalError: no such table: items"
    assert isinstance(ray.escaped, OperationalError)


async def test_nothing_listens_when_no_x_ray_runs() -> None:
    """Statements outside of an x-ray are not recorded, and SQLAlchemy is as it was."""
    commit = Connection._commit_impl
    app = FastAPI()
    heard: list[bool] = []

    @app.get("/")
    async def listening() -> None:
        heard.append(event.contains(Engine, "before_cursor_execute", sql._begins))

    async with client(app) as http:
        await xray(http, "GET", "/")
        await http.get("/")
    assert heard == [True, False]
    assert Connection._commit_impl is commit

"""What adapters serve answers the same in this process and behind a server's socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from workbook.client import Client, client
from workbook.mapped_models import declarative_model
from workbook.queries import query_function
from workbook.trials import suite_tried_on

pytestmark = pytest.mark.anyio

METADATA = MetaData()
SHELVES = Table("shelves", METADATA, Column("id", Integer, primary_key=True))
ITEMS = Table(
    "items",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", String(20), unique=True),
    Column("shelf_id", ForeignKey("shelves.id")),
)
TABLES = {ITEMS: [{"title": "tea", "shelf_id": 1}], SHELVES: [{"id": 1}]}


class Base(DeclarativeBase):
    """The base of this test's model."""


class Item(Base):
    """A model."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)


async def add_item(session: AsyncSession, title: str, shelf_id: int = 1) -> None:
    """Store an item."""
    values = {"title": title, "shelf_id": shelf_id}
    await session.execute(
        text("INSERT INTO items (title, shelf_id) VALUES (:title, :shelf_id)"), values
    )
    await session.commit()


def count_items(session: Session) -> int | None:
    """Count the items, in a plain function."""
    return session.scalar(text("SELECT count(*) FROM items"))


def shop() -> FastAPI:
    """The app that a suite is tried on."""
    app = FastAPI()
    app.get("/items")(lambda: ["tea"])
    return app


def suite() -> list[Any]:
    """Two tests, one of each kind."""

    async def test_awaited(http) -> None:
        assert (await http.get("/items")).json() == ["tea"]

    def test_plain(client) -> None:
        assert client.get("/items").json() == []

    return [test_awaited, test_plain]


@asynccontextmanager
async def over_the_wire(app: Any, folder: Path) -> AsyncGenerator[Client]:
    """Serve the app with uvicorn on a Unix socket and call it there."""
    path = str(folder / "answer.sock")
    server = uvicorn.Server(uvicorn.Config(app, uds=path, log_level="critical", lifespan="auto"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done()
    try:
        async with Client.over_socket(path) as http:
            yield http
    finally:
        server.should_exit = True
        await serving


REQUESTS = {
    "async function": (
        lambda: query_function(TABLES, refusals=["IntegrityError"])(add_item),
        [
            ("POST", "/", ["pot"]),
            ("POST", "/?fresh=false", ["pot"]),
            ("GET", "/rows/items", None),
            ("POST", "/", ["pot", 2]),
            ("POST", "/", [{}]),
            ("POST", "/", []),
        ],
        [200, 409, 200, 409, 422, 500],
    ),
    "plain function": (
        lambda: query_function(TABLES)(count_items),
        [
            ("POST", "/", []),
            ("PUT", "/rows", {"items": []}),
            ("POST", "/?fresh=false", []),
            ("GET", "/rows/boxes", None),
        ],
        [200, 204, 200, 404],
    ),
    "model": (
        lambda: declarative_model(Item),
        [
            ("GET", "/table", None),
            ("POST", "/", {"title": "tea"}),
            ("POST", "/?fresh=false", {"title": "tea"}),
            ("GET", "/rows/items", None),
        ],
        [200, 201, 409, 200],
    ),
    "suite": (
        lambda: suite_tried_on({"right": shop})(suite()),
        [("GET", "/trials/right", None), ("GET", "/trials/wrong", None)],
        [200, 404],
    ),
}


async def answers(http: Client, requests: list[tuple[str, str, Any]]) -> list[tuple[int, str]]:
    """The status and the body of each answer."""
    found = []
    for method, path, document in requests:
        response = await http.request(method, path, json=document)
        found.append((response.status_code, response.text))
    return found


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_answers_are_the_same(name: str, tmp_path: Path) -> None:
    """Each request has the same answer in-process and over the wire, and the expected status."""
    make, requests, expected = REQUESTS[name]
    async with client(make(), log_app_exceptions=False) as http:
        here = await answers(http, requests)
    async with over_the_wire(make(), tmp_path) as http:
        there = await answers(http, requests)
    assert [status for status, _ in here] == expected
    assert here == there

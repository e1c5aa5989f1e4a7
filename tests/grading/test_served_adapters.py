"""Functions of a session, models and suites of tests, from the notebook through the sandbox to the marks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXERCISES = '''\
"""Exercises whose answers are no apps."""

from fastapi import FastAPI
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.mapped_models import declarative_model
from workbook.queries import query_function
from workbook.trials import suite_tried_on

METADATA = MetaData()
OWNERS = Table(
    "owners", METADATA, Column("id", Integer, primary_key=True), Column("name", String(20))
)
ITEMS = Table(
    "items",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("owner_id", ForeignKey("owners.id")),
)

names_in_one_query = Exercise(
    "names_in_one_query",
    title="Names",
    kind="make",
    section="8.9",
    hints=("a", "b", "c"),
    serve=query_function({OWNERS: [], ITEMS: []}),
)


@names_in_one_query.requirement("the names come in one query")
async def one_query(client, rng):
    names = [f"Ada {rng.randint(10, 99)}", "Grace"]
    owners = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    items = [{"owner_id": 1}, {"owner_id": 2}, {"owner_id": 1}]
    await client.put("/rows", json={"owners": owners, "items": items})
    response = await client.post("/?fresh=false", json=[])
    expect(
        response, status=200, contains={"result": [*names, names[0]]}, because="One for each item."
    )
    sent = response.json()["statements"]
    ensure(len(sent) == 1, "one query", got=f"{len(sent)}", because="It grows with the rows.")


unique_title = Exercise(
    "unique_title",
    title="Unique",
    kind="make",
    section="8.4",
    hints=("a", "b", "c"),
    serve=declarative_model,
)


@unique_title.requirement("a title is stored once")
async def once(client):
    await client.post("/", json={"title": "tea"})
    response = await client.post("/?fresh=false", json={"title": "tea"})
    expect(response, status=409, because="Two clients may write at once.")


def right():
    app = FastAPI()
    app.get("/items")(lambda: ["tea"])
    return app


def broken():
    app = FastAPI()
    app.get("/items")(lambda: [])
    return app


items_suite = Exercise(
    "items_suite",
    title="Suite",
    kind="make",
    section="16.2",
    hints=("a", "b", "c"),
    serve=suite_tried_on({"right": right, "broken": broken}),
)


@items_suite.requirement("it passes on the right app and fails on the broken one")
async def tells_apart(client):
    for app, outcome in (("right", "passed"), ("broken", "failed")):
        report = await client.get(f"/trials/{app}")
        expect(report, status=200, contains={"outcome": outcome}, because=f"It is {app}.")
'''

MODELS = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    items: Mapped[list["Item"]] = relationship(back_populates="owner")

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship(back_populates="items")
"""

RIGHT = (
    """
async def names(session: AsyncSession) -> list[str]:
    query = select(Owner.name).join(Item).order_by(Item.id)
    return list(await session.scalars(query))
""",
    """
class Title(Base):
    __tablename__ = "titles"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
""",
    """
async def test_awaited(http):
    assert (await http.get("/items")).status_code == 200

def test_plain(client):
    assert client.get("/items").json() == ["tea"]

suite = [test_awaited, test_plain]
""",
)
WRONG = (
    """
def names(session: Session) -> list[str]:
    return [item.owner.name for item in session.scalars(select(Item).order_by(Item.id))]
""",
    RIGHT[1].replace("unique=True", ""),
    RIGHT[2].replace('== ["tea"]', "is not None"),
)
ODD = (
    """
async def names(session: AsyncSession) -> list[str]:
    items = await session.scalars(select(Item).order_by(Item.id))
    return [item.owner.name for item in items]
""",
    RIGHT[1].replace("unique=True", "ForeignKey('nowhere.id')"),
    RIGHT[2].replace("client", "db"),
)
CHECKS = (
    'await check("names_in_one_query", names)',
    'await check("unique_title", Title)',
    'await check("items_suite", suite)',
)


def test_answers_that_are_no_apps(tmp_path: Path, notebook) -> None:
    """Right answers earn their points; wrong ones and slips get their reasons."""
    (tmp_path / "week8.py").write_text(EXERCISES, encoding="utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    for name, answers in {"ada": RIGHT, "eve": WRONG, "kim": ODD}.items():
        pairs = [cell for pair in zip(answers, CHECKS, strict=True) for cell in pair]
        cells = ("from workbook import check", MODELS, *pairs)
        (folder / f"{name}.ipynb").write_bytes(notebook(*cells))
    command = [sys.executable, "-m", "workbook.cli", "grade", "in", "--exercises", "week8.py"]
    done = subprocess.run(
        [*command, "--workers", "1", "--output", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "out" / "marks.json").read_text(encoding="utf-8"))
    marks = {one["key"]: one for one in document["marks"]}
    said = {
        (name, one["exercise"]): one["message"] + one["requirements"][0]["message"]
        for name, mark in marks.items()
        for one in mark["exercises"]
    }
    assert {name: one["earned"] for name, one in marks.items()} == {"ada": 3, "eve": 0, "kim": 0}
    assert "Expected one query, got 3." in said["eve", "names_in_one_query"]
    assert "Expected status 409, got status 201." in said["eve", "unique_title"]
    assert 'Expected "outcome": "failed", got' in said["eve", "items_suite"]
    assert "MissingGreenlet" in said["kim", "names_in_one_query"]
    assert "NoReferencedTableError" in said["kim", "unique_title"]
    assert "asks for `db`" in said["kim", "items_suite"]

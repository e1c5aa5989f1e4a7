"""Declarative models: their tables as the database has them, and what those let in."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, Numeric, String, Table, func
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from workbook.adapters import WrongKind
from workbook.client import Client, client
from workbook.exercise import Exercise
from workbook.expectations import ensure
from workbook.findings import Outcome
from workbook.judging import examine
from workbook.mapped_models import declarative_model

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of this test's models."""


class Shelf(Base):
    """Where things lie."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)


class Item(Base):
    """A thing with every kind of rule."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("price > 0", name="price_is_positive"),
        Index("ix_items_title_price", "title", "price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(20), unique=True)
    code: Mapped[str | None] = mapped_column("item_code", String(8), unique=True, index=True)
    price: Mapped[Decimal] = mapped_column(Numeric(8, 2), default=Decimal(1))
    made_on: Mapped[date] = mapped_column(server_default=func.current_date())
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))


def open_client() -> Client:
    """A client of the item's adapter."""
    return client(declarative_model(Item), log_app_exceptions=False)


async def test_the_table_is_described_as_the_database_has_it() -> None:
    """Columns, constraints, indexes and the statements that make them."""
    async with open_client() as http:
        table = (await http.get("/table")).json()
    columns = {one["name"]: (one["type"], one["nullable"]) for one in table["columns"]}
    assert columns == {
        "id": ("INTEGER", False),
        "title": ("VARCHAR(20)", False),
        "item_code": ("VARCHAR(8)", True),
        "price": ("NUMERIC(8, 2)", False),
        "made_on": ("DATE", False),
        "shelf_id": ("INTEGER", True),
    }
    assert table["columns"][4]["default"] == "CURRENT_DATE"
    assert (table["name"], table["primary_key"]) == ("items", ["id"])
    assert table["foreign_keys"] == [
        {
            "columns": ["shelf_id"],
            "table": "shelves",
            "refers_to": ["id"],
            "options": {"ondelete": "CASCADE"},
        }
    ]
    assert table["unique"] == [["title"], ["item_code"]]
    assert table["checks"] == ["price > 0"]
    assert table["indexes"] == [
        {"name": "ix_items_item_code", "columns": ["item_code"], "unique": True},
        {"name": "ix_items_title_price", "columns": ["title", "price"], "unique": False},
    ]
    assert [one.split(" (")[0] for one in table["ddl"]] == [
        "CREATE TABLE items",
        "CREATE UNIQUE INDEX ix_items_item_code ON items",
        "CREATE INDEX ix_items_title_price ON items",
    ]


async def test_other_tables_of_its_metadata_are_described() -> None:
    """A model's table is made together with those that it refers to."""
    async with open_client() as http:
        assert (await http.get("/table/shelves")).json()["primary_key"] == ["id"]
        assert (await http.get("/table/boxes")).status_code == 404


async def test_an_object_is_stored_with_its_defaults() -> None:
    """The answer has what is stored, the defaults of both kinds included."""
    async with open_client() as http:
        response = await http.post("/", json={"title": "tea", "code": "T1"})
        rows = (await http.get("/rows/items")).json()
    made = response.json()
    assert (response.status_code, made["price"], made["code"]) == (201, "1.00", "T1")
    assert date.fromisoformat(made["made_on"]) == date.fromisoformat(rows[0]["made_on"])
    assert rows[0]["item_code"] == "T1"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"title": "tea"}, "UNIQUE constraint failed: items.title"),
        ({"title": None}, "NOT NULL constraint failed: items.title"),
        ({"title": "pot", "price": "0"}, "CHECK constraint failed: price_is_positive"),
        ({"title": "pot", "shelf_id": 9}, "FOREIGN KEY constraint failed"),
    ],
    ids=["unique", "not null", "check", "foreign key"],
)
async def test_a_constraint_refuses(values: dict[str, Any], says: str) -> None:
    """What the database refuses is a 409 that names the rule, and nothing is stored."""
    async with open_client() as http:
        await http.post("/", json={"title": "tea"})
        refused = await http.post("/?fresh=false", json=values)
        assert len((await http.get("/rows/items")).json()) == 1
    assert refused.status_code == 409
    assert says in refused.json()["detail"]


async def test_values_are_read_by_the_columns_types() -> None:
    """Text is a price where the column holds one; other text is a 422."""
    async with open_client() as http:
        made = await http.post("/", json={"title": "tea", "price": "4.50"})
        refused = await http.post("/", json={"title": "tea", "price": "cheap"})
    assert made.json()["price"] == "4.50"
    assert (refused.status_code, refused.json()["detail"][0]["type"]) == (422, "decimal_parsing")


async def test_each_object_meets_an_empty_table_unless_asked() -> None:
    """The same title twice is no conflict in two databases."""
    async with open_client() as http:
        assert (await http.post("/", json={"title": "tea"})).status_code == 201
        assert (await http.post("/", json={"title": "tea"})).status_code == 201
        assert (await http.put("/rows", json={"shelves": [{"id": 9}]})).status_code == 204
        held = await http.post("/?fresh=false", json={"title": "tea", "shelf_id": 9})
    assert held.json()["shelf_id"] == 9


async def test_an_unknown_attribute_escapes() -> None:
    """A model without the attribute that is asked for raises, as in an app."""
    async with client(declarative_model(Shelf), raise_app_exceptions=True) as http:
        with pytest.raises(TypeError, match="'title' is an invalid keyword argument for Shelf"):
            await http.post("/", json={"title": "tea"})


class NoTable:
    """A class that SQLAlchemy knows nothing of."""


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Shelf(), "This is one Shelf object. Pass the class: `Shelf`"),
        (Base, "Base is the base class of models"),
        (NoTable, "NoTable has no table"),
        (Table("boxes", MetaData()), "This is a Table, not a model"),
        ("Item", "This is a str, not a model"),
    ],
)
def test_what_is_no_model(value: Any, says: str) -> None:
    """The message names what was given and what to pass instead."""
    with pytest.raises(WrongKind, match=says):
        declarative_model(value)


def test_a_relation_that_leads_nowhere_is_told_at_once() -> None:
    """A mistake in the declaration is raised before anything is asked."""

    class OtherBase(DeclarativeBase):
        pass

    class Box(OtherBase):
        __tablename__ = "boxes"
        id: Mapped[int] = mapped_column(primary_key=True)
        lids: Mapped[list[Any]] = relationship("Lid")

    with pytest.raises(SQLAlchemyError, match="'Lid'"):
        declarative_model(Box)


async def test_a_requirement_reads_the_table(registry: dict[str, Exercise]) -> None:
    """An exercise asks for an index, and a model without it does not pass."""
    exercise = Exercise(
        "indexed_of_the_tests",
        title="Indexed",
        kind="make",
        section="8.4",
        hints=("a", "b", "c"),
        serve=declarative_model,
    )

    @exercise.requirement("the code has an index")
    async def has_index(client: Client) -> None:
        table = (await client.get("/table")).json()
        found = [one["columns"] for one in table["indexes"]]
        ensure(["item_code"] in found, "an index", got=f"{len(found)}", because="It is looked up.")

    assert (await examine(exercise, Item)).outcome is Outcome.PASSED
    (finding,) = (await examine(exercise, Shelf)).findings
    assert finding.message == "Expected an index, got 0. It is looked up."

"""Functions that take a database session, called through HTTP."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field
from sqlalchemy import ForeignKey, Numeric, String, func, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from lesson_app.database import begin_exclusive
from workbook.adapters import WrongKind
from workbook.client import Client, client
from workbook.exercise import Exercise
from workbook.expectations import ensure, expect
from workbook.findings import Outcome
from workbook.judging import examine
from workbook.queries import query_function

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of this test's models."""


class Owner(Base):
    """Somebody who sells."""

    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    items: Mapped[list["Item"]] = relationship(back_populates="owner", order_by="Item.id")


class Item(Base):
    """Something that is sold."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal] = mapped_column(Numeric(8, 2, asdecimal=True))
    made_at: Mapped[datetime | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship(back_populates="items")


TABLES = {
    # The order does not matter: the owners are stored before the items that refer to them.
    Item: [
        {"title": "tea", "price": Decimal("4.50"), "owner_id": 1},
        {"title": "pot", "price": "19.90", "owner_id": 2, "made_at": "2026-01-02T03:04:05"},
    ],
    Owner: [{"name": "Ada"}, {"name": "Grace"}],
}


def open_client(function: Any, **options: Any) -> Client:
    """A client of what the adapter makes of a function."""
    return client(query_function(TABLES, **options)(function), log_app_exceptions=False)


async def call(http: Client, *arguments: Any, fresh: bool = True) -> dict[str, Any]:
    """The report of a call that is answered with 200."""
    response = await http.post("/", params={"fresh": fresh}, json=list(arguments))
    assert response.status_code == 200, response.text
    return response.json()


async def titles(session: AsyncSession) -> list[str]:
    """All titles, in one query."""
    return list(await session.scalars(select(Item.title).order_by(Item.id)))


async def add_owner(session: AsyncSession, name: str) -> int:
    """Store an owner, and commit."""
    owner = Owner(name=name)
    session.add(owner)
    await session.commit()
    return owner.id


async def test_a_query_is_answered_and_written_down() -> None:
    """The report has the result, the one statement, and the transaction that reading began."""
    async with open_client(titles) as http:
        report = await call(http)
    assert report == {
        "result": ["tea", "pot"],
        "raised": "",
        "statements": ["SELECT items.title FROM items ORDER BY items.id"],
        "commits": 0,
        "rollbacks": 0,
        "open": True,
    }


async def test_a_plain_function_gets_a_plain_session() -> None:
    """A loop that loads each owner sends a query for each of them."""

    def owners(session: Session) -> list[str]:
        return [item.owner.name for item in session.scalars(select(Item)).all()]

    async with open_client(owners) as http:
        report = await call(http)
    assert (report["result"], len(report["statements"])) == (["Ada", "Grace"], 3)


async def test_objects_are_shown_by_their_columns_or_by_named_fields() -> None:
    """Without names all columns are shown; a dotted name leads through a relation."""

    async def everything(session: AsyncSession) -> list[Item]:
        return list(await session.scalars(select(Item).join(Item.owner).order_by(Item.id.desc())))

    def with_owners(session: Session) -> list[Item | Owner]:
        return [*session.scalars(select(Item)), *session.scalars(select(Owner))]

    async with open_client(everything) as http:
        pot, _ = (await call(http))["result"]
    assert pot == {
        "id": 2,
        "title": "pot",
        "price": "19.90",
        "made_at": "2026-01-02T03:04:05",
        "owner_id": 2,
    }
    fields = {"Item": ("owner.name",), "Owner": ("items.title",)}
    async with open_client(with_owners, fields=fields) as http:
        shown = (await call(http))["result"]
    assert shown == [
        {"owner.name": "Ada"},
        {"owner.name": "Grace"},
        {"items.title": ["tea"]},
        {"items.title": ["pot"]},
    ]


async def test_rows_and_scalars_are_shown() -> None:
    """A row is a list as it is a tuple, a mapping is an object, a number is a number."""

    async def figures(session: AsyncSession) -> dict[str, Any]:
        pairs = select(Item.title, Item.price).order_by(Item.id)
        return {
            "rows": (await session.execute(pairs)).all(),
            "mappings": (await session.execute(pairs)).mappings().all(),
            "count": await session.scalar(select(func.count()).select_from(Item)),
            "none": await session.scalar(select(Item.id).where(Item.id == 99)),
        }

    async with open_client(figures) as http:
        shown = (await call(http))["result"]
    assert shown == {
        "rows": [["tea", "4.50"], ["pot", "19.90"]],
        "mappings": [{"title": "tea", "price": "4.50"}, {"title": "pot", "price": "19.90"}],
        "count": 2,
        "none": None,
    }


async def test_what_is_committed_is_seen_by_another_session() -> None:
    """The report counts the commit, and the rows show what was stored."""
    async with open_client(add_owner) as http:
        report = await call(http, "Mary")
        rows = (await http.get("/rows/owners")).json()
    assert (report["result"], report["commits"], report["open"]) == (3, 1, False)
    assert [row["name"] for row in rows] == ["Ada", "Grace", "Mary"]


async def test_what_is_left_open_is_lost() -> None:
    """A function that only flushes leaves its transaction open, and nothing is stored."""

    async def flush_owner(session: AsyncSession, name: str) -> None:
        session.add(Owner(name=name))
        await session.flush()

    async with open_client(flush_owner) as http:
        report = await call(http, "Mary")
        rows = (await http.get("/rows/owners")).json()
    assert (report["commits"], report["open"], len(rows)) == (0, True, 2)
    async with open_client(flush_owner, commit=True) as http:
        report = await call(http, "Mary")
        rows = (await http.get("/rows/owners")).json()
    # The commit of the one who calls is not the function's.
    assert (report["commits"], report["open"], len(rows)) == (0, True, 3)


async def test_a_rollback_is_counted() -> None:
    """The report tells a rollback of the function from the one at the session's end."""

    def give_up(session: Session) -> None:
        session.execute(insert(Owner), [{"name": "Mary"}, {"name": "Joan"}])
        session.rollback()

    async with open_client(give_up) as http:
        report = await call(http)
    assert (report["rollbacks"], report["open"], len(report["statements"])) == (1, False, 1)


async def test_a_savepoint_is_part_of_its_transaction() -> None:
    """What was done inside is undone with the rest, for both kinds of function."""

    async def awaited(session: AsyncSession) -> None:
        async with session.begin_nested():
            await session.execute(insert(Owner).values(name="Mary"))
        await session.rollback()

    def plain(session: Session) -> None:
        with session.begin_nested():
            session.execute(insert(Owner).values(name="Mary"))
        session.rollback()

    for function in (awaited, plain):
        async with open_client(function) as http:
            report = await call(http)
            rows = (await http.get("/rows/owners")).json()
        assert (report["commits"], report["rollbacks"], len(rows)) == (0, 1, 2)


async def test_the_lock_of_the_shop_can_be_taken() -> None:
    """A function may begin its transaction itself, as those of `lesson_app` do."""

    async def locked(session: AsyncSession) -> int | None:
        await begin_exclusive(session)
        return await session.scalar(select(func.count()).select_from(Item))

    async with open_client(locked) as http:
        assert (await call(http))["result"] == 2


async def test_an_error_does_not_tell_the_values() -> None:
    """What an exercise has drawn is not read off a message."""
    async with open_client(add_owner, refusals=["IntegrityError"]) as http:
        response = await http.post("/", json=["Ada"])
    assert "UNIQUE constraint failed: owners.name" in response.json()["raised"]
    assert "Ada" not in response.text


async def test_each_call_has_a_fresh_database_unless_asked() -> None:
    """What one requirement stores is not met by the next one."""
    async with open_client(add_owner) as http:
        ids = [
            (await call(http, "Mary"))["result"],
            (await call(http, "Mary"))["result"],
            (await call(http, "Joan", fresh=False))["result"],
        ]
    assert ids == [3, 3, 4]


async def test_a_requirement_can_bring_its_own_rows() -> None:
    """`PUT /rows` stands in place of what a table held; the other tables keep theirs."""
    async with open_client(titles) as http:
        rows = [{"id": 7, "title": "cup", "price": "2.50", "owner_id": 2}]
        assert (await http.put("/rows", json={"items": rows})).status_code == 204
        assert (await call(http, fresh=False))["result"] == ["cup"]
        assert (await http.get("/rows/items")).json() == [{**rows[0], "made_at": None}]
        assert len((await http.get("/rows/owners")).json()) == 2
        missing = await http.get("/rows/orders")
        assert missing.json() == {
            "detail": "there is no table called orders; there is: items, owners"
        }


async def test_calls_at_once_do_not_disturb_each_other() -> None:
    """Each of them has its own database, and counts its own statements."""
    async with open_client(add_owner) as http:
        reports = await asyncio.gather(*(call(http, name) for name in ("Mary", "Joan", "Jean")))
    assert {(one["result"], len(one["statements"])) for one in reports} == {(3, 1)}


async def test_calls_at_once_can_share_a_database() -> None:
    """Writers wait for each other, as they do on a file."""
    async with open_client(add_owner) as http:
        names = ("Mary", "Joan", "Jean")
        await asyncio.gather(*(call(http, name, fresh=False) for name in names))
        rows = (await http.get("/rows/owners")).json()
    assert {row["name"] for row in rows} == {"Ada", "Grace", *names}


async def test_arguments_are_converted_by_their_annotations() -> None:
    """They come by place or by name, beside the session wherever that stands."""

    async def cheaper(below: Annotated[Decimal, Field(gt=0)], since: datetime, db: AsyncSession):
        return [type(below).__name__, since.year, below, db.in_transaction()]

    async with open_client(cheaper) as http:
        assert (await call(http, "5.00", "2026-01-01"))["result"] == [
            "Decimal",
            2026,
            "5.00",
            False,
        ]
        by_name = await http.post("/", json={"since": "2025-01-01", "below": 1})
        assert by_name.json()["result"] == ["Decimal", 2025, "1", False]
        refused = await http.post("/", json=["-1", "2026-01-01"])
        assert (refused.status_code, refused.json()["detail"][0]["type"]) == (422, "greater_than")


async def test_a_named_error_is_an_answer() -> None:
    """An error that the exercise expects is a 409 with the report; any other escapes."""

    async def one_item(session: AsyncSession, id: int) -> Item:
        return await session.get_one(Item, id)

    async with open_client(one_item, refusals=["NoResultFound"]) as http:
        response = await http.post("/", json=[99])
    assert response.status_code == 409
    assert response.json()["raised"].startswith("sqlalchemy.exc.NoResultFound: No row was found")
    assert len(response.json()["statements"]) == 1
    async with open_client(one_item) as http:
        assert (await http.post("/", json=[99])).status_code == 500


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda session: session.execute(select(Item)), "Result, which is not read yet"),
        (lambda session: session.scalars(select(Item)), "a ScalarResult, which is not read yet"),
        (lambda session: session.query(Item), "a Query, a question that nobody has asked"),
        (lambda session: select(Item), "a Select, a question that nobody has asked"),
        (lambda session: titles(session), "an `await` is missing in it"),
        (lambda session: object(), "There is no JSON for what the function returned: <object"),
    ],
    ids=["result", "scalars", "query", "select", "coroutine", "object"],
)
async def test_what_is_no_result_is_told_apart(returned: Any, says: str) -> None:
    """A question that was not asked, or not read to its end, is named."""

    def find(session: Session) -> Any:
        return returned(session)

    app = query_function(TABLES)(find)
    async with client(app, raise_app_exceptions=True) as http:
        with pytest.raises(Exception, match=says):
            await http.post("/", json=[])


# The driver's call that can't be awaited is thrown away; Python says so when it is collected.
@pytest.mark.filterwarnings("ignore:coroutine 'Connection.cursor' was never awaited")
async def test_reading_a_relation_too_late_escapes() -> None:
    """An object whose relation was not loaded can't be shown, as in an app."""

    async def lazy(session: AsyncSession) -> list[Item]:
        return list(await session.scalars(select(Item)))

    app = query_function(TABLES, fields={"Item": ("owner.name",)})(lazy)
    async with client(app, raise_app_exceptions=True) as http:
        with pytest.raises(StatementError, match="MissingGreenlet"):
            await http.post("/", json=[])
    gc.collect()


def _called() -> Any:
    return titles(None)  # ty: ignore[invalid-argument-type]  # a slip, as a learner makes it


def _takes_nothing() -> None: ...


def _not_async(session: AsyncSession) -> None: ...


async def _not_awaitable(session: Session) -> None: ...


async def _yields(session: AsyncSession) -> AsyncGenerator[None]:
    yield


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (_called, "was called here"),
        (Item, "This is a DeclarativeAttributeIntercept. Pass the function"),
        ("titles", "This is a str"),
        (_takes_nothing, "`session: Session`"),
        (_not_async, "begin it with `async def`"),
        (_not_awaitable, "annotate `session` with that"),
        (_yields, "yields, as a dependency does"),
    ],
)
def test_what_is_no_query_function(value: Any, says: str) -> None:
    """The message names what was given and what to pass instead."""
    with pytest.raises(WrongKind, match=says):
        query_function(TABLES)(value() if value is _called else value)


def test_tables_have_to_be_tables() -> None:
    """An author's slip is told when the exercise is made."""
    with pytest.raises(TypeError, match="is no table"):
        query_function({"items": []})


@pytest.fixture
def owners_exercise(registry: dict[str, Exercise]) -> Exercise:
    """An exercise on the number of queries."""
    exercise = Exercise(
        "owners_of_the_tests",
        title="Owners",
        kind="make",
        section="8.9",
        hints=("a", "b", "c"),
        serve=query_function(TABLES),
    )

    @exercise.requirement("the names come in one query")
    async def one_query(client: Client) -> None:
        response = await client.post("/", json=[])
        expect(response, status=200, contains={"result": ["Ada", "Grace"]}, because="All of them.")
        sent = response.json()["statements"]
        ensure(len(sent) == 1, "one query", got=f"{len(sent)} queries", because="It grows.")

    return exercise


async def test_a_requirement_counts_queries(owners_exercise: Exercise) -> None:
    """One query passes, one for each row does not."""

    async def joined(session: AsyncSession) -> list[str]:
        return list(await session.scalars(select(Owner.name).join(Item).order_by(Item.id)))

    def one_by_one(session: Session) -> list[str]:
        return [item.owner.name for item in session.scalars(select(Item)).all()]

    assert (await examine(owners_exercise, joined)).outcome is Outcome.PASSED
    (finding,) = (await examine(owners_exercise, one_by_one)).findings
    assert finding.message == "Expected one query, got 3 queries. It grows."


@pytest.mark.filterwarnings("ignore:coroutine 'Connection.cursor' was never awaited")
async def test_the_card_names_the_learners_line(owners_exercise: Exercise) -> None:
    """An error on the way shows the line of the function, and no frame of a library."""

    async def lazy(session: AsyncSession) -> list[str]:
        items = await session.scalars(select(Item))
        return [item.owner.name for item in items]

    (finding,) = (await examine(owners_exercise, lazy)).findings
    assert finding.outcome is Outcome.RAISED
    assert "(sqlalchemy.exc.MissingGreenlet) greenlet_spawn has not been called" in finding.message
    assert finding.where.endswith("in lazy: return [item.owner.name for item in items]")
    gc.collect()


async def test_an_endless_function_is_stopped(owners_exercise: Exercise) -> None:
    """The time limit also ends a loop in the thread of a plain function."""
    owners_exercise.time_limit = 0.3

    def endless(session: Session) -> None:
        while True:
            session.scalar(select(func.count()))

    (finding,) = (await examine(owners_exercise, endless)).findings
    assert finding.message.startswith("Your code did not answer within 0.3 s")

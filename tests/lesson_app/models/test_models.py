"""What the database itself refuses, whatever the Python code forgot to check."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, InvalidRequestError, StatementError
from sqlalchemy.orm import selectinload

from lesson_app.core.constraints import Violation, violation
from lesson_app.database import utc_now
from lesson_app.models import (
    Item,
    Notification,
    Order,
    OrderLine,
    OrderStatus,
    RefreshToken,
    Role,
    StoredFile,
    User,
    email_key,
)

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def kite(**changes) -> Item:
    return Item(**{"name": "Kite", "price": Decimal("9.50"), "owner_id": 1, **changes})


def token(**changes) -> RefreshToken:
    new = {
        "user_id": 1,
        "token_hash": "0" * 64,
        "family_id": "a" * 32,
        "scope": "shop",
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=1),
    }
    return RefreshToken(**{**new, **changes})


def upload(**changes) -> StoredFile:
    new = {
        "owner_id": 1,
        "storage_name": "5f0c.png",
        "original_name": "teapot.png",
        "media_type": "image/png",
        "size": 5 * 2**30,
        "sha256": "0" * 64,
    }
    return StoredFile(**{**new, **changes})


def order(*lines: OrderLine, **changes) -> Order:
    return Order(**{"buyer_id": 2, "lines": list(lines), **changes})


def line(**changes) -> OrderLine:
    return OrderLine(**{"item_id": 1, "quantity": 2, "unit_price": Decimal("24.90"), **changes})


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda: kite(price=Decimal(0)), Violation.CHECK, id="price of zero"),
        pytest.param(lambda: kite(stock=-1), Violation.CHECK, id="negative stock"),
        pytest.param(lambda: kite(owner_id=99), Violation.FOREIGN_KEY, id="unknown owner"),
        pytest.param(lambda: kite(name="Teapot"), Violation.UNIQUE, id="second item of a name"),
        pytest.param(
            lambda: User(email="Ada@Example.com", display_name="Ada"),
            Violation.UNIQUE,
            id="second account of an address",
        ),
        pytest.param(lambda: order(buyer_id=99), Violation.FOREIGN_KEY, id="unknown buyer"),
        pytest.param(lambda: order(line(quantity=0)), Violation.CHECK, id="nothing bought"),
        pytest.param(lambda: order(line(unit_price=0)), Violation.CHECK, id="bought for nothing"),
        pytest.param(lambda: order(line(item_id=99)), Violation.FOREIGN_KEY, id="unknown item"),
        pytest.param(lambda: order(line(), line()), Violation.UNIQUE, id="one item in two lines"),
        pytest.param(lambda: token(user_id=99), Violation.FOREIGN_KEY, id="login of nobody"),
        pytest.param(lambda: token(expires_at=NOON), Violation.CHECK, id="expired when made"),
        pytest.param(lambda: upload(size=-1), Violation.CHECK, id="negative size"),
        pytest.param(lambda: upload(owner_id=99), Violation.FOREIGN_KEY, id="upload of nobody"),
        pytest.param(
            lambda: Notification(topic="order.placed", payload={}, attempts=-1),
            Violation.CHECK,
            id="negative attempts",
        ),
    ],
)
async def test_the_database_refuses(sessions, make, expected):
    """Each rule is a constraint, and its violation is recognised."""
    async with sessions() as session:
        session.add(make())
        with pytest.raises(IntegrityError) as refused:
            await session.flush()
    assert violation(refused.value) is expected


@pytest.mark.parametrize("make", [token, upload], ids=["token", "stored name"])
async def test_a_name_that_must_be_unique(sessions, make):
    """Two rows cannot share a token or a place on the disk."""
    async with sessions() as session:
        session.add_all([make(), make()])
        with pytest.raises(IntegrityError) as refused:
            await session.flush()
    assert violation(refused.value) is Violation.UNIQUE


@pytest.mark.parametrize(
    ("table", "column"), [("users", "role"), ("orders", "status")], ids=["role", "status"]
)
async def test_a_word_that_is_not_on_the_list(sessions, table: str, column: str):
    """Python refuses a role or status that it does not know, and so does the database."""
    model = {"users": User, "orders": Order}[table]
    async with sessions() as session:
        session.add(order())
        await session.flush()
        with pytest.raises(StatementError, match="not among the defined enum values"):
            await session.execute(update(model).values({column: "emperor"}))
        with pytest.raises(IntegrityError) as refused:
            await session.execute(text(f"UPDATE {table} SET {column} = 'emperor'"))
    assert violation(refused.value) is Violation.CHECK


async def test_a_new_user_is_plain_and_active(sessions):
    """Nobody is an administrator by default."""
    async with sessions() as session:
        session.add(User(email="Eve@Example.com", display_name="Eve"))
        await session.flush()
        session.expunge_all()
        eve = await session.scalar(select(User).where(User.email_key == "eve@example.com"))
    assert (eve.email, eve.role, eve.is_active) == ("Eve@Example.com", Role.PLAIN, True)


@pytest.mark.parametrize(
    "spelling", ["Größe@example.com", "gro\u0308ße@EXAMPLE.com", "GRÖSSE@example.com"]
)
def test_all_spellings_of_an_address_have_one_key(spelling: str):
    """Neither case nor the way an umlaut is put together makes another address."""
    assert email_key(spelling) == "grösse@example.com"


async def test_an_address_that_changes_changes_its_key(sessions):
    """The key follows the address and is never set by hand."""
    async with sessions.begin() as session:
        (await session.get_one(User, 1)).email = "ADA@new.example"
    async with sessions() as session:
        assert (await session.get_one(User, 1)).email_key == "ada@new.example"


async def test_an_order_keeps_its_lines_in_order(sessions):
    """Lines come back as they were put in, each with its item and its price at the time."""
    async with sessions.begin() as session:
        session.add(order(line(item_id=2, unit_price=Decimal("39.00")), line(item_id=1)))
    async with sessions() as session:
        query = select(Order).options(selectinload(Order.lines).joinedload(OrderLine.item))
        stored = (await session.scalars(query)).one()
        lines = [(one.item.name, one.quantity, str(one.unit_price)) for one in stored.lines]
    assert stored.status is OrderStatus.PLACED
    assert lines == [("Desk lamp", 2, "39.00"), ("Teapot", 2, "24.90")]


async def test_an_order_that_is_deleted_takes_its_lines_along(sessions):
    """The database deletes them; nothing has to be read first."""
    async with sessions.begin() as session:
        session.add(order(line()))
    async with sessions.begin() as session:
        await session.delete(await session.get_one(Order, 1))
    async with sessions() as session:
        assert (await session.scalars(select(OrderLine))).all() == []


async def test_an_item_that_was_sold_cannot_be_deleted(sessions):
    """The books outlive the item."""
    async with sessions() as session:
        session.add(order(line()))
        await session.flush()
        await session.delete(await session.get_one(Item, 1))
        with pytest.raises(IntegrityError) as refused:
            await session.flush()
    assert violation(refused.value) is Violation.FOREIGN_KEY


async def test_a_user_who_goes_is_logged_out(sessions):
    """The tokens go with the account, which nothing else holds back."""
    async with sessions.begin() as session:
        session.add(User(email="eve@example.com", display_name="Eve"))
        await session.flush()
        session.add(token(user_id=4))
    async with sessions.begin() as session:
        await session.delete(await session.get_one(User, 4))
    async with sessions() as session:
        assert (await session.scalars(select(RefreshToken))).all() == []


async def test_a_message_waits_to_be_sent(sessions):
    """A new message is due at once and was not tried; its payload comes back as it was."""
    payload = {"order": 1, "lines": [{"item": "Teapot 🫖"}], "paid": None}
    async with sessions.begin() as session:
        session.add(Notification(topic="order.placed", payload=payload))
    async with sessions() as session:
        due = Notification.due_at <= utc_now()
        query = select(Notification).where(Notification.sent_at.is_(None), due)
        stored = (await session.scalars(query)).one()
    assert (stored.payload, stored.attempts) == (payload, 0)


async def test_a_file_can_be_large(sessions):
    """Five gibibytes is more than an INTEGER column holds."""
    async with sessions.begin() as session:
        session.add(upload())
    async with sessions() as session:
        assert await session.scalar(select(StoredFile.size)) == 5 * 2**30


async def test_two_owners_may_use_one_name(sessions):
    """The name of an item is unique for its owner, not for the shop."""
    async with sessions() as session:
        item = kite(name="Teapot", owner_id=2)
        session.add(item)
        await session.flush()
        assert item.id == 13


async def test_a_user_with_items_cannot_be_deleted(sessions):
    """The foreign key decides, without loading the items first."""
    async with sessions() as session:
        await session.delete(await session.get_one(User, 1))
        with pytest.raises(IntegrityError) as refused:
            await session.flush()
    assert violation(refused.value) is Violation.FOREIGN_KEY


@pytest.mark.parametrize(("model", "relation"), [(Item, "owner"), (User, "items")])
async def test_audit_x8_a_relationship_is_never_loaded_by_accident(sessions, model, relation: str):
    """Audit X8: a query that was forgotten is an error where it was forgotten."""
    async with sessions() as session:
        record = (await session.scalars(select(model).limit(1))).one()
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            getattr(record, relation)


async def test_a_change_moves_version_and_time(sessions):
    """Every update counts the version up and renews updated_at, not created_at."""
    async with sessions.begin() as session:
        item = await session.get_one(Item, 1)
        before = (item.version, item.created_at, item.updated_at)
        item.stock += 1
        await session.flush()
        after = (item.version, item.created_at, item.updated_at)
    assert before[0] + 1 == after[0]
    assert before[1] == after[1]
    assert before[2] < after[2]

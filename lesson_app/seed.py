"""Demo data: the same users and items every time, for lessons and for a first look.

`python -m lesson_app.seed` puts it into the database of the settings, after the migrations.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app.config import Settings
from lesson_app.database import open_engine
from lesson_app.models import Item, Role, User

_OPENING_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

DEMO_PASSWORD = "learn-fastapi"
"""The password of every demo user. It is no secret: demo data is refused in production."""

# Its hash stands here, so that a start need not make it. It is a cheap one, of
# `InMemorySettings`; elsewhere the first login replaces it.
_DEMO_HASH = (
    "$argon2id$v=19$m=1024,t=1,p=4$ayMV26LNTiq4Ydl7GVRdCg"
    "$gQNdT/pPGuxlzy6T++KsZmQoXwBe88DSFMvBIoi4wNc"
)

_USERS = (
    ("Ada", "ada@example.com", Role.ADMIN),
    ("Grace", "grace@example.com", Role.PLAIN),
    ("Alan", "alan@example.com", Role.PLAIN),
)

# Name, price, stock. The first belongs to the first user, the second to the second, and so on.
_ITEMS = (
    ("Teapot", "24.90", 12),
    ("Desk lamp", "39.00", 5),
    ("Notebook", "3.50", 200),
    ("Fountain pen", "58.00", 3),
    ("Coffee mug", "9.95", 40),
    ("Wall clock", "31.20", 7),
    ("Umbrella", "18.75", 0),
    ("Backpack", "64.50", 9),
    ("Water bottle", "14.25", 30),
    ("Headphones", "129.00", 4),
    ("Chess set", "45.00", 6),
    ("Picture frame", "11.10", 1),
)


async def seed(session: AsyncSession) -> None:
    """Add three users and twelve items to an empty shop; leave any other shop alone.

    The caller commits. On a new database the ids count from 1 in the order written here.
    """
    if await session.scalar(select(User.id).limit(1)) is not None:
        return
    users = [
        User(
            display_name=name,
            email=email,
            role=role,
            hashed_password=_DEMO_HASH,
            created_at=_OPENING_DAY,
            updated_at=_OPENING_DAY,
        )
        for name, email, role in _USERS
    ]
    session.add_all(users)
    for number, (name, price, stock) in enumerate(_ITEMS):
        added = _OPENING_DAY + timedelta(hours=number)
        session.add(
            Item(
                name=name,
                description=None,
                price=Decimal(price),
                stock=stock,
                owner=users[number % len(users)],
                created_at=added,
                updated_at=added,
            )
        )
    await session.flush()


async def seed_database(settings: Settings) -> None:
    """Add the demo data to the database of `settings`, whose tables exist.

    Raises:
        ValueError: the settings are those of production.
    """
    if settings.environment == "production":
        raise ValueError("demo data has no place in production")
    async with open_engine(settings) as engine, AsyncSession(engine) as session, session.begin():
        await seed(session)


if __name__ == "__main__":
    asyncio.run(seed_database(Settings()))

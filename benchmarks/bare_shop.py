"""The peer of shop_layers.py: three endpoints of the shop as bare FastAPI routes.

The same paths, parameters, statements and answers, on the same tables, and none of the layers: no
edge, no limits, no log of its own, no dependencies, and no routes but these.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lesson_app.config import Settings
from lesson_app.crud.item_listing import list_items_after
from lesson_app.database import open_engine
from lesson_app.models import Item, RefreshToken, User
from lesson_app.schemas.item import ItemCreate, ItemOut
from lesson_app.schemas.item_query import KeysetItemQuery, write_cursor


class Items(BaseModel):
    """A page of items."""

    items: list[ItemOut]
    next: str | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, async_sessionmaker[AsyncSession]]]:
    """Open the database as the shop does: how SQLite is set up is no layer."""
    async with open_engine(Settings()) as engine:
        yield {"sessions": async_sessionmaker(engine, expire_on_commit=False)}


app = FastAPI(lifespan=lifespan)
token_scheme = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/login")


@app.get("/api/v1/items/{item_id}")
async def read_item(item_id: int, request: Request) -> ItemOut:
    """Show one item."""
    async with request.state.sessions() as session:
        item = await session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        return ItemOut.model_validate(item)


@app.get("/api/v2/items")
async def list_items(request: Request, query: Annotated[KeysetItemQuery, Query()]) -> Items:
    """List items, one page at a time, with the filters, orders and cursors that the shop has."""
    async with request.state.sessions() as session:
        found, more = await list_items_after(session, query)
    items = [ItemOut.model_validate(item) for item in found]
    following = f"/api/v2/items?after={write_cursor(query.sort, items[-1])}" if more else None
    return Items(items=items, next=following)


@app.post("/api/v1/items", status_code=201)
async def create_item(
    data: ItemCreate, request: Request, token: Annotated[str, Depends(token_scheme)]
) -> ItemOut:
    """Add an item of the user who sends it."""
    try:
        key = os.environ["SHOP_JWT_SECRET"]
        claims = jwt.decode(token, key, algorithms=["HS256"], audience="shop")
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    login = exists().where(
        RefreshToken.family_id == claims["sid"],
        RefreshToken.user_id == User.id,
        RefreshToken.used_at.is_(None),
        RefreshToken.revoked_at.is_(None),
        RefreshToken.expires_at > datetime.now(UTC),
    )
    query = select(User).where(User.id == int(claims["sub"]), User.is_active, login)
    async with request.state.sessions() as session:
        user = await session.scalar(query)
        if user is None:
            raise HTTPException(401)
        item = Item(**data.model_dump(), owner_id=user.id)
        session.add(item)
        await session.commit()
        return ItemOut.model_validate(item)

"""Pagination: what a client may ask for and the envelope it gets back."""

from typing import Annotated

from pydantic import BaseModel, Field

from lesson_app.schemas.fields import MAX_INTEGER

Limit = Annotated[int, Field(ge=1, le=100, description="The most rows to return.")]


class PageParams(BaseModel):
    """Which part of a list to return. The bounds are the server's, so no client can lift them."""

    limit: Limit = 20
    offset: int = Field(default=0, ge=0, le=MAX_INTEGER, description="How many rows to skip.")


class Page[T](BaseModel):
    """One page of a list."""

    items: list[T]
    total: int = Field(description="How many there are on all pages.")
    limit: int
    offset: int


class KeysetPage[T](BaseModel):
    """One page of a list that goes on from its last row."""

    items: list[T]
    next: str | None = Field(description="The address of the next page, if there is one.")

"""An OpenAPI document as a table and as a difference, in HTML and in the same words as text."""

import json
import re
from collections.abc import AsyncIterable
from html import unescape
from typing import Annotated

from fastapi import FastAPI, Form
from pydantic import BaseModel

from workbook.openapi_figures import openapi_diff, openapi_table


class Item(BaseModel):
    name: str


class Problem(BaseModel):
    detail: str


def shop(**options) -> FastAPI:
    """An app with one route, whose decorator takes `options`."""
    app = FastAPI(title="Tea shop", version="2.0.0")

    @app.get("/items/{item_id}", **options)
    async def read_item(item_id: int, full: bool = False) -> Item:
        return Item(name="tea")

    return app


def test_a_row_says_what_an_operation_takes_and_answers() -> None:
    """Parameters with their place, bodies with their type, answers by status."""
    app = shop(responses={404: {"model": Problem}}, deprecated=True)

    @app.post("/items")
    async def create_item(name: Annotated[str, Form()]) -> list[Item]:
        return [Item(name=name)]

    @app.get("/lines")
    async def list_lines() -> AsyncIterable[Item]:
        yield Item(name="tea")

    rows = [re.split(r"\s{2,}", line) for line in str(openapi_table(app)).splitlines()[1:]]
    assert rows == [
        ["Operation", "Summary", "Takes", "Answers"],
        [
            "GET /items/{item_id}",
            "Read Item (deprecated)",
            "item_id (path), full (query)",
            "200 Item, 404 Problem, 422 HTTPValidationError",
        ],
        [
            "POST /items",
            "Create Item",
            "name (form)",
            "200 list of Item, 422 HTTPValidationError",
        ],
        ["GET /lines", "List Lines", "200 Item, one by one"],
    ]


def test_the_table_carries_its_document_for_the_book() -> None:
    """The book draws Swagger UI from it, so it is whole and can't close its own element."""
    app = shop(description="a </script> in a description")
    html = openapi_table(app).html
    (data,) = re.findall(r'<script type="application/json" class="wb-openapi">(.*?)</script>', html)
    assert json.loads(data) == app.openapi()


def test_a_difference_shows_the_changed_lines_with_a_sign() -> None:
    """One argument more is one line more, told by a sign and not by colour alone."""
    figure = openapi_diff(shop(), shop(deprecated=True))
    assert '+        "deprecated": true,' in str(figure).splitlines()
    assert str(figure).startswith("In the OpenAPI document: 1 line more, no lines less")
    assert str(figure).partition("\n")[2] in unescape(re.sub("<.*?>", "", figure.html))


def test_equal_documents_differ_in_nothing() -> None:
    """The figure says so in words."""
    assert str(openapi_diff(shop(), shop())).endswith("no difference")

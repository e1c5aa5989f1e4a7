"""The figure of an x-ray has a row for each step, and says the same in text."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from workbook.xray import xray

pytestmark = pytest.mark.anyio


async def test_a_cell_shows_the_figure_and_the_table() -> None:
    """The title says what was asked and answered."""
    ray = await xray(FastAPI(), "GET", "/nowhere?page=2")
    bundle: dict[str, Any] = ray._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"].startswith("GET /nowhere?page=2 was answered 404 Not Found; ")
    assert bundle["text/plain"].endswith(ray.table)
    assert "In order: routing no route matched, failed with HTTPException: 404; " in (
        ray.timeline.alt
    )


async def test_rows_say_where_the_code_ran_and_what_was_cached() -> None:
    """In words, not in colours alone."""
    app = FastAPI()

    def get_settings() -> str:
        return "settings"

    async def current_user(settings: Annotated[str, Depends(get_settings)]) -> str:
        return "ada"

    @app.get("/me")
    async def read_me(
        user: Annotated[str, Depends(current_user)],
        settings: Annotated[str, Depends(get_settings)],
    ) -> str:
        return user

    ray = await xray(app, "GET", "/me")
    rows = [line.split() for line in ray.table.splitlines() if line.startswith("dependency")]
    assert [(row[1], row[-1]) for row in rows] == [
        ("get_settings", "thread"),
        ("current_user", "loop"),
        ("get_settings", "cached"),
    ]


async def test_a_long_stream_is_shortened_in_the_figure_only() -> None:
    """Its first chunks, how many more, and the last; the spans are all there."""
    app = FastAPI()

    @app.get("/numbers")
    async def numbers() -> AsyncIterator[int]:
        for number in range(500):
            yield number

    ray = await xray(app, "GET", "/numbers")
    rows = [line for line in ray.table.splitlines() if line.startswith("send")]
    assert len(ray.of_kind("send")) == 502
    assert len(rows) == 12
    assert "… 491 more" in rows[-2]

"""An exercise of the tests' own, and a registry that forgets it afterwards."""

from typing import Annotated

import pytest
from fastapi import FastAPI, Query

from workbook import exercise as exercise_module
from workbook.client import Client
from workbook.exercise import Exercise, exercises
from workbook.expectations import expect


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exercise]:
    """The registry of exercises, of which this test has a copy."""
    exercises()
    copy = dict(exercise_module._registry)
    monkeypatch.setattr(exercise_module, "_registry", copy)
    return copy


@pytest.fixture
def pages(registry: dict[str, Exercise]) -> Exercise:
    """An exercise with two requirements, of which one draws its input."""
    exercise = Exercise(
        "pages_of_the_tests",
        title="Pages",
        kind="make",
        section="2.5",
        hints=("Where is the bound?", "Look at Query.", "Give it le=."),
        time_limit=0.5,
    )

    @exercise.requirement("a limit over 100 is refused with 422", points=2)
    async def refuses_large_limit(client: Client) -> None:
        response = await client.get("/items", params={"limit": 101})
        expect(
            response,
            status=422,
            because="The server must bound the page.",
            mistakes={404: "The path is /items."},
        )

    @exercise.requirement("the limit is echoed")
    async def echoes_limit(client: Client, rng) -> None:
        limit = rng.randrange(1, 100)
        response = await client.get("/items", params={"limit": limit})
        expect(response, status=200, contains={"limit": limit}, because="The page is as asked.")

    return exercise


@pytest.fixture
def pages_app() -> FastAPI:
    """A right answer to `pages`."""
    app = FastAPI()

    @app.get("/items")
    async def items(limit: Annotated[int, Query(le=100)] = 10) -> dict[str, int]:
        return {"limit": limit}

    return app

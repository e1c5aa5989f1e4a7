"""The health check."""

import pytest
from fastapi import FastAPI

from lesson_app import create_app

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> FastAPI:
    """On one database only: the health check asks none."""
    return create_app()


async def test_health(http):
    """The app says that it is alive."""
    response = await http.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})

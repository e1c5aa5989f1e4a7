"""The session of a request: when it commits, when it rolls back; and the settings."""

from typing import Annotated

import pytest
from fastapi import BackgroundTasks, Depends, HTTPException, Request, WebSocket
from httpx2 import AsyncClient
from httpx2.websockets import ASGIWebSocketTransport
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lesson_app import InMemorySettings, create_app
from lesson_app.dependencies import SessionDep, SettingsDep
from lesson_app.models import User

pytestmark = pytest.mark.anyio


def carol() -> User:
    return User(email="carol@example.com", display_name="Carol")


async def count_users(session) -> int:
    return await session.scalar(select(func.count()).select_from(User))


async def test_audit_x1_a_constraint_that_fails_at_commit_is_never_a_201(app, running):
    """Audit X1: the client that reads 201 has its row: a commit that fails answers 409 instead."""

    @app.post("/users", status_code=201)
    async def register(session: SessionDep) -> str:
        session.add(carol())
        return "registered"

    async with running(app) as http:
        answers = [await http.post("/users") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The request does not fit with what is stored.",
    }


async def test_audit_x1_a_background_task_sees_the_committed_row(app, running):
    """Audit X1: the commit comes before the response, and so before the tasks that follow it."""
    seen: list[int] = []

    @app.post("/users", status_code=201)
    async def register(session: SessionDep, request: Request, tasks: BackgroundTasks) -> str:
        async def count() -> None:
            async with request.state.sessions() as other:
                seen.append(await count_users(other))

        session.add(carol())
        tasks.add_task(count)
        return "registered"

    async with running(app) as http:
        await http.post("/users")
    assert seen == [4]


@pytest.mark.parametrize("error", [HTTPException(400), ValueError("no")], ids=["refusal", "bug"])
async def test_an_error_rolls_back(app, running, error: Exception):
    """Nothing of a request that failed is kept, whether it was refused or broke."""

    @app.post("/users", status_code=201)
    async def register(session: SessionDep) -> None:
        session.add(carol())
        await session.flush()
        raise error

    @app.get("/users/count")
    async def count(session: SessionDep) -> int:
        return await count_users(session)

    async with running(app) as http:
        await http.post("/users")
        assert (await http.get("/users/count")).json() == 3


@pytest.mark.parametrize("error", [None, HTTPException(400), ValueError("no")], ids=str)
async def test_audit_5_4_a_session_ends_with_its_request(app, running, error: Exception | None):
    """Audit 5.4: its connection goes back to the pool, whether the request succeeds or not."""
    sessions: list[AsyncSession] = []

    @app.get("/users")
    async def count(session: SessionDep) -> int:
        sessions.append(session)
        total = await count_users(session)
        assert session.in_transaction()
        if error is not None:
            raise error
        return total

    async with running(app) as http:
        await http.get("/users")
        assert [session.in_transaction() for session in sessions] == [False]


async def test_a_request_has_one_session(app, running):
    """Every part of a request that asks for the session gets the same one."""

    async def reader(session: SessionDep) -> int:
        return id(session)

    @app.get("/sessions")
    async def compare(session: SessionDep, other: Annotated[int, Depends(reader)]) -> bool:
        return id(session) == other

    async with running(app) as http:
        assert (await http.get("/sessions")).json() is True


async def test_a_websocket_can_use_the_session(app):
    """The session works where there is no request, only a connection."""

    @app.websocket("/users")
    async def count(socket: WebSocket, session: SessionDep) -> None:
        await socket.accept()
        await socket.send_json(await count_users(session))
        await socket.close()

    async with app.router.lifespan_context(app) as state:

        async def app_with_state(scope, receive, send):
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with (
            AsyncClient(transport=ASGIWebSocketTransport(app_with_state)) as http,
            http.websocket("ws://shop.test/users") as socket,
        ):
            assert await socket.receive_json() == 3


async def test_settings_are_those_of_the_app(running):
    """An endpoint reads the settings its own app was made with."""
    settings = InMemorySettings(seed_demo_data=False)
    app = create_app(settings)

    @app.get("/settings")
    async def show(current: SettingsDep) -> bool:
        return current is settings

    async with running(app) as http:
        assert (await http.get("/settings")).json() is True

"""Tickets for WebSockets: asked for over HTTP, used in a handshake."""

from contextlib import asynccontextmanager

import pytest
from fastapi import WebSocket
from httpx2 import AsyncClient
from httpx2.websockets import ASGIWebSocketTransport, WebSocketDisconnect
from sqlalchemy import update

from lesson_app import InMemorySettings, create_app
from lesson_app.dependencies import TicketUser
from lesson_app.models import User
from lesson_app.seed import DEMO_PASSWORD

pytestmark = pytest.mark.anyio

TICKETS = "/api/v1/ws-tickets"


@asynccontextmanager
async def shop(**settings):
    """Lend a client and the sessions of a shop with a WebSocket that says who opened it."""
    app = create_app(InMemorySettings.model_validate(settings))

    @app.websocket("/who")
    async def who(socket: WebSocket, user: TicketUser) -> None:
        await socket.accept()
        await socket.send_text(user.display_name)
        await socket.close()

    async with app.router.lifespan_context(app) as state:
        assert state is not None

        async def app_with_state(scope, receive, send):
            await app({**scope, "state": dict(state)}, receive, send)

        transport = ASGIWebSocketTransport(app_with_state)
        async with AsyncClient(transport=transport, base_url="http://shop.test") as http:
            form = {"username": "grace@example.com", "password": DEMO_PASSWORD}
            tokens = (await http.post("/api/v1/auth/login", data=form)).json()
            http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            yield http, state["sessions"]


REFUSED = "1008 The ticket is not good (any more)."
"""An open socket was closed, so that a browser can read why."""


async def who(http, ticket: str, **headers: str) -> str:
    """Open the WebSocket and return what it says, or why it was closed."""
    async with http.websocket(
        "ws://shop.test/who", params={"ticket": ticket}, headers=headers
    ) as socket:
        try:
            return await socket.receive_text()
        except WebSocketDisconnect as error:
            return f"{int(error.code)} {error.reason}"


async def test_a_ticket_opens_one_websocket():
    """Once, and for the user who asked for it."""
    async with shop() as (http, _):
        response = await http.post(TICKETS)
        ticket = response.json()["ticket"]
        assert (response.status_code, response.json()["expires_in"]) == (201, 30)
        assert response.headers["cache-control"] == "no-store"
        assert await who(http, ticket) == "Grace"
        assert await who(http, ticket) == REFUSED


async def test_audit_15_3_no_token_opens_one():
    """Audit 15.3: what stands in an address stands in logs, so tokens are not accepted there."""
    async with shop() as (http, _):
        access_token = http.headers["authorization"].removeprefix("Bearer ")
        assert await who(http, access_token) == REFUSED
        assert await who(http, "") == REFUSED


async def test_audit_15_3_the_user_is_checked_again():
    """Audit 15.3: a user who was deactivated since asking for the ticket does not get in."""
    async with shop() as (http, sessions):
        ticket = (await http.post(TICKETS)).json()["ticket"]
        async with sessions.begin() as session:
            await session.execute(update(User).where(User.id == 2).values(is_active=False))
        assert await who(http, ticket) == REFUSED


async def test_audit_15_3_a_page_of_a_listed_site_may_connect():
    """Audit 15.3: its origin is one of those in the settings."""
    async with shop(cors_origins=["https://shop.example"]) as (http, _):
        ticket = (await http.post(TICKETS)).json()["ticket"]
        assert await who(http, ticket, Origin="https://shop.example") == "Grace"


async def test_audit_15_3_a_page_of_another_site_may_not():
    """Audit 15.3: the handshake is refused before anything else happens."""
    refused = pytest.RaisesGroup(WebSocketDisconnect, flatten_subgroups=True)
    with refused as raised:
        async with shop(cors_origins=["https://shop.example"]) as (http, _):
            ticket = (await http.post(TICKETS)).json()["ticket"]
            await who(http, ticket, Origin="https://evil.example")
    assert "This origin may not connect." in str(raised.value.exceptions)


async def test_the_socket_holds_no_connection_of_the_database():
    """The user was read before the socket opened, with a session that has ended."""
    async with shop() as (http, sessions):
        async with sessions() as session:
            pool = session.get_bind().pool
        before = pool.checkedout()
        ticket = (await http.post(TICKETS)).json()["ticket"]
        async with http.websocket("ws://shop.test/who", params={"ticket": ticket}) as socket:
            await socket.receive_text()
            assert pool.checkedout() == before


async def test_a_ticket_needs_a_login(running):
    """Somebody unknown gets none."""
    async with running(create_app()) as http:
        assert (await http.post(TICKETS)).status_code == 401


async def test_another_process_can_redeem_it(redis_namespace):
    """With Redis, the process that answers the handshake need not be the one that was asked."""
    database = InMemorySettings().database_url
    async with (
        shop(database_url=database, **redis_namespace) as (http, _),
        shop(database_url=database, **redis_namespace) as (other, _),
    ):
        ticket = (await http.post(TICKETS)).json()["ticket"]
        assert await who(other, ticket) == "Grace"
        assert await who(http, ticket) == REFUSED

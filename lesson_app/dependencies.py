"""What an endpoint can ask for by naming a type: a session, a page, the settings.

Apart from the endpoints, so that all of them share one vocabulary.
"""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import (
    BackgroundTasks,
    Depends,
    Query,
    Security,
    WebSocket,
    WebSocketException,
    status,
)
from fastapi.requests import HTTPConnection
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from structlog.contextvars import bind_contextvars

from lesson_app.config import Settings
from lesson_app.core.event_feed import EventFeed
from lesson_app.core.exceptions import InvalidToken, MissingScope
from lesson_app.core.file_store import FileStore
from lesson_app.core.origins import may_connect
from lesson_app.core.passwords import Passwords
from lesson_app.core.rate_limits import RateLimits
from lesson_app.core.scopes import SCOPES, Scope
from lesson_app.core.tickets import Tickets
from lesson_app.models import User
from lesson_app.schemas.page import PageParams
from lesson_app.services import logins
from lesson_app.services.chat import Rooms
from lesson_app.services.logins import Caller
from lesson_app.services.relay import Relay


def get_settings(connection: HTTPConnection) -> Settings:
    """Return the settings that the app was made with."""
    return connection.app.state.settings


# An HTTPConnection is a request or a WebSocket: the session works in both.
async def get_session(connection: HTTPConnection) -> AsyncGenerator[AsyncSession]:
    """Lend one transaction to a request: commit when it succeeds, roll back when it raises."""
    sessions: async_sessionmaker[AsyncSession] = connection.state.sessions
    async with sessions() as session:
        yield session
        # Not reached when the endpoint raised: leaving the `async with` rolls back.
        await session.commit()


SettingsDep = Annotated[Settings, Depends(get_settings)]

# scope="function": the commit happens before the response is sent. With the default scope a
# client reads "201 Created" first, and a commit that fails afterwards cannot take it back.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]


async def get_stream_session(connection: HTTPConnection) -> AsyncGenerator[AsyncSession]:
    """Lend a session to a response that is streamed; what it changes is not kept."""
    sessions: async_sessionmaker[AsyncSession] = connection.state.sessions
    async with sessions() as session:
        yield session


# scope="request": with the scope of `SessionDep` it would be closed before the first line is sent.
StreamSessionDep = Annotated[AsyncSession, Depends(get_stream_session, scope="request")]

PageDep = Annotated[PageParams, Query()]

# -- Who asks -----------------------------------------------------------------------------

# auto_error=False: a missing token gets the same answer as a bad one, from the same place.
_token_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/login",
    scopes={scope.value: meaning for scope, meaning in SCOPES.items()},
    auto_error=False,
)


async def get_caller(
    needed: SecurityScopes,
    token: Annotated[str | None, Depends(_token_scheme)],
    session: SessionDep,
    settings: SettingsDep,
) -> Caller:
    """Return who sends this request.

    Raises:
        InvalidToken: there is no good access token.
        MissingScope: the token, or the role of its user, does not allow what is asked for.
    """
    if token is None:
        raise InvalidToken
    caller = await logins.identify(session, settings, token)
    for scope in needed.scopes:
        if scope not in caller.scopes:
            raise MissingScope(scope)
    # The log lines of this request say whose it is.
    bind_contextvars(user_id=caller.user.id)
    return caller


CallerDep = Annotated[Caller, Security(get_caller, scopes=[Scope.SHOP])]
"""Who sends this request and what they may do: for what its owner or an administrator may."""

AdminDep = Annotated[Caller, Security(get_caller, scopes=[Scope.ADMIN])]


def get_current_user(caller: CallerDep) -> User:
    """Return the user who sends this request."""
    return caller.user


def get_admin_user(caller: AdminDep) -> User:
    """Return the administrator who sends this request."""
    return caller.user


CurrentUser = Annotated[User, Depends(get_current_user)]
"""The user who sends this request; without a good access token the answer is 401."""

AdminUser = Annotated[User, Depends(get_admin_user)]
"""The administrator who sends this request; any other user gets 403."""


async def get_optional_caller(
    token: Annotated[str | None, Depends(_token_scheme)], session: SessionDep, settings: SettingsDep
) -> Caller | None:
    """Return who sends this request, or None when it has no token.

    Raises:
        InvalidToken: there is a token, and it is not good: a client wants to know that.
        MissingScope: the token does not allow to use the shop.
    """
    if token is None:
        return None
    return await get_caller(SecurityScopes([Scope.SHOP]), token, session, settings)


OptionalCaller = Annotated[Caller | None, Depends(get_optional_caller)]
"""Who sends this request, or None for a stranger: for what is public in part."""


# -- Who opens a WebSocket ----------------------------------------------------------------


def get_tickets(connection: HTTPConnection) -> Tickets:
    """Return where the tickets for WebSockets are kept."""
    return connection.state.tickets


TicketsDep = Annotated[Tickets, Depends(get_tickets)]


async def get_ticket_user(
    socket: WebSocket,
    tickets: TicketsDep,
    settings: SettingsDep,
    # Without one there is the same answer as with a bad one.
    ticket: Annotated[str, Query()] = "",
) -> User:
    """Return who opens a WebSocket; the ticket in its address is used up.

    The user is read with a session of its own, that ends here: one that belonged to the endpoint
    would hold a connection of the database for as long as the socket is open.

    Raises:
        WebSocketException: the page's origin may not connect (the handshake is refused, 403), or
            the ticket is not good. Then the socket is accepted and closed with 1008, because a
            browser can read the code of an open socket only, and then gets a new ticket.
    """
    headers = socket.headers
    if not may_connect(headers.get("origin"), headers.get("host"), settings.cors_origins):
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "This origin may not connect.")
    holder = await tickets.redeem(ticket)
    try:
        if holder is None:
            raise InvalidToken
        sessions: async_sessionmaker[AsyncSession] = socket.state.sessions
        async with sessions() as session:
            caller = await logins.find_caller(
                session, holder.user_id, holder.login_id, holder.scopes
            )
    except InvalidToken:
        await socket.accept()
        raise WebSocketException(
            status.WS_1008_POLICY_VIOLATION, "The ticket is not good (any more)."
        ) from None
    bind_contextvars(user_id=caller.user.id)
    return caller.user


TicketUser = Annotated[User, Depends(get_ticket_user)]
"""The user who opens a WebSocket with `?ticket=…`, which `POST /api/v1/ws-tickets` gives."""


# -- What passwords and limits need -------------------------------------------------------


def get_passwords(connection: HTTPConnection) -> Passwords:
    """Return what hashes passwords."""
    return connection.state.passwords


def get_rate_limits(connection: HTTPConnection) -> RateLimits:
    """Return what counts requests."""
    return connection.state.rate_limits


PasswordsDep = Annotated[Passwords, Depends(get_passwords)]

RateLimitsDep = Annotated[RateLimits, Depends(get_rate_limits)]


# -- What files, events and chat need -----------------------------------------------------


def get_file_store(connection: HTTPConnection) -> FileStore:
    """Return where the bytes of uploaded files are."""
    return connection.state.files


def get_event_feed(connection: HTTPConnection) -> EventFeed:
    """Return what happens in the shop."""
    return connection.state.events


def get_rooms(connection: HTTPConnection) -> Rooms:
    """Return the chat rooms."""
    return connection.state.rooms


FileStoreDep = Annotated[FileStore, Depends(get_file_store)]

EventFeedDep = Annotated[EventFeed, Depends(get_event_feed)]

RoomsDep = Annotated[Rooms, Depends(get_rooms)]


def empty_outbox_afterwards(connection: HTTPConnection, tasks: BackgroundTasks) -> None:
    """Have the messages that this request writes sent after the answer, and so after the commit."""
    relay: Relay = connection.state.relay
    tasks.add_task(relay.wake)


EmptyOutbox = Depends(empty_outbox_afterwards)
"""For the `dependencies` of an endpoint that writes to the outbox."""

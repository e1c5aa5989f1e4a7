"""Chat rooms over WebSocket.

Each connection has a task that reads and one that writes, so that a client that is slow to read
can still be heard, and closed.

Who somebody is is asked when they enter, and not again: an open socket outlives the logout and the
deactivation of its user, until they leave or the server stops.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, WebSocket, WebSocketDisconnect, status
from pydantic import ValidationError

from lesson_app.core.presence import Person
from lesson_app.dependencies import RoomsDep, TicketUser
from lesson_app.schemas.chat import RoomName, Say
from lesson_app.services.chat import Member

router = APIRouter(prefix="/chat", tags=["chat"])

MAX_MESSAGE_BYTES = 8192

SECONDS_TO_CLOSE = 1.0
"""A client that reads nothing does not read that it is closed either."""


@dataclass(frozen=True)
class Ending:
    """Why the server closes a socket. Source of the codes: RFC 6455, section 7.4, and IANA."""

    code: int
    reason: str


TOO_BIG = Ending(status.WS_1009_MESSAGE_TOO_BIG, "A message has at most 8192 bytes.")
TOO_SLOW = Ending(status.WS_1013_TRY_AGAIN_LATER, "Too many messages wait for you. Come back.")
STOPPING = Ending(status.WS_1012_SERVICE_RESTART, "The server is stopping. Come back soon.")


@router.websocket("/{room}")
async def chat(
    socket: WebSocket, room: Annotated[RoomName, Path()], user: TicketUser, rooms: RoomsDep
) -> None:
    """Talk in a room: send `{"text": "Hello"}`, get what everyone says, and who comes and goes."""
    await socket.accept()
    async with rooms.join(room, Person(id=user.id, name=user.display_name)) as member:
        ending = await _first(_read(socket, member), _write(socket, member), _watch(member))
    if ending is not None:
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(SECONDS_TO_CLOSE):
                await socket.close(ending.code, ending.reason)


async def _first(*parts: Coroutine[None, None, Ending | None]) -> Ending | None:
    """Run all parts until the first one ends; return its result, or raise its error."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    # Of several that ended at once, the one with something to say.
    return next(filter(None, (task.result() for task in done)), None)


async def _read(socket: WebSocket, member: Member) -> Ending | None:
    """Pass on what the client says, until it leaves."""
    while (frame := await socket.receive())["type"] != "websocket.disconnect":
        text = frame.get("text")
        data = frame["bytes"] if text is None else text.encode()
        if len(data) > MAX_MESSAGE_BYTES:
            return TOO_BIG
        if text is None:
            member.refuse("Send text, not bytes.")
            continue
        try:
            said = Say.model_validate_json(text)
        except ValidationError as error:
            member.refuse(error.errors(include_input=False, include_url=False)[0]["msg"])
        else:
            await member.say(said.text)
    return None


async def _write(socket: WebSocket, member: Member) -> None:
    """Send what waits for the client, until there will be no more, or it leaves."""
    with suppress(WebSocketDisconnect):
        async for text in member.mailbox:
            await socket.send_text(text)


async def _watch(member: Member) -> Ending:
    """Wait until the client is too slow, or the server stops."""
    await member.mailbox.closed.wait()
    return TOO_SLOW if member.mailbox.overflowed else STOPPING

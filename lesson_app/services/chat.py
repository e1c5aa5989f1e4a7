"""Chat rooms: what one says, everyone in the room hears, in whichever process they are.

A room exists as long as somebody is in it, and nothing that was said is kept.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import anyio
from pydantic import BaseModel

from lesson_app.core.broadcast import Broadcast
from lesson_app.core.mailbox import Mailbox
from lesson_app.core.presence import Person, Presence
from lesson_app.schemas.chat import Entered, Left, Message, Present, Refused

CHANNEL = "chat"


class _ToRoom(BaseModel):
    """What the processes say to each other."""

    room: str
    text: str


# eq=False: two connections of one person are two members.
@dataclass(eq=False)
class Member:
    """One connection to a room.

    Attributes:
        mailbox: the texts for its client. The writer ends when it is closed.
    """

    rooms: "Rooms"
    room: str
    person: Person
    mailbox: Mailbox[str]
    connection: str = field(default_factory=lambda: uuid4().hex)

    async def say(self, text: str) -> None:
        """Say something to everyone in the room, the speaker included."""
        await self.rooms.tell(self.room, Message(person=self.person, text=text))

    def refuse(self, detail: str) -> None:
        """Tell this client alone that it sent something wrong."""
        self.mailbox.put(Refused(detail=detail).model_dump_json())


class Rooms:
    """The rooms of a shop, as far as their members are connected to this process.

    Args:
        broadcast: how the processes talk.
        presence: who is where.
        queue_size: messages that wait for one slow client before it is dropped.
    """

    def __init__(self, broadcast: Broadcast, presence: Presence, queue_size: int) -> None:
        self._broadcast = broadcast
        self._presence = presence
        self._queue_size = queue_size
        self._members: defaultdict[str, set[Member]] = defaultdict(set)
        self._closed = False
        broadcast.listen(CHANNEL, self._hear)

    @asynccontextmanager
    async def join(self, room: str, person: Person) -> AsyncGenerator[Member]:
        """Be a member of a room for as long as the context lasts."""
        member = Member(self, room, person, Mailbox(self._queue_size))
        self._members[room].add(member)
        if self._closed:
            member.mailbox.close()
        entered = (room, person, member.connection)
        try:
            is_new = await self._presence.enter(*entered)
            people = await self._presence.people(room)
            member.mailbox.put(Present(people=people).model_dump_json())
            if is_new:
                await self.tell(room, Entered(person=person))
            yield member
        finally:
            self._members[room].discard(member)
            if not self._members[room]:
                del self._members[room]
            # Also when the server cancels the task: the others must not see a ghost.
            with anyio.CancelScope(shield=True):
                if await self._presence.leave(*entered):
                    await self.tell(room, Left(person=person))

    async def tell(self, room: str, message: BaseModel) -> None:
        """Send a message to everyone in a room."""
        to_room = _ToRoom(room=room, text=message.model_dump_json())
        await self._broadcast.say(CHANNEL, to_room.model_dump_json())

    def close(self) -> None:
        """End every connection, also those that come after this."""
        self._closed = True
        for members in self._members.values():
            for member in members:
                member.mailbox.close()

    def _hear(self, text: str) -> None:
        to_room = _ToRoom.model_validate_json(text)
        for member in self._members.get(to_room.room, ()):
            # Never waits, so nobody joins or leaves while this runs.
            member.mailbox.put(to_room.text)

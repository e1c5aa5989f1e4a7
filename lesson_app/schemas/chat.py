"""What goes over the WebSocket of a chat room, one JSON object a message."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lesson_app.core.presence import Person
from lesson_app.database import utc_now

RoomName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,50}$")]

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Say(BaseModel):
    """From a client: something for everyone in the room."""

    model_config = ConfigDict(extra="forbid")

    text: Said


class Message(BaseModel):
    """To everyone in a room: what somebody said."""

    type: Literal["message"] = "message"
    person: Person
    text: str
    at: datetime = Field(default_factory=utc_now)


class Entered(BaseModel):
    """To everyone in a room: somebody came in."""

    type: Literal["entered"] = "entered"
    person: Person


class Left(BaseModel):
    """To everyone in a room: somebody went away."""

    type: Literal["left"] = "left"
    person: Person


class Present(BaseModel):
    """To one client, when it comes in: who is there."""

    type: Literal["present"] = "present"
    people: list[Person]


class Refused(BaseModel):
    """To one client: what it sent is no message."""

    type: Literal["refused"] = "refused"
    detail: str

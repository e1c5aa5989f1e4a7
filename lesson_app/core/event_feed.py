"""What has happened in the shop, for whoever wants to follow it.

A follower that was away asks for what came after the last event it saw; a bounded number of past
events is kept for that.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from lesson_app.core.mailbox import Mailbox

MAX_WAITING = 100
"""Events that wait for a slow follower before it is sent away; it comes back and resumes."""


class Event(BaseModel):
    """Something that happened.

    Attributes:
        id: the same in every process, and different for every event. None is nothing that a
            follower can come back to.
        topic: what kind of thing, such as order.placed.
        data: what everybody may know of it.
    """

    id: str | None
    topic: str
    data: dict[str, Any]


MISSED = Event(
    id=None,
    topic="events.missed",
    data={"detail": "Events are missing here, because not all are kept. Read what you show anew."},
)
"""What a follower gets first that was away for longer than events are kept."""


class EventFeed:
    """The events of this process and their followers.

    Args:
        history: how many past events are kept.
    """

    def __init__(self, history: int) -> None:
        self._history = history
        # By their ids, in the order in which they came.
        self._past: dict[str | None, Event] = {}
        self._followers: set[Mailbox[Event]] = set()
        self._closed = False

    def publish(self, event: Event) -> None:
        """Tell every follower. An event that is known already is not told again."""
        if event.id in self._past:
            return
        self._past[event.id] = event
        if len(self._past) > self._history:
            del self._past[next(iter(self._past))]
        # A copy: one that overflows may leave meanwhile.
        for follower in tuple(self._followers):
            follower.put(event)

    @contextmanager
    def follow(self, after: str | None = None) -> Generator[Mailbox[Event]]:
        """Lend a mailbox that gets each event from now on, until the feed is closed.

        Args:
            after: the id of the last event that the follower saw. The later ones come first;
                when that one is not kept any more, `MISSED` and all that are.
        """
        follower = Mailbox(MAX_WAITING, self._later_than(after))
        self._followers.add(follower)
        if self._closed:
            follower.close()
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def close(self) -> None:
        """End every stream, also those that are asked for after this."""
        self._closed = True
        for follower in tuple(self._followers):
            follower.close()

    def _later_than(self, event_id: str | None) -> list[Event]:
        if event_id is None:
            return []
        events = list(self._past.values())
        if event_id not in self._past:
            return [MISSED, *events]
        return events[list(self._past).index(event_id) + 1 :]

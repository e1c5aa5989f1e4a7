"""Events, those who follow them, and those who come back."""

import pytest

from lesson_app.core import event_feed
from lesson_app.core.event_feed import Event, EventFeed

pytestmark = pytest.mark.anyio


def event(number: int) -> Event:
    return Event(id=str(number), topic="test", data={})


async def ids(feed: EventFeed, after: str | None = None) -> list[str | None]:
    """The ids that a follower gets who comes now, until the feed is closed."""
    with feed.follow(after) as events:
        feed.close()
        return [one.id async for one in events]


async def test_a_follower_gets_what_comes_from_now_on():
    """And an event that is told twice once."""
    feed = EventFeed(10)
    feed.publish(event(1))
    with feed.follow() as events:
        for number in (2, 3, 2):
            feed.publish(event(number))
        feed.close()
        assert [one.id async for one in events] == ["2", "3"]


@pytest.mark.parametrize(
    ("after", "expected"),
    [(None, []), ("4", ["5"]), ("5", []), ("3", ["4", "5"]), ("1", [None, "3", "4", "5"]), ("x", [None, "3", "4", "5"])],
)  # fmt: skip
async def test_who_comes_back_gets_what_was_missed(after, expected):
    """The later events; else all that are kept, after a word that there were others."""
    feed = EventFeed(3)
    for number in range(1, 6):
        feed.publish(event(number))
    assert await ids(feed, after) == expected


async def test_a_slow_follower_is_sent_away_and_can_resume(monkeypatch):
    """It gets what fitted; with the last id it comes back for the rest. Others miss nothing."""
    monkeypatch.setattr(event_feed, "MAX_WAITING", 2)
    feed = EventFeed(10)
    with feed.follow() as slow:
        for number in range(1, 5):
            feed.publish(event(number))
        seen = [one.id async for one in slow]
    assert seen == ["1", "2"]
    assert await ids(feed, seen[-1]) == ["3", "4"]


async def test_after_the_end_every_stream_ends():
    """Also one that is asked for while the server stops; what was missed is told first."""
    feed = EventFeed(10)
    feed.publish(event(1))
    feed.publish(event(2))
    feed.close()
    assert await ids(feed, "1") == ["2"]


async def test_a_follower_that_has_left_is_forgotten():
    """Nothing waits for it."""
    feed = EventFeed(10)
    with feed.follow() as events:
        pass
    feed.publish(event(1))
    events.close()
    assert [one async for one in events] == []

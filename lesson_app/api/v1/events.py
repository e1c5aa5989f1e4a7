"""What happens in the shop, as it happens: Server-Sent Events.

Source: HTML Living Standard, section 9.2, "Server-sent events". FastAPI adds a comment as a sign
of life when nothing happens for 15 seconds.
"""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Header, status
from fastapi.sse import EventSourceResponse, ServerSentEvent

from lesson_app.api.openapi import problems
from lesson_app.dependencies import EventFeedDep

router = APIRouter(
    prefix="/events", tags=["events"], responses=problems(status.HTTP_422_UNPROCESSABLE_CONTENT)
)

RETRY_AFTER_MS = 2000
"""How long a client waits before it comes back, after the connection was lost."""


@router.get("", response_class=EventSourceResponse)
async def stream_events(
    feed: EventFeedDep,
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=100,
            description="The last event that the client saw. A browser sends it by itself when "
            "it comes back; the events since then come first. When that was too long ago, "
            "`events.missed` says so before those that are kept.",
        ),
    ] = None,
) -> AsyncIterable[ServerSentEvent]:
    """Follow what happens in the shop, such as `order.placed`, until the shop stops.

    An event can come twice: it has the same id then.
    """
    with feed.follow(last_event_id) as events:
        # At once, so that the client knows that it is connected.
        yield ServerSentEvent(comment="connected", retry=RETRY_AFTER_MS)
        async for event in events:
            yield ServerSentEvent(event=event.topic, id=event.id, data=event.data)

"""What runs beside the requests: event feed, chat rooms, the relay of the outbox.

Apart from the application factory, because these belong together and stop together.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, TypedDict

from lesson_app.config import Settings
from lesson_app.core.broadcast import Broadcast, open_broadcast
from lesson_app.core.event_feed import Event, EventFeed
from lesson_app.core.file_store import FileStore, open_file_store
from lesson_app.core.presence import open_presence
from lesson_app.core.shutdown import on_stop_signal
from lesson_app.services import outbox
from lesson_app.services.chat import Rooms
from lesson_app.services.notifications import notify, public_event
from lesson_app.services.outbox import Message, Sessions
from lesson_app.services.relay import Relay, run_relay
from lesson_app.tasks import open_queue

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

EVENTS = "events"


class Realtime(TypedDict):
    """What requests and sockets find of it in their state."""

    files: FileStore
    events: EventFeed
    rooms: Rooms
    relay: Relay


@asynccontextmanager
async def open_realtime(
    settings: Settings, sessions: Sessions, redis: "Redis | None"
) -> AsyncGenerator[Realtime]:
    """Run it for as long as the app runs. Streams and sockets end when a stop is asked for."""
    async with (
        open_file_store(settings.upload_folder) as files,
        open_broadcast(redis, settings.redis_prefix) as broadcast,
        open_presence(redis, settings.redis_prefix) as presence,
    ):
        events = EventFeed(settings.event_history)
        broadcast.listen(EVENTS, lambda text: events.publish(Event.model_validate_json(text)))
        rooms = Rooms(broadcast, presence, settings.chat_queue_size)

        def close_streams() -> None:
            events.close()
            rooms.close()

        async def send(message: Message) -> None:
            await outbox.deliver(sessions, message.id, message.attempt, notify)

        with (
            open_queue(settings) if settings.broker_url else nullcontext(send) as hand_on,
            on_stop_signal(close_streams),
        ):

            async def dispatch(message: Message) -> None:
                await _tell(broadcast, message)
                await hand_on(message)

            async with run_relay(sessions, dispatch) as relay:
                try:
                    yield {"files": files, "events": events, "rooms": rooms, "relay": relay}
                finally:
                    close_streams()
                    # Sockets and streams hear of it now, while what they need is still there.
                    await asyncio.sleep(0)


async def _tell(broadcast: Broadcast, message: Message) -> None:
    """Tell everybody what they may know of a message."""
    try:
        if event := public_event(message):
            await broadcast.say(EVENTS, event.model_dump_json())
    # Redis is away, say: an event is missed, and the message is sent all the same.
    except Exception:
        logger.exception("message %d: its event could not be told", message.id)

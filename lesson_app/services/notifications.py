"""What the messages of the outbox say, and to whom.

The shop has no mail server: a notification is a line in the log. Whoever has one changes `notify`.
"""

import logging

from lesson_app.core.event_feed import Event
from lesson_app.services.outbox import Message

logger = logging.getLogger(__name__)

ORDER_PLACED = "order.placed"
USER_REGISTERED = "user.registered"

_TEXTS = {
    ORDER_PLACED: "user {buyer_id}: thank you for your order {order_id}",
    USER_REGISTERED: "user {user_id}: welcome to the shop",
}


async def notify(message: Message) -> None:
    """Tell a user what happened.

    Raises:
        KeyError: nothing is known of the topic, or its payload lacks something.
    """
    text = _TEXTS[message.topic].format(**message.payload)
    # The id, by which a receiver knows a repetition, goes with it: for a mail, as Message-ID.
    logger.info("notification %d to %s", message.id, text)


def public_event(message: Message) -> Event | None:
    """Return what everybody may know of a message: who bought is not among it."""
    if message.topic != ORDER_PLACED:
        return None
    data = {"item_ids": message.payload["item_ids"]}
    return Event(id=str(message.id), topic=message.topic, data=data)

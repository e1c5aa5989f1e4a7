"""The work that is done by a Celery worker instead of the app, with RabbitMQ between them.

The relay of the app claims a message of the outbox and puts its number into the queue; a worker
sends it. The worker says "done" to RabbitMQ after the work (`acks_late`), so a message of a worker
that is killed before goes to another. Retries are not Celery's: a message that was not sent is due
again in the outbox, later each time, and the relay brings it once more.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anyio import to_thread
from sqlalchemy.ext.asyncio import async_sessionmaker

from lesson_app.config import Settings
from lesson_app.database import open_engine
from lesson_app.services import outbox
from lesson_app.services.notifications import notify
from lesson_app.services.outbox import Message
from lesson_app.services.relay import Dispatch

if TYPE_CHECKING:
    from celery import Celery

SEND_NOTIFICATION = "shop.send_notification"


async def send_notification(settings: Settings, message_id: int, attempt: int) -> bool:
    """Send a message of the outbox; say whether it was sent now.

    Idempotent: of two that get the same attempt, one sends the message.
    """
    async with open_engine(settings) as engine:
        return await outbox.deliver(async_sessionmaker(engine), message_id, attempt, notify)


def make_celery(settings: Settings) -> "Celery":
    """Make the Celery app of the worker, and of whoever hands work to it.

    Raises:
        ValueError: the settings name no broker.
    """
    if settings.broker_url is None:
        raise ValueError("a worker needs a broker: set SHOP_BROKER_URL")
    # Here, because it comes with an extra, and takes a while to import.
    from celery import Celery

    celery = Celery("shop", broker=settings.broker_url.get_secret_value(), set_as_current=False)
    celery.conf.update(
        task_default_queue=settings.broker_queue,
        # What came of a message stands in the outbox.
        task_ignore_result=True,
        # "Done" after the work, so that nothing is lost with a worker that dies.
        task_acks_late=True,
        # One message at a time: what waits in a worker is of no use to the others.
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        # RabbitMQ says that it has a message, or the relay learns that it has not. It does not
        # try again by itself, because the outbox does.
        broker_transport_options={"confirm_publish": True},
        task_publish_retry=False,
        broker_connection_timeout=5,
        broker_connection_retry_on_startup=True,
    )

    # Not shared: another Celery app in this process would get this task, with these settings.
    @celery.task(name=SEND_NOTIFICATION, shared=False)
    def send(message_id: int, attempt: int) -> bool:
        # A worker has no event loop of its own.
        return asyncio.run(send_notification(settings, message_id, attempt))

    return celery


@contextmanager
def open_queue(settings: Settings) -> Generator[Dispatch]:
    """Lend what puts messages into the queue of the worker."""
    celery = make_celery(settings)

    # When a claim has run out the relay brings the message again: without a worker there would
    # be one more of it in the queue each time.
    expiration = outbox.LEASE.total_seconds()

    async def put(message: Message) -> None:
        arguments = (message.id, message.attempt)
        await to_thread.run_sync(
            lambda: celery.send_task(SEND_NOTIFICATION, arguments, expiration=expiration)
        )

    try:
        yield put
    finally:
        celery.close()

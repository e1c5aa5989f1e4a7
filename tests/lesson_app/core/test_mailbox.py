"""What waits for one client."""

import asyncio

import pytest

from lesson_app.core.mailbox import Mailbox

pytestmark = pytest.mark.anyio


async def read(mailbox: Mailbox[int]) -> list[int]:
    async with asyncio.timeout(10):
        return [message async for message in mailbox]


async def test_messages_come_in_order_until_it_is_closed():
    """Those that wait already, those that come while the reader waits, and none after the end."""
    mailbox = Mailbox[int](10, first=[1, 2])
    reading = asyncio.create_task(read(mailbox))
    mailbox.put(3)
    await asyncio.sleep(0)
    mailbox.put(4)
    await asyncio.sleep(0)
    mailbox.close()
    mailbox.put(5)
    assert (await reading, mailbox.overflowed) == ([1, 2, 3, 4], False)


async def test_one_message_too_many_closes_it():
    """The bound is kept; what waits can still be read. What waited at first does not count."""
    mailbox = Mailbox[int](2, first=[0])
    for number in (1, 2):
        mailbox.put(number)
    assert not mailbox.closed.is_set()
    mailbox.put(3)
    assert (mailbox.closed.is_set(), mailbox.overflowed) == (True, True)
    assert await read(mailbox) == [0, 1, 2]

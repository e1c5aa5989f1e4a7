"""Time limits that overlap, and what they leave behind."""

import asyncio
import signal
import time

import pytest

from workbook.limits import TimeLimitExceeded, within

pytestmark = pytest.mark.anyio


async def _blocks() -> None:
    while True:
        pass


async def _overlapping() -> None:
    """The limit that began first ends first."""
    first = asyncio.create_task(within(5, asyncio.sleep(0.1)))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(within(5, asyncio.sleep(0.2)))
    await asyncio.gather(first, second)


async def _nested() -> None:
    """A limit runs out inside of another one."""
    with pytest.raises(TimeLimitExceeded):
        await within(5, within(0.1, _blocks()))


@pytest.mark.parametrize("run", [_overlapping, _nested])
async def test_the_alarm_is_given_back(run) -> None:
    """No timer runs on that could strike at somebody else's code, and the handler is the old one."""
    before = signal.getsignal(signal.SIGALRM)
    await run()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


async def test_the_shortest_limit_counts() -> None:
    """Also when it is the outer one, and code inside of a longer one holds the loop."""
    began = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        await within(0.2, within(30, _blocks()))
    assert time.monotonic() - began < 20


async def test_a_limit_survives_the_end_of_another() -> None:
    """It still stops code that holds the loop after an overlapping one has gone."""
    first = asyncio.create_task(within(5, asyncio.sleep(0.05)))
    await asyncio.sleep(0)

    async def wait_then_block() -> None:
        await first
        await _blocks()

    with pytest.raises(TimeLimitExceeded):
        await within(0.3, wait_then_block())

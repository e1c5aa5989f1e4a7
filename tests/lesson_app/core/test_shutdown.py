"""Hearing of a stop before the server waits for open streams."""

import asyncio
import signal
import threading

import pytest

from lesson_app.core.shutdown import on_stop_signal

pytestmark = pytest.mark.anyio


@pytest.fixture
def server_handler():
    """A server's handler for SIGTERM, as uvicorn sets one; the numbers it was called with."""
    called: list[int] = []

    def handle(number, frame) -> None:
        called.append(number)

    former = signal.signal(signal.SIGTERM, handle)
    yield handle, called
    signal.signal(signal.SIGTERM, former)


async def test_the_callback_and_the_servers_handler_are_both_called(server_handler):
    """Then the server's handler is back in its place."""
    handler, called = server_handler
    stopping = asyncio.Event()
    with on_stop_signal(stopping.set):
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await stopping.wait()
    assert called == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is handler


async def test_apps_that_overlap_do_not_disturb_each_other(server_handler):
    """The first may stop before the second; what it left behind does nothing."""
    handler, called = server_handler
    heard: list[str] = []
    first = on_stop_signal(lambda: heard.append("first"))
    second = on_stop_signal(lambda: heard.append("second"))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.sleep(0)
    second.__exit__(None, None, None)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.sleep(0)
    assert (heard, called) == (["second"], [signal.SIGTERM] * 2)
    assert handler is not None


async def test_where_no_server_listens_nothing_is_changed():
    """In a notebook, Ctrl-C stays what it is, and a signal that ends the process ends it."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL),
    ):
        signal.signal(number, handler)
    try:
        with on_stop_signal(lambda: None):
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


async def test_outside_the_main_thread_nothing_is_changed(server_handler):
    """Python lets only the main thread set handlers; a server in another has none."""
    seen = []

    async def look() -> None:
        with on_stop_signal(lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=lambda: asyncio.run(look()))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert seen == [server_handler[0]]

"""The moment at which a server begins to stop.

A server waits for open responses before it ends the lifespan, and a stream of events has no end:
without a word in time the two wait for each other. Uvicorn tells the app nothing earlier, so the
signal is listened to.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signal(callback: Callable[[], None]) -> Generator[None]:
    """Call `callback` in the running loop when a signal asks the server to stop.

    The server's own handler runs as before. Where there is none, as in a notebook or a test, or
    outside the main thread, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
    listening = True

    def hear(number: int, frame: FrameType | None) -> None:
        if listening:
            # A handler runs between any two lines of Python; the loop picks a better moment.
            loop.call_soon_threadsafe(callback)
        handlers[number](number, frame)

    for number in STOP_SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            handlers[number] = handler
            signal.signal(number, hear)
    try:
        yield
    finally:
        listening = False
        for number, handler in handlers.items():
            # Unless another app in this process listens too, and stops later.
            if signal.getsignal(number) is hear:
                signal.signal(number, handler)

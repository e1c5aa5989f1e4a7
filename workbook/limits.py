"""A time limit that also stops code which never gives the event loop back.

`asyncio.timeout` can only cancel a task that awaits. A learner's `while True:` or
`time.sleep(600)` inside `async def` holds the loop, so it is interrupted from outside:
by an alarm signal in the main thread, where a notebook kernel runs its cells, and by an
asynchronous exception elsewhere.
"""

import asyncio
import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

_BEAT = 0.05
"""Seconds between two signs of life of the event loop, and between two looks at them."""

_AGAIN = 0.25
"""Seconds until code that goes on after an interruption is interrupted once more."""


class TimeLimitExceeded(BaseException):
    """Code ran longer than its limit.

    Not an `Exception`, so that `except Exception` in the code that is stopped does not keep it.
    """


async def within[T](seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`, but for no longer than `seconds`.

    Raises:
        TimeLimitExceeded: the limit has passed. Code that holds the loop, or loops in a worker
            thread, has been interrupted; a worker thread inside one long call is left behind.
    """
    task = asyncio.create_task(work)
    with _interrupting_a_blocked_loop(seconds):
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()
            _interrupt_worker_threads()
            await asyncio.wait({task}, timeout=1.0)
            raise TimeLimitExceeded
    return task.result()


@contextmanager
def _interrupting_a_blocked_loop(seconds: float) -> Generator[None]:
    loop = asyncio.get_running_loop()
    last_beat = monotonic()

    def beat() -> None:
        nonlocal last_beat, timer
        last_beat = monotonic()
        timer = loop.call_later(_BEAT, beat)

    def is_blocked() -> bool:
        nonlocal last_beat
        if monotonic() - last_beat <= seconds:
            return False
        # Code that swallows the interruption is interrupted again after a moment.
        last_beat = monotonic() - seconds + _AGAIN
        return True

    timer = loop.call_later(_BEAT, beat)
    in_main_thread = threading.current_thread() is threading.main_thread()
    look = _by_alarm if in_main_thread and hasattr(signal, "setitimer") else _by_watching
    with look(is_blocked):
        try:
            yield
        finally:
            timer.cancel()


_watched: dict[object, Callable[[], bool]] = {}
"""What the alarm asks, for each limit that is running in the main thread: they may overlap."""

_before: list[Any] = []
"""How to give the signal back, as long as a limit is running."""


@contextmanager
def _by_alarm(is_blocked: Callable[[], bool]) -> Generator[None]:
    """Raise in the main thread, which also ends a blocking call such as `time.sleep`."""
    me = object()
    if not _watched:
        handler = signal.signal(signal.SIGALRM, _alarm)
        _before[:] = handler, signal.setitimer(signal.ITIMER_REAL, _BEAT, _BEAT)
    _watched[me] = is_blocked
    try:
        yield
    finally:
        del _watched[me]
        if not _watched:
            handler, timer = _before
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, handler)


def _alarm(_signal: int, frame: FrameType | None) -> None:
    # Never inside the event loop's own code or ours, which would not survive it.
    if frame is None or _is_event_loop(frame):
        return
    if any(is_blocked() for is_blocked in _watched.values()):
        raise TimeLimitExceeded


def _is_event_loop(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    return module in ("selectors", __name__) or module.startswith("asyncio.")


@contextmanager
def _by_watching(is_blocked: Callable[[], bool]) -> Generator[None]:
    """Raise in the loop's thread from another one, which ends loops written in Python."""
    watched = threading.get_ident()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_BEAT):
            if is_blocked():
                _raise_in(watched)
                return

    watcher = threading.Thread(target=watch, name="workbook time limit", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _interrupt_worker_threads() -> None:
    """Raise in each worker thread that runs an endpoint; one that waits for work is left alone."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if not thread.name.startswith("AnyIO worker") or thread.ident is None:
            continue
        frame = frames.get(thread.ident)
        while frame is not None:
            # The worker hands its function to `Context.run`; before that it waits in a queue.
            caller = frame.f_back
            if caller is not None and _is_worker_loop(caller):
                if frame.f_code.co_filename.endswith("queue.py"):
                    break
                _raise_in(thread.ident)
                break
            frame = caller


def _is_worker_loop(frame: FrameType) -> bool:
    return frame.f_code.co_name == "run" and isinstance(
        frame.f_locals.get("self"), threading.Thread
    )


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(TimeLimitExceeded)
    )

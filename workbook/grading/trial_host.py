"""Try a learner's test, which runs in the sandbox, on apps that run here.

The sandbox is told neither which app it has nor in what order they come, and each app comes more
than once. So its reports are worth something only if the test tells the apps apart by what they
answer, which is what a test is for.
"""

import asyncio
from random import Random, SystemRandom
from typing import Any, get_args

from workbook.asgi import ASGIApp, Message
from workbook.exercise import Exercise
from workbook.grading.bridge import headers
from workbook.grading.calls import Call, ServedApp
from workbook.grading.frames import HEADER, BadFrame, pack, unpack
from workbook.lifespan import Lifespan
from workbook.raised import RaisedElsewhere
from workbook.trials import Outcome, Report, Trials

_MOST_CALLS = 256
"""Requests that a test may have open at once."""

_LONGEST_TEXT = 2000

_SCOPE: dict[str, dict[str, type]] = {
    "http": {"method": str, "path": str, "raw_path": bytes, "query_string": bytes},
    "websocket": {"path": str, "raw_path": bytes, "query_string": bytes, "subprotocols": list},
}
_EVENTS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "http.request": {"body": bytes, "more_body": bool},
    "http.disconnect": {},
    "websocket.connect": {},
    "websocket.receive": {"text": (str, type(None)), "bytes": (bytes, type(None))},
    "websocket.disconnect": {"code": int, "reason": (str, type(None))},
}


def seen_from_here(exercise: Exercise, app: ASGIApp) -> ASGIApp:
    """What the requirements of an exercise ask, given the app that the sandbox serves for it."""
    if isinstance(exercise.serve, Trials):
        return exercise.serve.served(_Host(exercise.serve, app, SystemRandom()).try_on)
    return app


class _Host:
    """Tries one test on the apps of an exercise.

    Args:
        trials: the apps.
        runner: runs the test once for each WebSocket, as `workbook.grading.trial_runner` does.
        random: decides what can't be foreseen there.
    """

    def __init__(self, trials: Trials, runner: ASGIApp, random: Random) -> None:
        self._trials, self._runner, self._random = trials, runner, random
        self._reports: dict[str, list[Report]] = {name: [] for name in trials.apps}

    async def try_on(self, name: str) -> Report:
        """How the test fares on the app of that name, and on another one beside it.

        A test that does not fare the same each time has shown nothing: it counts as skipped.

        Raises:
            BadFrame: the sandbox did not keep to the rules.
        """
        right, *broken = self._trials.apps
        other = self._random.choice(broken or [right]) if name == right else right
        runs = [name, other, self._random.choice((name, other))]
        self._random.shuffle(runs)
        for one in runs:
            self._reports[one].append(await self._run(one))
        for one in (name, right):
            if len({report["outcome"] for report in self._reports[one]}) > 1:
                return Report(
                    outcome="skipped",
                    message="a test that passes and fails by turns on the very same app",
                )
        return self._reports[name][0]

    async def _run(self, name: str) -> Report:
        app = self._trials.apps[name]()
        async with Lifespan(app) as running:
            served = ServedApp(app)
            served.state = running.state
            return await _Trial(served, self._runner).report()


class _Trial:
    """One run of the test: here is the app that it calls."""

    def __init__(self, app: ServedApp, runner: ASGIApp) -> None:
        self._app, self._runner = app, runner
        self._calls: dict[int, Call] = {}
        self._to_the_test: asyncio.Queue[Message] = asyncio.Queue()
        self._report: asyncio.Future[Report] = asyncio.get_running_loop().create_future()

    async def report(self) -> Report:
        """Run it.

        Raises:
            BadFrame: what came back broke the rules, or held no report.
            Exception: what the runner raised.
        """
        self._to_the_test.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": []}
        running = asyncio.ensure_future(self._runner(scope, self._to_the_test.get, self._take))
        try:
            await asyncio.wait({running, self._report}, return_when=asyncio.FIRST_COMPLETED)
            if not self._report.done():
                running.result()
                raise BadFrame("no report of the test")
            return self._report.result()
        finally:
            running.cancel()
            for call in list(self._calls.values()):
                call.cancel()

    def send(self, message: dict[str, Any]) -> None:
        """Send to the test; what the app raised, and where, stays here."""
        if message.get("end"):
            message = message | {"end": {"message": "The app raised an exception.", "where": ""}}
        frame = pack(message)[HEADER.size :]
        self._to_the_test.put_nowait({"type": "websocket.receive", "bytes": frame})

    async def drained(self) -> None:
        """Nothing to wait for: the test takes what it is sent before it asks for more."""

    def forget(self, call: int) -> None:
        """The app has ended a call."""
        self._calls.pop(call, None)

    async def _take(self, event: Message) -> None:
        if event["type"] != "websocket.send" or self._report.done():
            return
        try:
            self._sort(unpack(event.get("bytes") or b""))
        except (BadFrame, RaisedElsewhere) as error:
            # Raised here, it would be taken for a client that has left.
            self._report.set_exception(error)

    def _sort(self, message: dict[str, Any]) -> None:
        match message:
            case {"report": {"outcome": str(outcome), "message": str(text)}}:
                if outcome not in get_args(Outcome.__value__):
                    raise BadFrame("a report of no known outcome")
                self._report.set_result(Report(outcome=outcome, message=text[:_LONGEST_TEXT]))
            case {"do": "call", "call": int(number), "scope": dict(scope)}:
                if number in self._calls or len(self._calls) >= _MOST_CALLS:
                    raise BadFrame(f"a request twice, or more than {_MOST_CALLS} at once")
                self._calls[number] = Call(self, number, self._app, _scope(scope))
            case {"do": "event", "call": int(number), "event": dict(event)}:
                event = _checked(event, _EVENTS, "event")
                if number in self._calls:
                    self._calls[number].take({"do": "event", "event": event})
            case {"do": "taken" | "gone" | "cancel", "call": int(number)}:
                if number in self._calls:
                    self._calls[number].take(message)
            case _:
                raise BadFrame("a message of no known kind")


def _scope(told: dict[str, Any]) -> dict[str, Any]:
    scope = _checked(told, _SCOPE, "request")
    return {
        **scope,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if scope["type"] == "http" else "ws",
        "headers": headers(told.get("headers", [])),
        "server": ("shop.test", None),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }


def _checked(told: dict[str, Any], kinds: dict[str, dict[str, Any]], what: str) -> dict[str, Any]:
    """Those fields that the specification knows, if they are of the right types."""
    kind = told.get("type")
    fields = kinds.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise BadFrame(f"a {what} of no known type")
    for name, types in fields.items():
        if name in told and not isinstance(told[name], types):
            raise BadFrame(f"a {what} whose {name} has the wrong type")
    return {"type": kind} | {name: told[name] for name in fields if name in told}

"""An app that runs in a submission's process, as an ASGI app of this one.

What the client does to it goes there as events, and the app's events come back. So the same client
and the same requirements serve an app in the notebook and an app in the sandbox.
"""

import asyncio
import codecs
import zlib
from typing import Any, Protocol

import httpx

from workbook.asgi import Message, Receive, Scope, Send
from workbook.grading.channel import ChildDied
from workbook.grading.frames import is_awaited
from workbook.raised import RaisedElsewhere

_LARGEST_HEADERS = 64 << 10
"""Bytes of all header fields together; a server accepts about as much."""

_LARGEST_UNPACKED = 16 << 20
"""Bytes of a compressed response, unpacked."""

_NOT_OF_TEXT = ("idna", "punycode", "undefined")
"""Encodings of Python for names of hosts, which take minutes for a megabyte, and for nothing."""

_LONGEST_TEXT = 2000

_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "http.response.start": {"status": int, "headers": list},
    "http.response.body": {"body": bytes, "more_body": bool},
    "websocket.accept": {"subprotocol": (str, type(None)), "headers": list},
    "websocket.send": {"text": (str, type(None)), "bytes": (bytes, type(None))},
    "websocket.close": {"code": int, "reason": (str, type(None))},
    "websocket.http.response.start": {"status": int, "headers": list},
    "websocket.http.response.body": {"body": bytes, "more_body": bool},
    "lifespan.startup.complete": {},
    "lifespan.startup.failed": {"message": str},
    "lifespan.shutdown.complete": {},
    "lifespan.shutdown.failed": {"message": str},
}
_NEEDED = {"http.response.start": "status", "websocket.http.response.start": "status"}


class Calls(Protocol):
    """Leads to another process, and hands its events to the calls that they belong to."""

    @property
    def dead(self) -> ChildDied | None:
        """How the other process ended, if it has."""

    def call(self) -> tuple[int, asyncio.Queue[dict[str, Any] | ChildDied]]:
        """Begin a call: its number, and where its events arrive."""
        ...

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that has no reply."""

    def forget(self, number: int) -> None:
        """Drop what still arrives for a call."""


class BridgedApp:
    """An ASGI app whose code runs in another process.

    Args:
        channel: leads to that process.
        number: the app's number there.
    """

    def __init__(self, channel: Calls, number: int) -> None:
        self._channel, self._number = channel, number

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app.

        Raises:
            RaisedElsewhere: what the app raised, or that an event of it was no event.
            workbook.grading.channel.ChildDied: its process ended.
        """
        call, inbox = self._channel.call()
        unpacked = _Unpacked()
        feeder: asyncio.Task[None] | None = None
        ended = False
        try:
            plain = {key: value for key, value in scope.items() if key != "state"}
            self._channel.tell({"do": "call", "call": call, "app": self._number, "scope": plain})
            while True:
                message = await inbox.get()
                if isinstance(message, ChildDied):
                    raise message
                if "end" in message:
                    ended = True
                    _raise(message["end"])
                    return
                if "wants" in message:
                    if feeder is not None and not feeder.done():
                        continue
                    feeder = asyncio.create_task(self._feed(call, scope["type"], receive))
                    continue
                event = _event(message.get("event"))
                unpacked.look_at(event)
                try:
                    await send(event)
                except Exception:  # noqa: BLE001 - whatever the client's side raises when it has left
                    self._channel.tell({"do": "gone", "call": call})
                else:
                    if is_awaited(event):
                        self._channel.tell({"do": "taken", "call": call})
        finally:
            self._channel.forget(call)
            if feeder is not None:
                feeder.cancel()
            if not ended and self._channel.dead is None:
                self._channel.tell({"do": "cancel", "call": call})

    async def _feed(self, call: int, kind: str, receive: Receive) -> None:
        try:
            event = await receive()
        except Exception:  # noqa: BLE001 - whatever the client's side raises when it has left
            event = {"type": f"{kind}.disconnect", "code": 1006}
        if self._channel.dead is None:
            self._channel.tell({"do": "event", "call": call, "event": dict(event)})


class _Unpacked:
    """Watches how large a compressed response becomes: the client unpacks it in this process."""

    def __init__(self) -> None:
        self._unpacker: Any = None
        self._size = 0

    def look_at(self, event: Message) -> None:
        if event["type"] == "http.response.start":
            encodings = [value for key, value in event["headers"] if key == b"content-encoding"]
            coding = b",".join(encodings).strip().lower()
            if coding in (b"gzip", b"deflate"):
                self._unpacker = zlib.decompressobj(wbits=47 if coding == b"gzip" else 15)
            elif coding not in (b"", b"identity"):
                raise RaisedElsewhere(
                    f"The response has the content-encoding {_text(coding.decode('latin-1'), 40)}; "
                    "the grader reads gzip and deflate."
                )
        elif event["type"] == "http.response.body" and self._unpacker is not None:
            room = _LARGEST_UNPACKED - self._size
            try:
                self._size += len(self._unpacker.decompress(event["body"], room + 1))
            except zlib.error:
                raise RaisedElsewhere("The compressed response can't be unpacked.") from None
            if self._size > _LARGEST_UNPACKED:
                raise RaisedElsewhere(
                    f"The compressed response is larger than {_LARGEST_UNPACKED >> 20} MiB."
                )


def _event(told: Any) -> Message:
    """The event as the specification wants it, its fields of the right types.

    Raises:
        RaisedElsewhere: it is no event that an app may send.
    """
    if not isinstance(told, dict):
        raise RaisedElsewhere("The app sent an event that is no mapping.")
    kind = told.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise RaisedElsewhere(f"The app sent an event of the type {_text(repr(kind), 60)}.")
    event: Message = {"type": kind}
    for name, types in fields.items():
        if name in told:
            if not isinstance(told[name], types):
                raise RaisedElsewhere(f"In the event {kind}, `{name}` has the wrong type.")
            event[name] = told[name]
        elif _NEEDED.get(str(kind)) == name:
            raise RaisedElsewhere(f"The event {kind} has no `{name}`.")
    if "headers" in fields:
        event["headers"] = headers(event.get("headers", []))
        _must_be_text(event["headers"])
    if "status" in event and not 100 <= event["status"] <= 599:
        raise RaisedElsewhere(f"The app answered with the status {event['status']}.")
    if "body" in fields:
        event.setdefault("body", b"")
    return event


def headers(told: list[Any]) -> list[tuple[bytes, bytes]]:
    """Header fields that came from another process.

    Raises:
        RaisedElsewhere: they are no pairs of bytes, or larger than a server accepts.
    """
    fields = []
    for pair in told:
        match pair:
            case [bytes(key), bytes(value)]:
                fields.append((key.lower(), value))
            case _:
                raise RaisedElsewhere("A header is no pair of bytes.")
    if sum(len(key) + len(value) for key, value in fields) > _LARGEST_HEADERS:
        raise RaisedElsewhere(f"The headers are larger than {_LARGEST_HEADERS:,} bytes.")
    return fields


def _must_be_text(fields: list[tuple[bytes, bytes]]) -> None:
    """See that the client can decode the response: it does so in this process.

    Raises:
        RaisedElsewhere: its charset is an encoding of Python that is none of text.
    """
    charset = httpx.Response(200, headers=fields).charset_encoding
    if charset is None:
        return
    try:
        known = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return  # the client reads it as UTF-8
    try:
        b"a".decode(charset)
    except LookupError:
        known = "undefined"
    except ValueError:
        pass  # a letter of this one is longer
    if known in _NOT_OF_TEXT:
        raise RaisedElsewhere(
            f"The response has the charset {_text(charset, 40)}, which is no encoding of text."
        )


def _raise(end: Any) -> None:
    if end:
        told = end if isinstance(end, dict) else {}
        raise RaisedElsewhere(_text(told.get("message", "")), _text(told.get("where", ""), 300))


def _text(value: Any, limit: int = _LONGEST_TEXT) -> str:
    return value[:limit] if isinstance(value, str) else ""

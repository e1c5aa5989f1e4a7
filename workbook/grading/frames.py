"""Messages between the grader and the processes that it does not trust: JSON, and nothing else.

A frame is four bytes, the length (big-endian), then that many bytes of a JSON object in UTF-8.
JSON has no bytes, so bytes travel as `{"$": "<base64>"}`.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from struct import Struct
from typing import Any

HEADER = Struct(">I")
LARGEST = 4 << 20
"""Bytes in a frame from a process that is not trusted."""

_DEEPEST = 8
"""Levels of nesting; the header fields of an ASGI event lie at the fourth."""


class BadFrame(Exception):
    """What came is no frame, or no message that is known."""


def pack(message: dict[str, Any], largest: int = LARGEST) -> bytes:
    """Make a frame.

    Raises:
        TypeError: the message holds what neither JSON nor bytes can say.
        BadFrame: it is larger than `largest` bytes.
    """
    body = json.dumps(_plain(message), separators=(",", ":")).encode()
    if len(body) > largest:
        raise BadFrame(f"a message of {len(body):,} bytes; the most is {largest:,}")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes) -> dict[str, Any]:
    """Read a frame's body.

    Raises:
        BadFrame: it is no JSON object, or one that is nested too deeply.
    """
    try:
        message = _restored(json.loads(body), _DEEPEST)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise BadFrame(f"no JSON that can be read ({type(error).__name__})") from None
    if not isinstance(message, dict):
        raise BadFrame("no JSON object")
    return message


def is_awaited(event: Mapping[str, Any]) -> bool:
    """Whether an app waits, after this ASGI event, until the client has taken it.

    So an endless stream waits for its reader, as at a socket whose buffer is full.
    """
    kind = event["type"]
    return kind == "websocket.send" or (
        kind == "http.response.body" and bool(event.get("more_body"))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$": b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _restored(value: Any, levels: int) -> Any:
    if levels == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        if set(value) == {"$"}:
            return b64decode(value["$"], validate=True)
        return {key: _restored(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_restored(inner, levels - 1) for inner in value]
    return value

"""Messages between the grader and what it does not trust."""

import json
from typing import Any

import pytest

from workbook.grading.frames import HEADER, LARGEST, BadFrame, is_awaited, pack, unpack


@pytest.mark.parametrize(
    "message",
    [{"re": 1}, {"body": b"\x00\xff"}, {"headers": [[b"a", b"b"], [b"c", b""]], "text": "ü"}],
)
def test_what_goes_in_comes_out(message: dict[str, Any]) -> None:
    """A message comes back as it was, bytes as bytes."""
    frame = pack(message)
    assert len(frame) - HEADER.size == HEADER.unpack(frame[: HEADER.size])[0]
    assert message == unpack(frame[HEADER.size :])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"{" * 10,
        b"[" * 200_000,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b'{"a":{"$":"no base64"}}',
        b'{"a":{"$":7}}',
        b'{"a":' + b"1" * 10_000 + b"}",
    ],
    ids=["empty", "list", "bytes", "open", "deep", "nine levels", "base64", "number", "digits"],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    """Anything that is no JSON object of few levels is a `BadFrame`, and nothing else is raised."""
    with pytest.raises(BadFrame):
        unpack(body)


def test_a_large_message_is_refused() -> None:
    """A frame of a child holds at most 4 MiB."""
    with pytest.raises(BadFrame, match="the most is 4,194,304"):
        pack({"text": "x" * LARGEST})


def test_what_json_can_not_say_is_refused() -> None:
    """An object that is neither JSON nor bytes raises in the child that would send it."""
    with pytest.raises(TypeError):
        pack({"object": object()})
    assert json.dumps(unpack(pack({})[HEADER.size :])) == "{}"


def test_a_stream_waits_for_its_reader() -> None:
    """Parts of a body and messages of a socket are waited for; the end of a body is not."""
    body = "http.response.body"
    events = [{"type": body, "more_body": True}, {"type": "websocket.send"}, {"type": body}]
    assert [is_awaited(event) for event in events] == [True, True, False]

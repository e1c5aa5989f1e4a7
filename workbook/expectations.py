"""How a requirement says what it expects, and what it says when that is not what came back."""

import json as jsonlib
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from workbook.transcript import EXCHANGE, Exchange, cut, shorten

type Mistakes = Mapping[int, str] | Callable[[httpx.Response], str | None]
"""Messages for answers that many people give: by status, or by a look at the response."""

_NOT_GIVEN: Any = object()

_LENGTH = 120
"""Characters of a value that a message shows."""


class Unmet(AssertionError):
    """A requirement is not met.

    Attributes:
        expected: what should have come back, in a few words.
        got: the part that differs, in a few words.
        because: why that matters to somebody who runs or uses such an app.
        sent, came_back: one line each, or empty when the requirement speaks of several requests.
    """

    def __init__(
        self, *, expected: str, got: str, because: str, sent: str = "", came_back: str = ""
    ) -> None:
        self.expected, self.got, self.because = expected, got, because
        self.sent, self.came_back = sent, came_back
        super().__init__(f"Expected {expected}, got {got}. {because}")


def expect(
    response: httpx.Response,
    *,
    because: str,
    status: int | None = None,
    json: Any = _NOT_GIVEN,
    contains: Mapping[str, Any] | None = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
    mistakes: Mistakes | None = None,
) -> None:
    """Compare a response with what a requirement asks for.

    Args:
        response: the answer, its body read.
        because: why it matters: one sentence, starting with a capital letter.
        status: the status code.
        json: the whole JSON body.
        contains: fields that the JSON object must have, with their values; others may be there.
        text: the whole body as text.
        headers: header fields and their values.
        mistakes: a better sentence than `because` for answers that many people give.

    Raises:
        Unmet: with the first difference found.
    """
    if status is not None and response.status_code != status:
        _fail(response, f"status {status}", f"status {response.status_code}", because, mistakes)
    if status is not None and status >= 500:
        error_is_expected(response)
    for name, value in (headers or {}).items():
        if (actual := response.headers.get(name)) != value:
            got = f"no {name} header" if actual is None else f"{name}: {cut(actual, 80)}"
            _fail(response, f"the header {name}: {value}", got, because, mistakes)
    if text is not None and response.text != text:
        wanted, got = _both(repr(text), repr(response.text))
        _fail(response, f"the text {wanted}", got, because, mistakes)
    if json is not _NOT_GIVEN or contains is not None:
        try:
            body = response.json()
        except ValueError:
            got = f"{shorten(response.text, 80)!r}" if response.text else "an empty body"
            _fail(response, "a JSON body", got, because, mistakes)
        if json is not _NOT_GIVEN and not _same(body, json):
            wanted, got = _both(_dumped(json), _dumped(body))
            _fail(response, f"the JSON {wanted}", got, because, mistakes)
        for name, value in (contains or {}).items():
            field = jsonlib.dumps(name)
            wanted = f"{field}: {cut(_dumped(value), _LENGTH)}"
            if not isinstance(body, dict):
                got = cut(_dumped(body), _LENGTH)
                _fail(response, f"a JSON object with {wanted}", got, because, mistakes)
            if name not in body:
                _fail(response, wanted, f"no field {field}", because, mistakes)
            if not _same(body[name], value):
                wanted, got = _both(_dumped(value), _dumped(body[name]))
                _fail(response, f"{field}: {wanted}", f"{field}: {got}", because, mistakes)


def ensure(
    condition: bool,
    expected: str,
    *,
    got: str,
    because: str,
    response: httpx.Response | None = None,
) -> None:
    """Say what is expected where `expect` has no word for it.

    Args:
        condition: whether it holds.
        expected, got: a few words each; they are read as "Expected …, got …".
        because: why it matters, one sentence.
        response: the answer that shows it, if it is one answer.

    Raises:
        Unmet: when the condition does not hold.
    """
    if not condition:
        exchange = _exchange(response)
        raise Unmet(
            expected=expected,
            got=got,
            because=because,
            sent=exchange.sent if exchange else "",
            came_back=exchange.came_back if exchange else "",
        )


def error_is_expected(response: httpx.Response) -> None:
    """Note that an app was meant to end in this 500: its exception is then not what is told."""
    if response.is_server_error and EXCHANGE in response.request.extensions:
        response.request.extensions[EXCHANGE].error_expected = True


def _fail(
    response: httpx.Response, expected: str, got: str, because: str, mistakes: Mistakes | None
) -> None:
    if isinstance(mistakes, Mapping):
        because = mistakes.get(response.status_code, because)
    elif mistakes is not None:
        because = mistakes(response) or because
    ensure(False, expected, got=got, because=because, response=response)


def _exchange(response: httpx.Response | None) -> Exchange | None:
    return None if response is None else Exchange(response.request, response)


def _dumped(value: Any) -> str:
    return jsonlib.dumps(value, ensure_ascii=False, default=repr)


def _same(one: Any, other: Any) -> bool:
    """Compare two values of JSON. To Python, `True` is 1; to who reads the JSON it is not."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
        case ((list() | tuple()), (list() | tuple())):
            return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _both(wanted: str, got: str) -> tuple[str, str]:
    """Cut two texts so that what differs is in both, however far from the beginning it is."""
    pairs = enumerate(zip(wanted, got, strict=False))
    alike = next((n for n, (one, other) in pairs if one != other), min(len(wanted), len(got)))
    if alike < _LENGTH - 20:
        return cut(wanted, _LENGTH), cut(got, _LENGTH)
    begin = alike - 20
    return "…" + cut(wanted[begin:], _LENGTH), "…" + cut(got[begin:], _LENGTH)

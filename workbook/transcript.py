"""What was sent, what came back, and how long it took: the record that feedback reads."""

from dataclasses import dataclass, field
from time import perf_counter

import httpx

EXCHANGE = "workbook.exchange"
"""The key under which a request carries its `Exchange` in its extensions."""


@dataclass
class Exchange:
    """One request and its answer.

    Attributes:
        request: the request as it was sent.
        response: the response, or None when none came (the app hung, or the wire broke).
        started: `time.perf_counter()` when the request was sent, in seconds.
        elapsed: seconds until the response's headers arrived, or None.
        error: the exception that escaped the app while it served this request; known
            in-process only, since a server keeps it to itself.
        error_expected: a requirement asked for this failure, so it is nothing to tell.
    """

    request: httpx.Request
    response: httpx.Response | None = None
    started: float = field(default_factory=perf_counter)
    elapsed: float | None = None
    error: BaseException | None = None
    error_expected: bool = False

    @property
    def sent(self) -> str:
        """The request in one line: method, path, query, and a short body."""
        line = f"{self.request.method} {self.request.url.raw_path.decode('ascii')}"
        return f"{line}  {body}" if (body := _request_body(self.request)) else line

    @property
    def came_back(self) -> str:
        """The response in one line: status, reason, and a short body."""
        return "no answer" if self.response is None else describe(self.response)


def describe(response: httpx.Response) -> str:
    """Say in one line what an answer was: `422 Unprocessable Entity  {"detail": …}`."""
    line = f"{response.status_code} {response.reason_phrase}".strip()
    if location := response.headers.get("location"):
        line += f" to {location}"
    try:
        body = shorten(response.text)
    except httpx.ResponseNotRead:
        return line  # its lines were taken one by one, or not at all
    return f"{line}  {body}" if body not in ("", response.reason_phrase) else line


def shorten(text: str, limit: int = 240) -> str:
    """Fold white space and cut a text to `limit` characters, saying how much is left out."""
    return cut(" ".join(text.split()), limit)


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, saying how much is left out."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"


def _request_body(request: httpx.Request) -> str:
    try:
        return shorten(request.content.decode("utf-8", "replace"))
    except httpx.RequestNotRead:
        return "(a streamed body)"

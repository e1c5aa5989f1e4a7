"""A browser's tab, replayed: what a page of one origin may send to another, and what it may read.

The rules are those of the Fetch standard, https://fetch.spec.whatwg.org/, sections "CORS
protocol" and "HTTP fetch", as of 2026. `tests/cors` compares them with Chromium.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from workbook.cors_rules import (
    Refused,
    check_access,
    check_preflight,
    readable_headers,
    unsafe_headers,
)

SIMPLE_METHODS = frozenset({"GET", "HEAD", "POST"})
"""Methods that a page may use without asking first: those that forms and links always had."""

_NORMALISED = SIMPLE_METHODS | {"DELETE", "OPTIONS", "PUT"}
"""Methods that `fetch` writes in capitals by itself. PATCH is none of them."""

_FORBIDDEN = frozenset(
    {
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "date",
        "host",
        "origin",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
"""Headers that only the browser sets. A script that names one is ignored, without an error."""

_MAX_REDIRECTS = 20
_LONGEST_MAX_AGE = 7200
"""Seconds for which a preflight is remembered at most; Chromium's limit."""


@dataclass(frozen=True)
class Fetched:
    """What came of one `fetch`: what went over the wire, and what the page's script sees of it.

    Attributes:
        origin: the origin of the page.
        exchanges: every request with its answer, in order, preflights included.
        blocked: why the browser keeps the answer from the script, in the words of its console;
            empty when it does not.
        status: the status that the script sees: None when blocked, 0 when opaque.
        headers: the headers that the script can read.
        text: the body that the script can read.
    """

    origin: str
    exchanges: tuple[httpx.Response, ...]
    blocked: str = ""
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    text: str = ""

    @property
    def preflights(self) -> tuple[httpx.Response, ...]:
        """The answers to the questions that the browser asked first."""
        return tuple(one for one in self.exchanges if _is_preflight(one.request))

    @property
    def response(self) -> httpx.Response | None:
        """The server's answer to the request itself; None when that was never sent."""
        sent = [one for one in self.exchanges if not _is_preflight(one.request)]
        return sent[-1] if sent else None

    def json(self) -> Any:
        """The body that the script can read, as JSON.

        Raises:
            ValueError: it is blocked, opaque, or no JSON.
        """
        return httpx.Response(200, text=self.text).json()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Imported here: whoever replays a browser in a test needs no cards.
        from workbook.browser_cards import fetched_card

        return fetched_card(self).bundle()

    def __repr__(self) -> str:
        from workbook.browser_cards import fetched_card

        return fetched_card(self).text


class BrowserTab:
    """A tab that shows a page of one origin, and calls an API as the page's script would.

    Args:
        origin: scheme, host and port of the page, such as `http://localhost:3000`.
        cookies: what the browser holds for the API. Whether it *sends* them to another site also
            depends on their `SameSite`; here they count as ones that it may send.
    """

    def __init__(self, origin: str, *, cookies: dict[str, str] | None = None) -> None:
        url = httpx.URL(origin)
        if _origin(url) != origin:
            raise ValueError(f"{origin!r} is no origin; this one is {_origin(url)!r}")
        self.origin = origin
        self.cookies = httpx.Cookies(cookies)
        self._preflights: dict[tuple[str, bool], tuple[httpx.Response, float]] = {}
        """For each address, with cookies or without: the last answer, and until when it holds."""

    async def fetch(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        credentials: Literal["omit", "same-origin", "include"] = "same-origin",
        mode: Literal["cors", "no-cors"] = "cors",
        **body: Any,
    ) -> Fetched:
        """Call the API that `http` leads to, as `fetch(url, {method, headers, …})` in the page.

        Args:
            http: a client of the API; its own cookies are neither sent nor changed.
            method, path: as for any request.
            headers: what the script sets.
            credentials, mode: as in JavaScript.
            body: one of `json`, `data` (a form) or `content`, as httpx takes them.

        Raises:
            ValueError: a redirect leads to a third origin, which this replay does not follow.
            TypeError: in mode `no-cors`, a method that needs permission.
        """
        method = method.upper() if method.upper() in _NORMALISED else method
        script = {k: v for k, v in (headers or {}).items() if k.lower() not in _FORBIDDEN}
        if isinstance(body.get("content"), str) and "content-type" not in httpx.Headers(script):
            script["Content-Type"] = "text/plain;charset=UTF-8"  # what a script's text is sent as
        request = http.build_request(method, path, headers=script, **body)
        request.method = method  # httpx writes every method in capitals; a browser does not
        crosses = _origin(request.url) != self.origin
        if crosses and mode == "no-cors" and method not in SIMPLE_METHODS:
            raise TypeError(
                f"Failed to execute 'fetch': '{method}' is unsupported in no-cors mode."
            )
        if (crosses and mode == "cors") or method not in {"GET", "HEAD"}:
            request.headers["Origin"] = self.origin
        with_cookies = credentials == "include" or (credentials == "same-origin" and not crosses)
        return await _Fetch(self, http, with_cookies, crosses, mode).run(request)


class _Fetch:
    """One call on its way: its redirects, preflights and checks."""

    def __init__(
        self,
        tab: BrowserTab,
        http: httpx.AsyncClient,
        with_cookies: bool,
        crosses: bool,
        mode: str,
    ) -> None:
        self.tab, self.http, self.mode = tab, http, mode
        self.with_cookies, self.crosses = with_cookies, crosses
        self.exchanges: list[httpx.Response] = []

    async def run(self, request: httpx.Request) -> Fetched:
        api = _origin(request.url)
        try:
            for _ in range(_MAX_REDIRECTS):
                if self.crosses and self.mode == "cors":
                    await self._ask_first(request)
                response = await self._send(request, with_cookies=self.with_cookies)
                if self.crosses and self.mode == "cors":
                    check_access(response, self.tab.origin, self.with_cookies)
                if response.next_request is None:
                    return self._seen(response)
                request = response.next_request
                if _origin(request.url) != api:
                    raise ValueError(f"a redirect to {request.url} leads to a third origin")
            return Fetched(self.tab.origin, tuple(self.exchanges), blocked="Too many redirects.")
        except Refused as refused:
            return Fetched(self.tab.origin, tuple(self.exchanges), blocked=str(refused))

    async def _ask_first(self, request: httpx.Request) -> None:
        """Send a preflight, if this request needs one and none is remembered."""
        names = unsafe_headers(request)
        if request.method in SIMPLE_METHODS and not names:
            return
        if self._is_remembered(request, names):
            return
        question = httpx.Request(
            "OPTIONS",
            request.url,
            headers={
                "Accept": "*/*",
                "Origin": self.tab.origin,
                "Access-Control-Request-Method": request.method,
                **({"Access-Control-Request-Headers": ",".join(names)} if names else {}),
            },
        )
        # Without cookies, always: a preflight asks for permission and carries no identity.
        answer = await self._send(question, with_cookies=False)
        seconds = check_preflight(answer, self.tab.origin, request.method, names, self.with_cookies)
        key = (str(request.url), self.with_cookies)
        until = time.monotonic() + min(seconds, _LONGEST_MAX_AGE)
        self.tab._preflights[key] = (answer, until)

    def _is_remembered(self, request: httpx.Request, names: list[str]) -> bool:
        key = (str(request.url), self.with_cookies)
        answer, until = self.tab._preflights.get(key, (None, 0.0))
        if answer is None or time.monotonic() >= until:
            return False
        try:
            check_preflight(answer, self.tab.origin, request.method, names, self.with_cookies)
        except Refused:
            return False
        return True

    async def _send(self, request: httpx.Request, *, with_cookies: bool) -> httpx.Response:
        request.headers.pop("Cookie", None)
        jar = self.tab.cookies if with_cookies else httpx.Cookies()
        jar.set_cookie_header(request)
        kept = httpx.Cookies(self.http.cookies)
        response = await self.http.send(request, follow_redirects=False)
        self.http.cookies = kept  # the answer's cookies are the browser's, not the client's
        jar.extract_cookies(response)
        self.exchanges.append(response)
        return response

    def _seen(self, response: httpx.Response) -> Fetched:
        if self.crosses and self.mode == "no-cors":
            # Opaque: an image can be shown, and a script learns nothing.
            return Fetched(self.tab.origin, tuple(self.exchanges), status=0)
        headers = response.headers
        if self.crosses:
            headers = readable_headers(response, self.with_cookies)
        return Fetched(
            self.tab.origin,
            tuple(self.exchanges),
            status=response.status_code,
            headers=httpx.Headers(
                [(k, v) for k, v in headers.multi_items() if k.lower() != "set-cookie"]
            ),
            text=response.text,
        )


def _origin(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")


def _is_preflight(request: httpx.Request) -> bool:
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers

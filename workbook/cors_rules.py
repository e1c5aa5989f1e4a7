"""The checks of the Fetch standard on requests and responses that cross origins.

Source: https://fetch.spec.whatwg.org/, sections "CORS protocol" and "CORS check". The messages
are the ones that Chromium writes to its console, so that a reader finds them again there.
"""

import re

import httpx

SAFELISTED_RESPONSE_HEADERS = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
"""What a script may read of an answer of another origin, without being told so by the server."""

_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What an HTML form can send, and so what every page could always send to every server."""

_SET_BY_BROWSER = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "origin", "user-agent"}
)
_UNSAFE_BYTES = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(r"bytes=\d+-(\d+)?")


_DEFAULT_MAX_AGE = 5


class Refused(Exception):
    """The browser blocks a request or keeps its answer back; the message is the console's."""


def unsafe_headers(request: httpx.Request) -> list[str]:
    """The names of the headers that need permission, in lower case and in order."""
    return sorted(
        name
        for name, value in request.headers.items()
        if name not in _SET_BY_BROWSER and not _is_safelisted(name, value)
    )


def _is_safelisted(name: str, value: str) -> bool:
    if len(value.encode()) > 128:
        return False
    match name:
        case "accept":
            return not _UNSAFE_BYTES.search(value)
        case "accept-language" | "content-language":
            return _LANGUAGE.fullmatch(value) is not None
        case "content-type":
            essence = value.partition(";")[0].strip().lower()
            return not _UNSAFE_BYTES.search(value) and essence in _FORM_TYPES
        case "range":
            return _RANGE.fullmatch(value) is not None
    return False


def check_access(response: httpx.Response, origin: str, with_cookies: bool) -> None:
    """Ask whether a page of `origin` may have this answer.

    Raises:
        Refused: it may not.
    """
    allowed = response.headers.get_list("access-control-allow-origin")
    if not allowed:
        raise Refused(
            "No 'Access-Control-Allow-Origin' header is present on the requested resource."
        )
    value = ", ".join(allowed)
    if value == "*" and not with_cookies:
        return
    if value == "*":
        raise Refused(
            "The value of the 'Access-Control-Allow-Origin' header in the response must not be "
            "the wildcard '*' when the request's credentials mode is 'include'."
        )
    if value != origin:
        raise Refused(
            f"The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal "
            "to the supplied origin."
        )
    trusted = response.headers.get("access-control-allow-credentials", "")
    if with_cookies and trusted != "true":
        raise Refused(
            "The value of the 'Access-Control-Allow-Credentials' header in the response is "
            f"'{trusted}' which must be 'true' when the request's credentials mode is 'include'."
        )


def check_preflight(
    response: httpx.Response, origin: str, method: str, names: list[str], with_cookies: bool
) -> int:
    """Ask whether the answer to a preflight permits the request.

    Returns:
        For how many seconds the permission may be remembered: 5 when the answer does not say.

    Raises:
        Refused: it does not permit the method, a header, or anything at all.
    """
    failed = "Response to preflight request doesn't pass access control check: "
    try:
        check_access(response, origin, with_cookies)
    except Refused as refused:
        raise Refused(failed + str(refused)) from None
    if not 200 <= response.status_code <= 299:
        raise Refused(failed + "It does not have HTTP ok status.")
    methods = _names(response, "access-control-allow-methods")
    if method not in {*methods, "GET", "HEAD", "POST"} and ("*" not in methods or with_cookies):
        raise Refused(
            f"Method {method} is not allowed by Access-Control-Allow-Methods in preflight response."
        )
    headers = {name.lower() for name in _names(response, "access-control-allow-headers")}
    for name in names:
        # The standard says that `*` does not stand for Authorization. Chromium still takes it so.
        by_star = "*" in headers and not with_cookies
        if name not in headers and not by_star:
            raise Refused(
                f"Request header field {name} is not allowed by Access-Control-Allow-Headers in "
                "preflight response."
            )
    age = response.headers.get("access-control-max-age", "")
    return int(age) if age.isdecimal() else _DEFAULT_MAX_AGE


def readable_headers(response: httpx.Response, with_cookies: bool) -> httpx.Headers:
    """The headers of an answer that a script of another origin can read."""
    exposed = {name.lower() for name in _names(response, "access-control-expose-headers")}
    everything = "*" in exposed and not with_cookies
    return httpx.Headers(
        [
            (name, value)
            for name, value in response.headers.multi_items()
            if everything or name in SAFELISTED_RESPONSE_HEADERS | exposed
        ]
    )


def _names(response: httpx.Response, header: str) -> set[str]:
    """The comma-separated names in a header."""
    values = response.headers.get_list(header, split_commas=True)
    return {name.strip() for name in values if name.strip()}

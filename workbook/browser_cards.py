"""What a replayed `fetch` looks like in a notebook: what went over the wire, what the page sees."""

from html import escape

import httpx

from workbook.browser_tab import Fetched
from workbook.cards import Card, card, inline
from workbook.transcript import describe

_REQUEST_HEADERS = (
    "origin",
    "cookie",
    "content-type",
    "access-control-request-method",
    "access-control-request-headers",
)


def fetched_card(fetched: Fetched) -> Card:
    """Each request with the headers that matter here, and then what the script gets."""
    url = fetched.exchanges[-1].request.url
    title = f"A page of {fetched.origin} calls {url.scheme}://{url.netloc.decode()}"
    html, text = ["<ol>"], []
    for number, response in enumerate(fetched.exchanges, 1):
        request = response.request
        what = f"{request.method} {request.url.raw_path.decode()}"
        kind = "preflight" if response in fetched.preflights else "request"
        sent = _some(request.headers, lambda name: name in _REQUEST_HEADERS)
        came = _some(response.headers, lambda name: name.startswith("access-control-"))
        html.append(
            f"<li><code>{escape(what)}</code> ({kind})"
            + "".join(f"<br><code>{escape(line)}</code>" for line in sent)
            + f"<br>→ <code>{escape(describe(response))}</code>"
            + "".join(f"<br><code>{escape(line)}</code>" for line in came)
            + "</li>"
        )
        text.append(f"{number}. {what} ({kind})")
        text += [f"     {line}" for line in sent]
        text.append(f"   → {describe(response)}")
        text += [f"     {line}" for line in came]
    html.append("</ol>")
    for line in _seen(fetched):
        html.append(f"<p>{inline(line)}</p>")
        text.append(line)
    kind = "not-yet" if fetched.blocked or fetched.status == 0 else "passed"
    return card(title, body="".join(html), text="\n".join(text), kind=kind)


def _some(headers: httpx.Headers, wanted) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.multi_items() if wanted(name)]


def _seen(fetched: Fetched) -> list[str]:
    if fetched.blocked:
        acted = (
            "The server has carried the request out."
            if fetched.response is not None
            else "The request itself was never sent."
        )
        return [
            f"The script gets `TypeError: Failed to fetch`. {acted}",
            f"The console says: {fetched.blocked}",
        ]
    if fetched.status == 0:
        return ["The script gets an opaque answer: no status, no headers, no body."]
    names = ", ".join(f"`{name}`" for name in fetched.headers) or "no header"
    return [f"The script gets status {fetched.status}, the body, and of the headers {names}."]

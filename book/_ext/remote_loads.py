"""Find what a built page would load from somebody else's server.

The book promises to work without a network and to tell nobody what is read. After the build every
HTML, CSS and JavaScript file of the output is searched; each remote load is a Sphinx warning, so
that a build with `-W` fails. Links that a reader follows are not loads and are left alone.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)

# Attributes a browser fetches by itself, for each element that has one.
LOADING_ATTRIBUTES = {
    "audio": ("src",),
    "embed": ("src",),
    "feimage": ("href", "xlink:href"),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href", "imagesrcset"),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
# A <link> that only names another page.
NAMING_RELATIONS = {"alternate", "author", "canonical", "help", "license", "next", "prev", "search"}

REMOTE = re.compile(r"^\s*(?:(?:https?|wss?|ftp):)?//", re.IGNORECASE)
REMOTE_IN_SRCSET = re.compile(r"(?:^|[\s,])((?:https?:)?//[^\s,]+)", re.IGNORECASE)
REMOTE_IN_CSS = re.compile(
    r"""(?:url\(\s*["']?|@import\s+["'])\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
REMOTE_IN_SCRIPT = re.compile(
    r"""(?:
        \bimport\b[^;"'`]{0,200}                        # import x from "…", import("…")
      | \bexport\b[^;"'`]{0,200}\bfrom\s*               # export * from "…"
      | \b(?:fetch|importScripts|sendBeacon|register)\(\s*
      | \bnew\s+(?:Worker|SharedWorker|WebSocket|EventSource|Request|URL|Image)\(\s*
      | \.open\(\s*["'][A-Za-z]+["']\s*,\s*             # XMLHttpRequest
      | \.(?:src|href)\s*=\s*
      | \bsetAttribute\(\s*["'](?:src|href)["']\s*,\s*
    )["'`]((?:(?:https?|wss?):)?//[^"'`\s]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def remote_loads_in_css(text: str) -> Iterator[str]:
    """Yield each remote address that a style sheet loads by `url()` or `@import`."""
    yield from REMOTE_IN_CSS.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def remote_loads_in_script(text: str) -> Iterator[str]:
    """Yield each remote address that a script imports, fetches or connects to.

    Addresses put together at run time cannot be seen here; the browser tests watch for those.
    """
    yield from REMOTE_IN_SCRIPT.findall(text)


def remote_loads_in_html(text: str) -> list[str]:
    """Return each remote address that a page loads, in the order of the page."""
    parser = _LoadParser()
    parser.feed(text)
    parser.close()
    return parser.found


class _LoadParser(HTMLParser):
    """Collects remote loads from attributes, inline styles and inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else ""
        attributes = {name: value or "" for name, value in attrs}
        self.found += remote_loads_in_css(attributes.get("style", ""))
        if tag == "link" and set(attributes.get("rel", "").lower().split()) <= NAMING_RELATIONS:
            return
        for name in LOADING_ATTRIBUTES.get(tag, ()):
            value = attributes.get(name, "")
            if name.endswith("srcset"):
                self.found += REMOTE_IN_SRCSET.findall(value)
            elif REMOTE.match(value):
                self.found.append(value.strip())

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += remote_loads_in_css(data)
        elif self._inside == "script":
            self.found += remote_loads_in_script(data)


def remote_loads(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file relative to `folder`, remote address) for every load found under `folder`."""
    searches = {
        ".html": remote_loads_in_html,
        ".svg": remote_loads_in_html,
        ".css": remote_loads_in_css,
        ".js": remote_loads_in_script,
        ".mjs": remote_loads_in_script,
    }
    for path in sorted(folder.rglob("*")):
        if search := searches.get(path.suffix):
            for address in search(path.read_text(encoding="utf-8", errors="replace")):
                yield path.relative_to(folder), address


def warn_of_remote_loads(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each remote load once the output is written."""
    if exception is None and app.builder.format == "html":
        for path, address in remote_loads(Path(app.outdir)):
            logger.warning("%s loads %s", path, address, type="remote_loads")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("build-finished", warn_of_remote_loads)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""A reader's browser on the built book: wide, on a phone, in the dark, and offline."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
ACCESSIBILITY_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    # axe would fetch style sheets again by itself, from addresses that are not theirs.
    "preload": False,
}


pytestmark = pytest.mark.slow


# One module holds every browser test and closes its browser at its end: while Playwright's
# synchronous API is open it keeps an event loop running, and no async test could run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests are skipped, or fail where it is required."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: install Debian's chromium package"
        if os.environ.get("WORKBOOK_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


# One test a window and not one a rule: opening every page is what takes the time, and parallel
# workers share out tests, not what a test has seen.
@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_is_without_fault(
    browser: Browser, book_url: str, book_html: Path, window: str
) -> None:
    """No page asks another server, fails, scrolls sideways or breaks an accessibility rule."""
    context = browser.new_context(**WINDOWS[window])
    names = sorted(str(path.relative_to(book_html)) for path in book_html.rglob("*.html"))
    # Not pages: a redirect to the landing page, and the theme's templates among its static files.
    pages = [name for name in names if name != "index.html" and not name.startswith("_static/")]
    found = [fault for name in pages for fault in faults(context.new_page(), book_url, name)]
    context.close()
    assert "\n".join(found) == ""


def faults(page: Page, book_url: str, name: str) -> list[str]:
    """Open one page and all that is folded in it, and say what is wrong with it, a line a fault."""
    found = []

    def note_request(url: str) -> None:
        if not url.startswith((book_url + "/", "data:", "blob:")):
            found.append(f"{name} asks another server for {url}")

    def note_error(text: str) -> None:
        found.append(f"{name} has the error {text}")

    page.on("request", lambda request: note_request(request.url))
    page.on("websocket", lambda socket: note_request(socket.url))
    page.on("pageerror", lambda error: note_error(str(error)))
    page.on("console", lambda line: note_error(line.text) if line.type == "error" else None)
    page.goto(f"{book_url}/{name}", wait_until="load")
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if too_wide > 0:
        found.append(f"{name} is {too_wide} pixels wider than its window")
    page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
    results = Axe().run(page, options=ACCESSIBILITY_OPTIONS)
    for violation in results.response["violations"]:
        for node in violation["nodes"]:
            found.append(f"{name} breaks the rule {violation['id']}: {node['html'][:200]}")
    page.close()
    return found


@pytest.fixture
def reader(browser: Browser, book_url: str) -> Iterator[Page]:
    """A fresh page in a wide window, from which only the book's own server can be reached."""
    context = browser.new_context(**WINDOWS["wide"], base_url=book_url)
    context.route(lambda url: not url.startswith(book_url + "/"), lambda route: route.abort())
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def test_the_address_of_the_book_opens_the_landing_page(reader: Page) -> None:
    """The root of the site leads to the landing page."""
    reader.goto("/")
    expect(reader.get_by_role("heading", level=1)).to_contain_text("Learn FastAPI by running it")


def test_one_click_starts_the_book(reader: Page) -> None:
    """The button of the landing page is in the first screen and opens a chapter."""
    reader.goto("/book/index.html")
    start = reader.get_by_role("link", name="Start with FastAPI basics")
    expect(start).to_be_in_viewport()
    start.click()
    expect(reader.get_by_role("heading", level=1)).to_contain_text("FastAPI basics")
    assert "/chapters/" in reader.url


def test_search_works_offline_and_by_keyboard(reader: Page) -> None:
    """Ctrl+K, a word and Enter list pages that hold the word, and the first can be opened."""
    reader.goto("/book/index.html")
    reader.keyboard.press("Control+k")
    reader.keyboard.type("lifespan")
    reader.keyboard.press("Enter")
    first = reader.locator("#search-results li a").first
    expect(first).to_be_visible()
    first.click()
    expect(reader.locator("main")).to_contain_text("lifespan", ignore_case=True)


def test_the_colours_can_be_changed(reader: Page) -> None:
    """The button for the colour mode changes it, and the next page remembers."""
    reader.goto("/book/index.html")
    button = reader.get_by_role("button", name="Color mode")
    before = reader.evaluate("document.documentElement.dataset.mode")
    button.click()
    after = reader.evaluate("document.documentElement.dataset.mode")
    assert after != before
    reader.goto("/book/glossary.html")
    assert reader.evaluate("document.documentElement.dataset.mode") == after


def test_the_contents_open_on_a_phone(browser: Browser, book_url: str) -> None:
    """On a phone the menu button shows the chapters, and one of them can be opened."""
    context = browser.new_context(**WINDOWS["phone"], base_url=book_url)
    page = context.new_page()
    page.goto("/book/index.html")
    page.locator("button.primary-toggle").click()
    page.get_by_role("link", name="2. FastAPI basics").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("FastAPI basics")
    context.close()

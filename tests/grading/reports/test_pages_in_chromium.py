"""A browser on the reports: nothing runs, nothing is too wide, every accessibility rule holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from workbook.grading.reports.pages import feedback, report
from workbook.grading.reports.run import Run

pytestmark = pytest.mark.slow

WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "without colour": {"viewport": {"width": 1280, "height": 800}, "forced_colors": "active"},
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for this module."""
    with chromium() as started:
        yield started


def opened(browser: Browser, page: str, folder: Path, window: str) -> tuple[Page, list[str]]:
    """Open a page from a file; also the errors and requests that it makes, as they come."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    # axe is put into the page as a script, which the page's own policy forbids.
    context = browser.new_context(**WINDOWS[window], bypass_csp=True)
    tab = context.new_page()
    seen: list[str] = []
    tab.on("pageerror", lambda error: seen.append(str(error)))
    tab.on("request", lambda request: seen.append(request.url))
    tab.goto(path.as_uri())
    return tab, seen[1:]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("kind", ["report", "feedback"])
def test_every_reader(
    browser: Browser, class_run: Run, tmp_path: Path, kind: str, window: str
) -> None:
    """Wide, on a phone, in the dark and without colour: not too wide, and axe finds nothing."""
    # Six learners hold all that there is to see; axe takes its time for each element.
    few = replace(class_run, marks=class_run.marks[:6])
    page = report(few) if kind == "report" else feedback(few, few.marks[3])
    tab, seen = opened(browser, page, tmp_path, window)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tab.evaluate(width) == 0
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    violations = Axe().run(tab, options=OPTIONS).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    assert seen == []
    tab.context.close()


def test_nothing_runs(browser: Browser, class_run: Run, tmp_path: Path) -> None:
    """Neither escaped markup nor what a browser would run is run, and the title stays as it is."""
    tab, seen = opened(browser, report(class_run), tmp_path, "wide")
    assert (tab.title(), seen) == ("FastAPI basics <week 2>", [])
    tab.context.close()


def test_the_policy_holds_by_itself(browser: Browser, class_run: Run, tmp_path: Path) -> None:
    """Were an escape ever forgotten, the policy would still keep scripts, images and styles out."""
    inserted = (
        "<script>document.title = 'owned'</script>"
        "<img src='data:,' onerror=\"document.title = 'owned'\">"
        "<svg onload=\"document.title = 'owned'\"></svg>"
        "<style>body { display: none }</style></main>"
    )
    path = tmp_path / "page.html"
    path.write_text(report(class_run).replace("</main>", inserted), encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda line: said.append(line.text))
    tab.goto(path.as_uri())
    assert tab.title() == "FastAPI basics <week 2>"
    assert tab.evaluate("getComputedStyle(document.body).display") == "block"
    assert sum("Content Security Policy" in one for one in said) >= 4
    context.close()


def test_the_keyboard_reaches_everything(browser: Browser, class_run: Run, tmp_path: Path) -> None:
    """Links, wide tables and answers can be reached with Tab, and Enter goes to a learner."""
    tab, _ = opened(browser, report(class_run), tmp_path, "wide")
    tab.locator(".map tbody a").first.focus()
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#learner-1")
    regions = tab.locator(".scroll")
    assert regions.count() == tab.locator(".scroll[tabindex='0'][aria-label]").count() > 3
    tab.context.close()

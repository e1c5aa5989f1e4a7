"""Chromium for the tests that look at pages: found, or skipped with the reason."""

import os
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from workbook.doctor import find_browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Generator[Browser]:
    """Start the Chromium of this machine, headless.

    Where there is none the test is skipped; with `WORKBOOK_REQUIRE_BROWSER=1` it fails.
    """
    path = find_browser()
    if path is None:
        reason = "no Chromium (Debian: apt-get install chromium)"
        if os.environ.get("WORKBOOK_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()

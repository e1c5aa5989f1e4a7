"""What every test shares: one async backend, and no trace left in the working tree."""

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_ONE_WORKER = re.compile(
    r"tests/(?:cors/test_against_chromium|deploy/test_image|lab/)"
    r"|tests/grading/hostile/.*\[\w+ (?:root|nobody)"
)
"""Tests that share what takes long to make: all whose ids begin with the same match."""


class _ByWhatTheyShare(LoadScopeScheduling):
    """Sends tests that share something to one worker, and every other test to whichever is free.

    The mark `xdist_group` of xdist 3.8 has no effect with pytest 9.2, whose ids can't be changed.
    """

    def _split_scope(self, nodeid: str) -> str:
        together = _ONE_WORKER.match(nodeid)
        return together[0].partition("[")[2] or together[0] if together else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Spread the tests over the workers."""
    return _ByWhatTheyShare(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The lessons run on asyncio, the loop of a notebook kernel; so do the tests."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    """A learner's or a shop's own settings must not change what a test sees."""
    import os

    for name in list(os.environ):
        if name.startswith(("WORKBOOK_HOME", "WORKBOOK_STRICT", "SHOP_")):
            monkeypatch.delenv(name)

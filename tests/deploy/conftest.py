"""What the tests of deploy/ share: where it is, and the settings that an environment makes."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lesson_app.config import Settings
from tests.deploy.environments import KNOWN_VARIABLES


@pytest.fixture
def settings_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Settings]:
    """Make the settings of a container: from these variables and nothing else."""

    def make(environment: Mapping[str, str]) -> Settings:
        assert set() == set(environment) - KNOWN_VARIABLES
        for name in [name for name in os.environ if name.startswith("SHOP_")]:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        # A `.env` of the working directory would be read too.
        monkeypatch.chdir(tmp_path)
        return Settings()

    return make

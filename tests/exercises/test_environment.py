"""What no stored answer can show of the exercises of chapter 1."""

import pytest
from fastapi import FastAPI

from workbook.adapters import WrongKind
from workbook.exercise import find
from workbook.findings import Outcome
from workbook.judging import examine

pytestmark = pytest.mark.anyio


async def test_port_of_the_machine_is_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without a port does not pass where `PORT` is set, as it is on many hosts."""
    monkeypatch.setenv("PORT", "8080")
    line = "fastapi run main.py --host 127.0.0.1 --workers 2"
    result = await examine(find("start_line"), line, seed=1)
    outcomes = {finding.requirement.name: finding.outcome for finding in result.findings}
    assert outcomes["has_port_and_workers"] is Outcome.NOT_YET


async def test_app_is_no_function() -> None:
    """The app of another exercise is refused as what it is, before it is called."""
    with pytest.raises(WrongKind, match="of the type FastAPI"):
        await examine(find("trusted_parcel"), FastAPI(), seed=1)

"""Whether the machine is busy is read from the kernel, and decides on a second look."""

from pathlib import Path

import pytest

from workbook.grading import pressure


@pytest.mark.parametrize(("microseconds", "high"), [(0, False), (10**9, True)])
def test_waiting_counts_from_when_it_is_made(
    microseconds: int, high: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited before plays no part; a long wait since then is high pressure."""
    account = tmp_path / "cpu"
    monkeypatch.setattr(pressure, "_FILE", account)
    account.write_text("some avg10=9.00 avg60=9.00 avg300=9.00 total=5000000\nfull total=0\n")
    watch = pressure.Pressure()
    account.write_text(f"some avg10=9.00 avg60=9.00 total={5_000_000 + microseconds}\n")
    assert watch.was_high() is high


@pytest.mark.parametrize(("load", "high"), [(0.0, False), (10_000.0, True)])
def test_without_the_account_the_load_is_read(
    load: float, high: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a kernel without pressure accounts the load of the last minute decides."""
    monkeypatch.setattr(pressure, "_FILE", tmp_path / "none")
    monkeypatch.setattr(pressure.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert pressure.Pressure().was_high() is high

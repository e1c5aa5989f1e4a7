"""What the doctor of grading says of a machine."""

import pytest

from workbook.grading import doctor, engine
from workbook.grading.processes import NoIsolation

pytestmark = pytest.mark.anyio


async def test_it_says_which_level_this_machine_gives() -> None:
    """Each part is looked at, and the level is the one that a real worker reaches."""
    records = {record.what: record for record in await doctor.report()}
    assert list(records) == ["System", "Namespaces", "Landlock", "seccomp", "Memory", "Level"]
    # What was found one by one agrees with what a worker then did. Only a workbook in /tmp, where
    # each submission has its own, does without namespaces that are allowed.
    level = records["Level"].found
    assert records["Namespaces"].good == (level == "namespaces" or "a /tmp of its own" in level)


async def test_a_refusal_is_told_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where namespaces are refused, the reason and what allows them stand there."""

    def refuse() -> None:
        raise PermissionError(1, "Operation not permitted")

    async def no_worker(self: engine.Worker) -> None:
        raise NoIsolation("This machine can't keep submissions apart.")

    monkeypatch.setattr(doctor, "_unshare", refuse)
    monkeypatch.setattr(doctor.landlock, "version", lambda: 0)
    monkeypatch.setattr(engine.Worker, "_start", no_worker)
    records = {record.what: record for record in await doctor.report()}
    text = str(records["Namespaces"])
    assert text.startswith("✗ Namespaces: refused: [Errno 1] Operation not permitted\n    ")
    assert not records["Landlock"].good
    assert records["Level"].found == "none: nothing will be run"


async def test_elsewhere_it_says_how_to_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another system there is one record: take a container or a virtual machine."""
    monkeypatch.setattr(doctor.sys, "platform", "darwin")
    (record,) = await doctor.report()
    assert (record.found, record.good) == ("darwin", False)
    assert "virtual machine" in record.advice

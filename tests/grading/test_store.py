"""Marks that outlive the run that made them."""

from dataclasses import replace
from pathlib import Path

import pytest

from workbook.grading.marks import Submission
from workbook.grading.store import JOURNAL, FolderInUse, Store

ADA = Submission("ada", "Ada", "ada.ipynb", b"{}")


@pytest.fixture
def ada(mark):
    """Ada's mark, of her notebook."""
    return replace(mark("ada", first="+-"), digest=ADA.digest)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, ada) -> None:
    """A mark that was kept is known to the next run, with the learner's name as it is now."""
    with Store.open(tmp_path, "basis", {}) as store:
        assert store.known(ADA) is None
        store.add(ada)
    with Store.open(tmp_path, "basis", {}) as store:
        assert store.known(ADA) == ada
        renamed = replace(ADA, learner="Ada Lovelace")
        assert store.known(renamed) == replace(ada, learner="Ada Lovelace")


def test_what_decides_a_mark(tmp_path: Path, ada, mark) -> None:
    """Another notebook, other exercises or settings, or a problem: it is graded again."""
    with Store.open(tmp_path, "basis", {}) as store:
        store.add(ada)
        store.add(mark("eve"))
    with Store.open(tmp_path, "basis", {}) as store:
        assert store.known(replace(ADA, notebook=b"{ }")) is None
        assert store.known(replace(ADA, problem="gone")) is None
        assert store.known(Submission("eve", "Eve", "eve.ipynb", b"")) is None
        assert store.known(replace(ADA, key="grace")) is None
    with Store.open(tmp_path, "another basis", {}) as store:
        assert store.known(ADA) is None


def test_half_a_line(tmp_path: Path, ada) -> None:
    """What a killed run left half written costs that one mark, and the next line is whole again."""
    with Store.open(tmp_path, "basis", {}) as store:
        store.add(replace(ada, key="grace"))
        store.add(ada)
    journal = tmp_path / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-40])
    with Store.open(tmp_path, "basis", {}) as store:
        assert (set(store.earlier), store.unreadable) == ({"grace"}, 1)
        store.add(ada)
    with Store.open(tmp_path, "basis", {}) as store:
        assert (set(store.earlier), store.unreadable) == ({"grace", "ada"}, 1)


@pytest.mark.parametrize("line", ["[]", "7", '{"mark": {}}', '{"mark": null, "basis": 1}', "\0"])
def test_strange_lines(tmp_path: Path, line: str) -> None:
    """A journal that someone edited is read as far as it can be."""
    (tmp_path / JOURNAL).write_text(line + "\n", encoding="utf-8")
    with Store.open(tmp_path, "basis", {}) as store:
        assert (store.earlier, store.unreadable) == ({}, 1)


def test_since(tmp_path: Path, ada) -> None:
    """The marks of another folder are taken over; this folder's own come after them."""
    with Store.open(tmp_path / "monday", "basis", {}) as store:
        store.add(ada)
    with Store.open(tmp_path / "friday", "basis", {}, since=tmp_path / "monday") as store:
        assert store.known(ADA) == ada
        assert store.changed([ada]) == []


def test_two_runs_at_once(tmp_path: Path) -> None:
    """A second run in the same folder is refused, with what to do."""
    with (
        Store.open(tmp_path, "basis", {}),
        pytest.raises(FolderInUse, match="--output"),
        Store.open(tmp_path, "basis", {}),
    ):
        pass


def test_versions_are_compared(tmp_path: Path, ada) -> None:
    """A mark that was made under other versions is taken over, and that is said."""
    with Store.open(tmp_path, "basis", {"fastapi": "0.164.0", "python": "3.12.1"}) as store:
        store.add(ada)
    with Store.open(tmp_path, "basis", {"fastapi": "0.165.0", "python": "3.12.1"}) as store:
        assert store.other_versions([ada]) == [
            "Made with fastapi 0.164.0 (it is 0.165.0 now): 1 of them."
        ]


def test_changed_points(tmp_path: Path, ada, mark) -> None:
    """A learner whose points differ from those before is named with both."""
    better = mark("ada", first="++")
    with Store.open(tmp_path, "basis", {}) as store:
        store.add(ada)
    with Store.open(tmp_path, "new basis", {}) as store:
        assert store.changed([better, mark("eve", first="+")]) == [(better, 1)]


def test_points_for_other_exercises_are_not_compared(tmp_path: Path, mark) -> None:
    """Nobody lost points where fewer exercises count than before."""
    with Store.open(tmp_path, "basis", {}) as store:
        store.add(mark("ada", first="++", second="++"))
    with Store.open(tmp_path, "new basis", {}) as store:
        assert store.changed([mark("ada", first="++")]) == []

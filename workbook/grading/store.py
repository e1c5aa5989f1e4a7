"""The marks of a run, kept as they come, so that a run goes on where it stopped.

`marks.jsonl` in the run's folder holds a line for each mark: what it was made from, under which
versions, and the mark. A line is written when a mark is there, so that Ctrl-C or a power cut costs
the submissions that were in work and no others.
"""

import json
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from workbook.grading.marks import Submission, SubmissionMark

JOURNAL = "marks.jsonl"


class FolderInUse(Exception):
    """Another run writes to the folder."""


@dataclass(frozen=True)
class Kept:
    """A mark of this or of an earlier run, and what it came from.

    Attributes:
        basis: the digest of all that decided it but the notebook.
        versions: the version of each package under which it was made.
        mark: the mark.
        elsewhere: it is kept in the folder of another run.
    """

    basis: str
    versions: dict[str, str]
    mark: SubmissionMark
    elsewhere: bool = False


@dataclass
class Store:
    """The marks in one folder.

    Attributes:
        folder: where the journal is.
        basis: what the marks of this run are made from.
        versions: the versions of this run.
        earlier: the last mark of each learner from before this run.
        unreadable: how many lines of the journal could not be read.
    """

    folder: Path
    basis: str
    versions: dict[str, str]
    earlier: dict[str, Kept] = field(default_factory=dict)
    unreadable: int = 0

    @classmethod
    @contextmanager
    def open(
        cls, folder: Path, basis: str, versions: dict[str, str], *, since: Path | None = None
    ) -> Generator[Self]:
        """Open a folder for one run; it is made if it is missing.

        Args:
            folder: the folder of this run.
            basis: see `workbook.grading.assignments.basis`.
            versions: see `workbook.grading.assignments.versions`.
            since: the folder of an earlier run whose marks are taken over, too.

        Raises:
            FolderInUse: another run has it open.
            OSError: it can't be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise FolderInUse(
                f"Another run is writing to {folder}. Wait for it, or name another with --output."
            ) from None
        try:
            store = cls(folder, basis, versions)
            for place in filter(None, (since, folder)):
                store._read(place / JOURNAL)
            yield store
        finally:
            lock.release()

    def _read(self, journal: Path) -> None:
        if not journal.exists():
            return
        for line in journal.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                stored = json.loads(line)
                mark = SubmissionMark.from_json(stored["mark"])
                versions = {str(name): str(one) for name, one in stored["versions"].items()}
                elsewhere = journal.parent != self.folder
                kept = Kept(str(stored["basis"]), versions, mark, elsewhere)
            except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
                # The last line of a run that was killed may be half a line.
                self.unreadable += bool(line.strip())
                continue
            self.earlier[mark.key] = kept

    def known(self, submission: Submission) -> SubmissionMark | None:
        """The mark of this very notebook, made from the same exercises, seed and limits.

        What could not be graded is tried again.
        """
        kept = self.earlier.get(submission.key)
        if (
            kept is None
            or kept.basis != self.basis
            or kept.mark.digest != submission.digest
            or kept.mark.problem
            or submission.problem
        ):
            return None
        return replace(kept.mark, learner=submission.learner, file=submission.file)

    def add(self, mark: SubmissionMark, versions: dict[str, str] | None = None) -> None:
        """Keep a mark, now.

        Args:
            mark: the mark.
            versions: those under which it was made, if not those of this run.
        """
        line = {"basis": self.basis, "versions": versions or self.versions, "mark": mark.to_json()}
        with (self.folder / JOURNAL).open("a+b") as journal:
            if journal.tell() and not _ends_a_line(self.folder / JOURNAL):
                journal.write(b"\n")
            journal.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def other_versions(self, marks: list[SubmissionMark]) -> list[str]:
        """Say which of the marks that were taken over were made under other versions."""
        differences: Counter[str] = Counter()
        for mark in marks:
            was = self.earlier[mark.key].versions
            for name in sorted({*was, *self.versions}):
                before, now = was.get(name, "missing"), self.versions.get(name, "missing")
                if before != now:
                    differences[f"{name} {before} (it is {now} now)"] += 1
        return [f"Made with {what}: {count} of them." for what, count in differences.items()]

    @staticmethod
    def last_seed(*folders: Path | None) -> int | None:
        """The seed of the last mark in the first of the folders that has one."""
        for folder in filter(None, folders):
            store = Store(folder, "", {})
            store._read(folder / JOURNAL)
            if seeds := [kept.mark.seed for kept in store.earlier.values()]:
                return seeds[-1]
        return None

    def changed(self, marks: list[SubmissionMark]) -> list[tuple[SubmissionMark, int]]:
        """The marks whose points differ from the learner's earlier ones, with those.

        Points for other exercises are not compared.
        """
        return [
            (mark, kept.mark.earned)
            for mark in marks
            if (kept := self.earlier.get(mark.key)) is not None
            and not (mark.problem or kept.mark.problem)
            and kept.mark.earned != mark.earned
            and [one.exercise for one in kept.mark.exercises]
            == [one.exercise for one in mark.exercises]
        ]


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"

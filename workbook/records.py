"""A learner's progress: a small file that is merged, never replaced.

It lives in a `.workbook` folder beside the notebooks that a learner works in. Where there is
none (the pristine chapters, a test, the book's build) progress is kept in memory only, so that
running a lesson leaves nothing behind.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

FOLDER = ".workbook"
_FILE = "progress.json"
_VERSION = 1


@dataclass
class Record:
    """What is known of one exercise or question.

    Attributes:
        outcome: the best outcome so far: `"passed"` once it has passed, else the last one.
        attempts: how many times it was checked.
        points: the most points reached.
        hints: how many hints have been shown, 0 to 3.
        first_passed: ISO 8601 time in UTC, or empty.
        last_tried: ISO 8601 time in UTC, or empty.
    """

    outcome: str = ""
    attempts: int = 0
    points: int = 0
    hints: int = 0
    first_passed: str = ""
    last_tried: str = ""

    @property
    def passed(self) -> bool:
        """Whether it has ever passed; a later failure does not take that away."""
        return bool(self.first_passed)


@dataclass
class Progress:
    """Every record by id, and what happened to the file."""

    records: dict[str, Record] = field(default_factory=dict)
    path: Path | None = None
    trouble: str = ""

    def of(self, id: str) -> Record:
        """The record of one exercise; a fresh one if nothing is known."""
        return self.records.get(id, Record())


_in_memory = Progress()


def folder() -> Path | None:
    """The `.workbook` folder to use: `$WORKBOOK_HOME`, or the nearest one above the notebook."""
    if home := os.environ.get("WORKBOOK_HOME"):
        return Path(home)
    here = Path.cwd()
    return next((up / FOLDER for up in (here, *here.parents) if (up / FOLDER).is_dir()), None)


def load() -> Progress:
    """Read the progress; a file that can't be read is kept aside and reported, never deleted."""
    where = folder()
    if where is None:
        return _in_memory
    path = where / _FILE
    return Progress(*_read(path))


def update(id: str, change: Callable[[Record], None]) -> Progress:
    """Change one record and store it.

    The file is read again under a lock, changed and replaced in one step, so that two notebooks
    at once lose nothing and a crash leaves the old file or the new one, never half of one.

    Args:
        id: an exercise's or a question's id.
        change: changes the record in place.

    Returns:
        The whole progress; its `trouble` says why it could not be stored, if it could not.
    """
    where = folder()
    if where is None:
        change(_in_memory.records.setdefault(id, Record()))
        return _in_memory
    path = where / _FILE
    try:
        where.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=5):
            progress = Progress(*_read(path))
            change(progress.records.setdefault(id, Record()))
            _write(path, progress.records)
    except (OSError, Timeout) as error:
        change(_in_memory.records.setdefault(id, Record()))
        _in_memory.trouble = f"Progress could not be saved in {path.parent}: {error}."
        return _in_memory
    return progress


def note_check(outcome: str, points: int) -> Callable[[Record], None]:
    """A change that counts one check."""

    def change(record: Record) -> None:
        record.attempts += 1
        record.points = max(record.points, points)
        record.last_tried = _now()
        if outcome == "passed":
            record.first_passed = record.first_passed or record.last_tried
        record.outcome = "passed" if record.passed else outcome

    return change


def note_hint(level: int) -> Callable[[Record], None]:
    """A change that remembers the furthest hint shown."""

    def change(record: Record) -> None:
        record.hints = max(record.hints, level)

    return change


def forget(id: str) -> None:
    """Forget one exercise; the file before that is kept as `progress.before-reset.json`."""
    where = folder()
    if where is None:
        _in_memory.records.pop(id, None)
        return
    path = where / _FILE
    with FileLock(path.with_suffix(".lock"), timeout=5):
        records, *_ = _read(path)
        if path.exists():
            path.with_name("progress.before-reset.json").write_bytes(path.read_bytes())
        records.pop(id, None)
        _write(path, records)


def _read(path: Path) -> tuple[dict[str, Record], Path, str]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {name: _record(values) for name, values in stored["exercises"].items()}, path, ""
    except FileNotFoundError:
        return {}, path, ""
    except (ValueError, KeyError, TypeError, AttributeError):
        aside = path.with_name(f"progress.unreadable-{time.strftime('%Y%m%d-%H%M%S')}.json")
        path.replace(aside)
        return {}, path, f"The progress file could not be read. It is kept as {aside.name}."


def _record(values: dict[str, Any]) -> Record:
    """A record from what a file holds; fields that a newer version added are left out here."""
    known = {one.name for one in fields(Record)}
    return Record(**{name: value for name, value in values.items() if name in known})


def _write(path: Path, records: dict[str, Record]) -> None:
    text = json.dumps(
        {
            "version": _VERSION,
            "exercises": {name: asdict(one) for name, one in sorted(records.items())},
        },
        indent=1,
    )
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".progress-", delete=False, encoding="utf-8"
    ) as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    Path(new.name).replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

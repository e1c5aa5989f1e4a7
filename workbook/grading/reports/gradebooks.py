"""Fill the marks into the CSV file that Moodle or Canvas exported, ready to be imported there.

A line that gets no mark stays as it is, byte for byte, and so do the other columns of one that does.
A learner is found by the platform's number, and without one by name, e-mail address or login; where
more than one line fits none is filled, and the learner is listed.
"""

import contextlib
import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from workbook.grading.marks import SubmissionMark

_MOODLE_GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Valutazione", "Ocena")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_NAME_WORDS = ("name", "student", "email", "e-mail", "login", "id number", "user", "mail")


class NoGradebook(Exception):
    """The file can't be filled; the message says why and what to do."""


@dataclass
class Filled:
    """A gradebook with marks in it.

    Attributes:
        data: the file's bytes, in the encoding it had.
        filled: how many marks were written.
        unknown: learners without a line, and why.
        without: names of lines for which nothing was handed in.
        unchanged: learners whose mark was already there.
    """

    data: bytes
    filled: int = 0
    unknown: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass
class _Line:
    """One record: its cells, and its text as it stands in the file."""

    cells: list[str]
    raw: str
    changed: bool = False


@dataclass
class _Sheet:
    lines: list[_Line]
    encoding: str
    delimiter: str
    end: str

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self.lines[0].cells


def fill_moodle(
    data: bytes, marks: Sequence[SubmissionMark], points: int, column: str | None = None
) -> Filled:
    """Fill Moodle's grading worksheet, or a gradebook export.

    Args:
        data: the file as Moodle exported it.
        marks: the marks; those with a problem are left out.
        points: what could be earned; scaled to the worksheet's `Maximum Grade` if that differs.
        column: the column to fill; by default the one called `Grade`.

    Raises:
        NoGradebook: it is no such file, or the column can't be told.
    """
    sheet = _read(data)
    target = _column(sheet, column, _MOODLE_GRADE, "--moodle-column")
    body = sheet.lines[1:]

    def number(line: _Line) -> str:
        # "Participant 12345", in the language of the site.
        found = re.search(r"\D(\d+)$", line.cells[0].strip()) if line.cells else None
        return f"moodle-{found[1]}" if found is not None else ""

    most = next((at for at, name in enumerate(sheet.header) if _is(name, "Maximum Grade")), None)
    if most is None and any(number(line) for line in body):
        # Its name is in the language of the site; in a worksheet it follows the grade in each.
        most = target + 1

    def value(line: _Line, mark: SubmissionMark) -> float:
        scale = _number(line.cells[most]) if most is not None and most < len(line.cells) else None
        return mark.earned if not (scale and points) else mark.earned * scale / points

    return _fill(sheet, body, marks, target, number, value)


def fill_canvas(
    data: bytes, marks: Sequence[SubmissionMark], points: int, column: str | None = None
) -> Filled:
    """Fill one assignment's column of Canvas's gradebook export.

    Args:
        data: the file as Canvas exported it.
        marks: the marks; those with a problem are left out.
        points: what could be earned; scaled to the column's `Points Possible` if that differs.
        column: the column to fill, such as `Chapter 2 (4711)`; by default the only assignment.

    Raises:
        NoGradebook: it is no such file, or the column can't be told.
    """
    sheet = _read(data)
    number_at = next((at for at, name in enumerate(sheet.header) if _is(name, "ID")), None)
    if number_at is None or not _is(sheet.header[0], "Student"):
        raise NoGradebook(
            "This is no gradebook of Canvas: it has no columns Student and ID. "
            "Export it with Grades, Export, Export Entire Gradebook."
        )
    assignments = [name for name in sheet.header if re.search(r" \(\d+\)$", name)]
    target = _column(sheet, column, assignments, "--canvas-column")
    body, scale = [], None
    for line in sheet.lines[1:]:
        first = line.cells[0].strip() if line.cells else ""
        if first == "Points Possible" and target < len(line.cells):
            scale = _number(line.cells[target])
        elif first and first != "Student, Test" and number_at < len(line.cells):
            body.append(line)

    def number(line: _Line) -> str:
        return f"canvas-{line.cells[number_at].strip()}"

    def value(_: _Line, mark: SubmissionMark) -> float:
        return mark.earned if not (scale and points) else mark.earned * scale / points

    return _fill(sheet, body, marks, target, number, value)


def _fill(
    sheet: _Sheet,
    body: Iterable[_Line],
    marks: Sequence[SubmissionMark],
    target: int,
    number: Callable[[_Line], str],
    value: Callable[[_Line, SubmissionMark], float],
) -> Filled:
    body = [line for line in body if any(line.cells)]
    called = [_called(sheet.header, line) for line in body]
    numbers = [number(line) for line in body]
    platforms = {one.partition("-")[0] for one in numbers if one}
    filled = Filled(b"")
    mine: dict[int, list[SubmissionMark]] = defaultdict(list)
    for mark in marks:
        lines = [at for at, one in enumerate(numbers) if one == mark.key]
        if not lines and mark.key.partition("-")[0] not in platforms:
            # Whoever has a number of this platform is nobody else of the same name.
            words = _words(mark.learner)
            lines = [at for at, names in enumerate(called) if names & words]
        if len(lines) == 1:
            mine[lines[0]].append(mark)
        else:
            why = f"{len(lines)} lines fit" if lines else "no line fits"
            filled.unknown.append(f"{mark.learner} ({mark.key}): {why}")
    for at, line in enumerate(body):
        match mine.get(at, []):
            case []:
                filled.without.append(_title(sheet.header, line))
            case [mark] if mark.problem:
                filled.unknown.append(f"{mark.learner} ({mark.key}): not graded")
            case [mark]:
                _write(line, target, f"{round(value(line, mark), 2):g}", filled)
            case several:
                names = ", ".join(f"{mark.learner} ({mark.key})" for mark in several)
                filled.unknown.append(f"{names}: they fit the same line")
    filled.data = _text(sheet).encode(sheet.encoding)
    return filled


def _write(line: _Line, target: int, text: str, filled: Filled) -> None:
    line.cells += [""] * (target + 1 - len(line.cells))
    before = line.cells[target]
    if _number(before) == float(text):
        filled.unchanged += 1
        return
    numbers = [before] if before.strip() else line.cells
    comma = any(_DECIMAL_COMMA.fullmatch(one.strip()) for one in numbers)
    line.cells[target] = text.replace(".", ",") if comma else text
    line.changed = True
    filled.filled += 1


def _read(data: bytes) -> _Sheet:
    encoding, text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    if "\0" in text or first.count(delimiter) < 2:
        raise NoGradebook("This is no CSV file with columns. Export the gradebook as CSV.")
    physical = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical, delimiter=delimiter)
    lines, at = [], 0
    try:
        for cells in reader:
            lines.append(_Line(cells, "".join(physical[at : reader.line_num])))
            at = reader.line_num
    except csv.Error as error:
        raise NoGradebook(f"This is no CSV file that can be read: {error}.") from None
    return _Sheet(lines, encoding, delimiter, "\r\n" if "\r\n" in text else "\n")


def _decoded(data: bytes) -> tuple[str, str]:
    """The encoding of a file, and its text."""
    marked = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    marked = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else marked
    for encoding in (marked, "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return encoding, data.decode(encoding)
    # Every byte is a character in it, and comes back as that byte.
    return "latin-1", data.decode("latin-1")


def _text(sheet: _Sheet) -> str:
    return "".join(line.raw if not line.changed else _written(line, sheet) for line in sheet.lines)


def _written(line: _Line, sheet: _Sheet) -> str:
    out = io.StringIO(newline="")
    # A writer quotes the characters of its own line end, so it has to have both of them.
    csv.writer(out, delimiter=sheet.delimiter, lineterminator="\r\n").writerow(line.cells)
    ended = line.raw.endswith(("\n", "\r"))
    return out.getvalue().removesuffix("\r\n") + (sheet.end if ended else "")


def _column(sheet: _Sheet, named: str | None, usual: Iterable[str], option: str) -> int:
    wanted = [named] if named is not None else list(usual)
    found = [at for at, name in enumerate(sheet.header) if any(_is(name, one) for one in wanted)]
    if len(found) == 1:
        return found[0]
    what = (
        f"no column called {named}"
        if named is not None and not found
        else "no column for a grade that can be told from the others"
        if not found
        else f"{len(found)} columns that may be meant"
    )
    columns = ", ".join(name for name in sheet.header if name.strip())
    raise NoGradebook(f"The file has {what}. Name one of these with {option}: {columns}.")


def _is(name: str, wanted: str) -> bool:
    return name.strip().casefold() == wanted.strip().casefold()


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _called(header: list[str], line: _Line) -> set[str]:
    """All that a line's learner may be called: full name, login, the e-mail address's first half."""
    named = {
        name.strip().casefold(): text
        for name, text in zip(header, line.cells, strict=False)
        if text.strip() and any(word in name.casefold() for word in _NAME_WORDS)
    }
    parts = [text for name, text in named.items() if name in ("first name", "last name", "surname")]
    found = {*named.values(), " ".join(parts)} - set(parts)
    found |= {text.partition("@")[0] for text in found if "@" in text}
    return {one for text in found for one in _words(text)}


def _words(name: str) -> set[str]:
    """A name in the form in which names are compared: in any order of its words, and squeezed.

    Canvas writes `lovelaceada` in file names and `Lovelace, Ada` in its gradebook.
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    words = [word for one in words for word in one.split("_") if word]
    return {" ".join(sorted(words)), "".join(words)} - {""}


def _title(header: list[str], line: _Line) -> str:
    named = dict(zip((name.strip().casefold() for name in header), line.cells, strict=False))
    first = " ".join(filter(None, (named.get("first name"), named.get("last name"))))
    return named.get("full name") or named.get("student") or first or line.cells[0]

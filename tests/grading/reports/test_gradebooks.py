"""Gradebooks of Moodle and Canvas: the right line is filled, and the rest stays as it was."""

import csv
import io
from dataclasses import replace

import pytest

from workbook.grading.reports.gradebooks import NoGradebook, fill_canvas, fill_moodle

# As Moodle 4 exports it: "Download grading worksheet".
WORKSHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    '"Participant 101","Ada Lovelace",ada@example.org,"Submitted for grading",,10.00,Yes,'
    '"Tuesday, 24 November 2026, 9:00 AM",-,\n'
    '"Participant 102","Grace ""Amazing"" Hopper",grace@example.org,"Submitted for grading",,10.00,'
    'Yes,"Tuesday, 24 November 2026, 9:05 AM",-,"two\nlines"\n'
    '"Participant 103","Łukasz Ż",lukasz@example.org,"No submission",,10.00,Yes,-,-,\n'
)
# As Canvas exports it: a line of points, a test student, read-only columns at the end.
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (41),Week 2 (42),Current Score\r\n"
    ",,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,5.0,3.0,(read only)\r\n"
    '"Lovelace, Ada",201,ada1,alovelace,CS101,4.0,,80.0\r\n'
    '"Hopper, Grace",202,grace1,ghopper,CS101,5.0,,100.0\r\n'
    '"Student, Test",299,,test,CS101,,,\r\n'
)


def rows(data: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    """The lines of a CSV file by their columns."""
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline="")))


def test_moodle_by_number(mark) -> None:
    """Marks go to the line of Moodle's own number, scaled to its maximum, and nowhere else."""
    marks = [mark("moodle-101", x="++-"), mark("moodle-102", x="+++"), mark("moodle-999", x="+")]
    filled = fill_moodle(WORKSHEET.encode(), marks, points=3)
    assert [row["Grade"] for row in rows(filled.data)] == ["6.67", "10", ""]
    assert filled.filled == 2
    assert filled.unknown == ["Moodle-999 (moodle-999): no line fits"]
    assert filled.without == ["Łukasz Ż"]


@pytest.mark.parametrize(
    ("fill", "book", "column", "key", "learner"),
    [
        (fill_moodle, WORKSHEET, "Grade", "moodle-999", "Łukasz Ż"),
        (fill_canvas, CANVAS, "Week 2 (42)", "canvas-999", "hoppergrace"),
    ],
)
def test_another_of_the_same_name(mark, fill, book, column: str, key: str, learner: str) -> None:
    """The platform's number names one person: another one's line is not filled by the name."""
    one = replace(mark(key, x="+"), learner=learner)
    filled = fill(book.encode(), [one], 1, column)
    assert filled.data == book.encode()
    assert filled.unknown == [f"{learner} ({key}): no line fits"]


def test_a_gradebook_without_the_numbers_of_the_download(mark) -> None:
    """Where the file has no numbers of that platform, the name decides."""
    export = "ID number,First name,Last name,Chapter 2\n77,Ada,Lovelace,\n78,Grace,Hopper,\n"
    one = replace(mark("moodle-78", x="++-"), learner="Ada Lovelace")
    filled = fill_moodle(export.encode(), [one], points=3, column="Chapter 2")
    assert [row["Chapter 2"] for row in rows(filled.data)] == ["2", ""]
    other = replace(mark("canvas-9", x="+++"), learner="Ada Lovelace")
    filled = fill_moodle(WORKSHEET.encode(), [other], points=3)
    assert [row["Grade"] for row in rows(filled.data)] == ["10", "", ""]


def test_a_byte_that_is_no_letter_comes_back(mark) -> None:
    """A file in no known encoding is filled all the same, and its other bytes stay."""
    data = b"Identifier,Full name,Email address,Grade\nParticipant 101,\x81\xfcr,j@x.org,\n"
    filled = fill_moodle(data, [mark("moodle-101", x="++-")], points=3)
    assert filled.data == data.replace(b"x.org,", b"x.org,2")


def test_what_gets_no_mark_stays_byte_for_byte(mark) -> None:
    """Filling nothing gives the same file; filling one line changes that line alone."""
    data = WORKSHEET.encode()
    assert fill_moodle(data, [], points=3).data == data
    changed = fill_moodle(data, [mark("moodle-101", x="+++")], points=3).data
    before, after = rows(data), rows(changed)
    assert after[1:] == before[1:]
    assert after[0] == before[0] | {"Grade": "10"}
    assert changed.endswith(data[data.index(b'"Participant 102"') :])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_encodings_and_delimiters(mark, encoding: str, delimiter: str) -> None:
    """A file comes back in the encoding, with the delimiter and the line ends that it had."""
    text = "Identifier,Full name,Email address,Grade\r\nTeilnehmer/in101,Jürgen Š,j@x.org,\r\n"
    data = text.replace(",", delimiter).encode(encoding)
    expected = text.replace("x.org,", "x.org,2").replace(",", delimiter).encode(encoding)
    assert fill_moodle(data, [mark("moodle-101", x="++-")], points=3).data == expected


def test_the_maximum_in_another_language(mark) -> None:
    """In each language Moodle puts it behind the grade; points are scaled to it all the same."""
    text = (
        "ID;Vollständiger Name;Status;Bewertung;Bestwertung;Bewertung kann geändert werden\r\n"
        "Teilnehmer/in101;Jürgen Š;Abgegeben;;100,00;Ja\r\n"
    )
    filled = fill_moodle(text.encode("utf-8-sig"), [mark("moodle-101", x="++-+")], points=4)
    assert filled.data == text.replace("Abgegeben;", "Abgegeben;75").encode("utf-8-sig")


def test_a_file_of_decimal_commas_gets_no_point(mark) -> None:
    """An empty cell gets a number as the others of its line are written; a spreadsheet reads both."""
    text = "ID;Full name;Grade;Maximum Grade\r\nTeilnehmer/in101;Jürgen Š;;10,00\r\n"
    filled = fill_moodle(text.encode(), [mark("moodle-101", x="++-")], points=3)
    assert filled.data == text.replace(";;", ";6,67;").encode()


@pytest.mark.parametrize(
    "learner",
    ["Ada Lovelace", "lovelace_ada", "LOVELACE, Ada", "ada", "lovelaceada", "Adá Lovelace"],
)
def test_by_name(mark, learner: str) -> None:
    """A learner from a plain folder is found by name, in any order, or by e-mail address."""
    export = (
        "First name,Last name,ID number,Email address,Chapter 2\n"
        "Lovelace,Ada,77,ada@example.org,\nHopper,Grace,78,grace@example.org,\n"
    )
    one = replace(mark("x", x="++-"), learner=learner)
    filled = fill_moodle(export.encode(), [one], points=3, column="chapter 2")
    assert [row["Chapter 2"] for row in rows(filled.data)] == ["2", ""]
    assert filled.without == ["Hopper Grace"]


def test_ambiguous_names_are_listed(mark) -> None:
    """Two lines of one name, or two learners for one line, are for a person to sort out."""
    export = b"Full name,Email address,Grade\nAda King,a@x.org,\nAda King,b@x.org,\nEve,e@x.org,\n"
    two = [replace(mark(key, x="+"), learner="eve") for key in ("e1", "e2")]
    filled = fill_moodle(export, [replace(mark("a", x="+"), learner="Ada King"), *two], points=1)
    assert filled.data == export
    assert filled.unknown == [
        "Ada King (a): 2 lines fit",
        "eve (e1), eve (e2): they fit the same line",
    ]


def test_a_problem_is_no_zero(mark) -> None:
    """Who could not be graded keeps an empty cell and is listed."""
    filled = fill_moodle(WORKSHEET.encode(), [mark("moodle-101")], points=3)
    assert filled.data == WORKSHEET.encode()
    assert filled.unknown == ["Moodle-101 (moodle-101): not graded"]


def test_canvas(mark) -> None:
    """The named assignment is filled by Canvas's number; points and test student stay."""
    marks = [mark("canvas-201", x="++-"), mark("canvas-202", x="+++")]
    filled = fill_canvas(CANVAS.encode(), marks, points=3, column="Week 2 (42)")
    expected = CANVAS.replace("4.0,,80.0", "4.0,2,80.0").replace("5.0,,100.0", "5.0,3,100.0")
    assert filled.data == expected.encode()
    assert (filled.filled, filled.unknown, filled.without) == (2, [], [])


def test_canvas_scales_to_the_points_possible(mark) -> None:
    """An assignment of 5 points for 3 gets five thirds of them."""
    marks = [mark("canvas-201", x="++-")]
    filled = fill_canvas(CANVAS.encode(), marks, points=3, column="Week 1 (41)")
    assert rows(filled.data)[2]["Week 1 (41)"] == "3.33"


def test_canvas_by_squeezed_name(mark) -> None:
    """A file without Canvas's numbers is found by the name that Canvas squeezes."""
    one = replace(mark("x", x="+++"), learner="hoppergrace")
    filled = fill_canvas(CANVAS.encode(), [one], points=3, column="Week 2 (42)")
    assert rows(filled.data)[3]["Week 2 (42)"] == "3"


def test_filling_twice_changes_nothing(mark) -> None:
    """What was filled once is found filled, and the file stays the same."""
    marks = [mark("moodle-101", x="++-")]
    once = fill_moodle(WORKSHEET.encode(), marks, points=3)
    twice = fill_moodle(once.data, marks, points=3)
    assert (twice.data, twice.filled, twice.unchanged) == (once.data, 0, 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no CSV file"),
        (b"hello\n", "no CSV file"),
        (b"PK\0\0,,\0", "no CSV file"),
        (b"Identifier,Full name,Points\n1,Ada,\n", "Name one of these with --moodle-column: Ident"),
        (b"Identifier,Grade,Grade\n1,,\n", "2 columns that may be meant"),
    ],
)
def test_what_is_no_worksheet(data: bytes, said: str) -> None:
    """A file of another kind gets a sentence that says what to do."""
    with pytest.raises(NoGradebook, match=said):
        fill_moodle(data, [], points=1)


def test_what_is_no_canvas_gradebook() -> None:
    """Without Canvas's columns, or with more assignments than one, the message says what to do."""
    with pytest.raises(NoGradebook, match="Export Entire Gradebook"):
        fill_canvas(WORKSHEET.encode(), [], points=1)
    with pytest.raises(NoGradebook, match=r"2 columns that may be meant\..*Week 1"):
        fill_canvas(CANVAS.encode(), [], points=1)
    with pytest.raises(NoGradebook, match="no column called Week 9"):
        fill_canvas(CANVAS.encode(), [], points=1, column="Week 9")

"""`workbook grade`, with a grader that gives points without running anything."""

import csv
import errno
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workbook.cli import app
from workbook.grading import command
from workbook.grading.command import read_limits
from workbook.grading.doctor import Record
from workbook.grading.limits import Limits
from workbook.grading.marks import (
    Assignment,
    ExerciseMark,
    RequirementMark,
    Submission,
    SubmissionMark,
)

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})

WORKSHEET = (
    "Identifier,Full name,Grade,Maximum Grade\r\n"
    "Participant 11,Ada,,100\r\nParticipant 12,Eve,,100\r\nParticipant 13,Kim,,100\r\n"
)


class FakeGrader:
    """Meets the first requirement of every exercise, and no other."""

    def __init__(self) -> None:
        self.graded: list[str] = []
        self.seeds: list[int] = []
        self.stops_at = ""

    def make(self, assignment: Assignment, limits: Limits, *_: object) -> object:
        """What the command asks for."""
        self.seeds.append(assignment.seed)

        async def grade(left: list[Submission]) -> AsyncIterator[SubmissionMark]:
            for one in left:
                if one.key == self.stops_at:
                    raise KeyboardInterrupt
                self.graded.append(one.key)
                yield _marked(one, assignment)

        return grade


def _marked(submission: Submission, assignment: Assignment) -> SubmissionMark:
    exercises = tuple(
        ExerciseMark(
            exercise.id,
            "not yet",
            tuple(
                RequirementMark(
                    one.name, one.text, one.points, "not yet" if n else "passed", "Too much."
                )
                for n, one in enumerate(exercise.requirements)
            ),
        )
        for exercise in assignment.exercises
    )
    return SubmissionMark(
        submission.key,
        submission.learner,
        submission.file,
        submission.digest,
        exercises,
        isolation="namespaces",
        seed=assignment.seed,
    )


@pytest.fixture
def grader(monkeypatch: pytest.MonkeyPatch) -> FakeGrader:
    """The grader of the command, without a sandbox."""
    fake = FakeGrader()
    monkeypatch.setattr(command, "_grader", fake.make)
    monkeypatch.setattr("sys.platform", "linux")
    return fake


@pytest.fixture
def handed_in(tmp_path: Path, notebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A download of Moodle: two notebooks, and one learner who handed in something else."""
    monkeypatch.chdir(tmp_path)
    good = notebook('await check("tag_search", app)', 'await check("bounded_pages", pages)')
    with zipfile.ZipFile(tmp_path / "week2.zip", "w") as archive:
        archive.writestr("Ada_11_assignsubmission_file_/02.ipynb", good)
        archive.writestr("Eve_12_assignsubmission_file_/02.ipynb", good + b" ")
        archive.writestr("Kim_13_assignsubmission_file_/essay.docx", b"PK")
    return tmp_path / "week2.zip"


def grade(*arguments: str | Path) -> Result:
    """Call the command."""
    return runner.invoke(app, ["grade", *map(str, arguments)])


def test_from_a_download_to_a_gradebook(grader: FakeGrader, handed_in: Path) -> None:
    """One command finds the chapter, grades, fills the worksheet, and says whom to look at."""
    worksheet = handed_in.with_name("worksheet.csv")
    worksheet.write_bytes(WORKSHEET.encode())
    result = grade(handed_in, "--moodle", worksheet)
    assert result.exit_code == 1
    assert "! Kim: essay.docx: It is no notebook." in result.output
    assert "moodle.csv: 2 marks filled in." in result.output
    assert "enter by hand: Kim (moodle-13): not graded" in result.output
    folder = Path("grades/02_fastapi_basics")
    rows = list(csv.DictReader(io.StringIO((folder / "grades.csv").read_text("utf-8-sig"))))
    assert [(row["learner"], row["tag_search"]) for row in rows] == [
        ("Ada", rows[0]["tag_search"]),
        ("Eve", rows[0]["tag_search"]),
        ("Kim", ""),
    ]
    points = float(rows[0]["points"]) / float(rows[0]["of"]) * 100
    filled = list(csv.DictReader(io.StringIO((folder / "moodle.csv").read_text("utf-8"))))
    assert [row["Grade"] for row in filled] == [f"{round(points, 2):g}"] * 2 + [""]
    assert {one.name for one in folder.iterdir()} >= {"report.html", "junit.xml", "marks.json"}
    assert {one.name for one in (folder / "feedback").iterdir()} == {
        "moodle-11.html",
        "moodle-12.html",
        "moodle-13.html",
    }


def test_only_what_changed_is_graded_again(
    grader: FakeGrader, handed_in: Path, tmp_path: Path
) -> None:
    """The second run takes both marks over and keeps the seed; a new seed grades all again."""
    grade(handed_in, "-e", "tag_search", "-o", "out")
    again = grade(handed_in, "-e", "tag_search", "-o", "out")
    assert grader.graded == ["moodle-11", "moodle-12"]
    assert "2 marks taken over" in again.output
    grade(handed_in, "-e", "tag_search", "-o", "other", "--since", "out")
    assert len(grader.graded) == 2
    assert len(set(grader.seeds)) == 1
    grade(handed_in, "-e", "tag_search", "-o", "out", "--seed", "5")
    assert grader.graded == ["moodle-11", "moodle-12"] * 2
    assert json.loads((tmp_path / "out" / "marks.json").read_text("utf-8"))["seed"] == 5


def test_ctrl_c_keeps_what_was_graded(grader: FakeGrader, handed_in: Path) -> None:
    """The reports of a stopped run hold what there is, and the same command goes on."""
    grader.stops_at = "moodle-12"
    stopped = grade(handed_in, "-e", "tag_search")
    assert stopped.exit_code == 130
    assert "The same command goes on" in stopped.output
    grader.stops_at = ""
    result = grade(handed_in, "-e", "tag_search")
    assert grader.graded == ["moodle-11", "moodle-12"]
    assert result.exit_code == 1


def test_reports_among_the_submissions(
    grader: FakeGrader, tmp_path: Path, notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`workbook grade .` writes `grades/` there, and the next run finds the same learners."""
    monkeypatch.chdir(tmp_path)
    for name in ("ada", "eve"):
        (tmp_path / f"{name}.ipynb").write_bytes(notebook('await check("tag_search", app)'))
    for output in ((), (), ("-o", "out"), ("-o", "other")):
        result = grade(".", *output)
        assert result.exit_code == 0
        assert "2 submissions, 10 exercises" in result.output


def test_a_disk_that_fills_up(
    grader: FakeGrader, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 3 and what to do, at whatever it wrote; what was graded is still known then."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.html")

    with monkeypatch.context() as patched:
        patched.setattr(command, "write_reports", full)
        result = grade(handed_in, "-e", "tag_search", "-o", "out")
    assert result.exit_code == 3
    said = "out can't be written: No space left on device. When that is mended, the same command"
    assert said in " ".join(result.output.split())
    assert grade(handed_in, "-e", "tag_search", "-o", "out").exit_code == 1
    assert grader.graded == ["moodle-11", "moodle-12"]


def test_all_graded(grader: FakeGrader, tmp_path: Path, notebook) -> None:
    """Where everyone could be graded it ends with 0."""
    (tmp_path / "ada.ipynb").write_bytes(notebook('await check("tag_search", app)'))
    result = grade(tmp_path / "ada.ipynb", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "1 submission, 10 exercises" in result.output


def test_names_can_not_move_the_cursor(grader: FakeGrader, tmp_path: Path, notebook) -> None:
    """Neither escapes nor markup in a learner's name do anything on the terminal."""
    folder = tmp_path / "in"
    folder.mkdir()
    name = "\x1b[2J[red]eve\x07.ipynb"
    (folder / name).write_bytes(notebook('await check("tag_search", app)'))
    result = grade(folder, "-o", tmp_path / "out")
    assert "\x1b" not in result.output
    assert "\x07" not in result.output
    assert "[2J[red]eve" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name the folder or zip"),
        (["nowhere"], "There is no nowhere"),
        (["week2.zip", "-c", "99"], "There is no chapter 99"),
        (["week2.zip", "-e", "tag_serch"], "Did you mean 'tag_search'"),
        (["week2.zip", "--exercises", "mine.py"], "mine.py can't be run"),
        (["week2.zip", "--handout", "mine.ipynb"], "mine.ipynb can't be read"),
        (["week2.zip", "--moodle", "week2.zip"], "no CSV file"),
        (["week2.zip", "--canvas", "missing.csv"], "missing.csv can't be read: No such file"),
        (["week2.zip", "--moodle-column", "Grade"], "Name the file, too: --moodle FILE"),
        (["week2.zip", "--canvas-column", "Week 2 (42)"], "Name the file, too: --canvas FILE"),
        ([".", "-o", "."], "Reports would go among the submissions in ."),
        (["week2.zip", "--since", "nowhere"], "nowhere holds no marks"),
        (["week2.zip", "--limit", "speed=9"], "There is no limit 'speed'"),
        (["week2.zip", "--limit", "memory_mib=much"], "memory_mib: "),
        (["week2.zip", "--limit", "memory_mib=0"], "--limit: memory_mib must be above zero"),
        (["week2.zip", "-o", "week2.zip/out"], "Not a directory. Name another folder"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    grader: FakeGrader, handed_in: Path, arguments: list[str], said: str
) -> None:
    """A mistake on the command line ends with 2 and a sentence; nothing is graded or written."""
    result = grade(*arguments)
    assert (result.exit_code, grader.graded) == (2, [])
    assert said in " ".join(result.output.split())
    assert not Path("grades").exists()


def test_other_systems(
    grader: FakeGrader, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no Linux the message says how to grade all the same."""
    monkeypatch.setattr("sys.platform", "darwin")
    result = grade(handed_in)
    assert result.exit_code == 2
    assert "Linux container" in result.output


def test_two_runs_at_once(grader: FakeGrader, handed_in: Path) -> None:
    """A folder in which another run writes is left alone."""
    with command.Store.open(Path("out"), "basis", {}):
        result = grade(handed_in, "-o", "out")
    assert result.exit_code == 2
    assert "Another run is writing to out" in result.output


def test_a_handout_of_ones_own(grader: FakeGrader, handed_in: Path, notebook) -> None:
    """The checks of the notebook that was handed out say what counts."""
    Path("lab.ipynb").write_bytes(notebook('await check("tag_search", app)'))
    result = grade(handed_in, "--handout", "lab.ipynb")
    assert "1 exercise," in result.output
    assert Path("grades/lab/report.html").exists()


def test_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not as it should be is told with its remedy, and ends with 1."""

    async def report() -> list[Record]:
        return [Record("Landlock", "version 7", True), Record("Level", "none", False, "Take a VM.")]

    monkeypatch.setattr("workbook.grading.doctor.report", report)
    result = grade("--doctor")
    assert result.output.splitlines() == [
        "✓ Landlock: version 7",
        "✗ Level: none",
        "    Take a VM.",
    ]
    assert result.exit_code == 1


def test_limits() -> None:
    """Limits are numbers by name; what is not named stays as it is."""
    assert read_limits(["cell_seconds=5", "memory_mib=512"]) == replace(
        Limits(), cell_seconds=5, memory_mib=512
    )

"""From a folder or an archive to one submission for each learner, with the reason if there is none."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workbook.grading import handed_in, submissions
from workbook.grading.handed_in import Bounds, NoSubmissions
from workbook.grading.marks import Submission

STEMS = ("01_environment", "02_fastapi_basics")
EXPECTED = ("bounded_pages", "tag_search", "own_operations")

type Make = Callable[..., bytes]


@pytest.fixture
def one(notebook: Make) -> bytes:
    """A notebook with one of the checks that are expected."""
    return notebook('await check("bounded_pages", pages)')


@pytest.fixture
def three(notebook: Make) -> bytes:
    """A notebook with all of the checks that are expected."""
    return notebook(*[f'await check("{name}", app)' for name in EXPECTED])


def collect(source: Path, bounds: Bounds | None = None) -> dict[str, Submission]:
    """The submissions in a folder or archive, by their keys."""
    found = submissions.choose(submissions.gather(source, STEMS, bounds), EXPECTED)
    by_key = {one.key: one for one in found}
    assert len(by_key) == len(found)
    return by_key


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files, and the folders they stand in."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


MOODLE = (
    "Ada Lovelace_101_assignsubmission_file_/02_fastapi_basics.ipynb",
    "Grace Hopper_102_assignsubmission_file_/my work (final).ipynb",
    "Łukasz Ż_103_assignsubmission_file_02_fastapi_basics.ipynb",
)
CANVAS = (
    "lovelaceada_201_9001_02_fastapi_basics.ipynb",
    "hoppergrace_LATE_202_9002_02_fastapi_basics-1.ipynb",
)


@pytest.mark.parametrize("form", ["folder", "zip", "zip in a folder"])
def test_learning_platforms(tmp_path: Path, one: bytes, form: str) -> None:
    """The downloads of Moodle and Canvas are read as they come, zipped or not."""
    files = dict.fromkeys((*MOODLE, *CANVAS), one)
    match form:
        case "folder":
            source = fill(tmp_path / "all", files)
        case "zip":
            source = fill(tmp_path, {"all.zip": zipped(files)}) / "all.zip"
        case _:
            source = fill(tmp_path / "all", {"CS101-Week 2-4711.zip": zipped(files)})
    found = collect(source)
    assert {key: (one.learner, one.problem) for key, one in found.items()} == {
        "moodle-101": ("Ada Lovelace", ""),
        "moodle-102": ("Grace Hopper", ""),
        "moodle-103": ("Łukasz Ż", ""),
        "canvas-201": ("lovelaceada", ""),
        "canvas-202": ("hoppergrace", ""),
    }
    assert found["moodle-102"].file == "my work (final).ipynb"
    assert {one.notebook for one in found.values()} == {one}


def test_plain_folder(tmp_path: Path, one: bytes) -> None:
    """A file or a folder for each learner; the junk of editors and systems is no learner."""
    source = fill(
        tmp_path,
        {
            "ada.ipynb": one,
            "grace/02_fastapi_basics.ipynb": one,
            "linus/deep/02_fastapi_basics.ipynb": one,
            "grace/.ipynb_checkpoints/02_fastapi_basics-checkpoint.ipynb": one,
            "__MACOSX/ada.ipynb": one,
            "._ada.ipynb": b"\0",
            ".DS_Store": b"\0",
            "README.md": b"hello",
            "moodle.csv": b"a,b",
        },
    )
    found = collect(source)
    assert {key: one.notes for key, one in found.items()} == {"ada": (), "grace": (), "linus": ()}


def test_one_folder_around_everything(tmp_path: Path, one: bytes, three: bytes) -> None:
    """The folder that a zip program puts around a class is no learner."""
    around = {"class/ada/02.ipynb": one, "class/grace/02.ipynb": one}
    source = fill(tmp_path / "a", {"class.zip": zipped(around)}) / "class.zip"
    assert set(collect(source)) == {"ada", "grace"}
    only = fill(
        tmp_path / "b", {"ada/01_environment.ipynb": one, "ada/02_fastapi_basics.ipynb": three}
    )
    assert set(collect(only)) == {"ada"}


def test_one_notebook(tmp_path: Path, one: bytes) -> None:
    """A single notebook can be graded too."""
    assert set(collect(fill(tmp_path, {"ada.ipynb": one}) / "ada.ipynb")) == {"ada"}


def test_the_notebook_with_the_most_checks_is_taken(
    tmp_path: Path, one: bytes, three: bytes, notebook: Make
) -> None:
    """Of several notebooks the one with the most checks counts, then the newest; the row says so."""
    source = fill(
        tmp_path, {"ada/a.ipynb": one, "ada/b.ipynb": three, "ada/c.ipynb": notebook("1")}
    )
    ada = collect(source)["ada"]
    assert (ada.file, ada.notebook) == ("b.ipynb", three)
    said = (
        "3 notebooks were handed in. b.ipynb was graded: the most checks (3), and of those the "
        "newest. Not graded: a.ipynb, c.ipynb."
    )
    assert ada.notes == (said,)
    fill(tmp_path, {"ada/d.ipynb": three})
    os.utime(tmp_path / "ada" / "b.ipynb", (1, 1))
    assert collect(source)["ada"].file == "d.ipynb"


def test_notebooks_that_share_the_exercises_out_are_joined(tmp_path: Path, notebook: Make) -> None:
    """An answer in a second notebook is not lost."""
    source = fill(
        tmp_path,
        {
            "ada/part 1.ipynb": notebook('await check("bounded_pages", a)'),
            "ada/part 2.ipynb": notebook('await check("tag_search", b)'),
            "ada/scratch.ipynb": notebook("1"),
        },
    )
    ada = collect(source)["ada"]
    assert ada.file == "part 1.ipynb + part 2.ipynb"
    assert ada.notes == (
        "part 1.ipynb + part 2.ipynb hold different exercises and were graded as one.",
        "Not graded: scratch.ipynb.",
    )


def test_renamed_files(tmp_path: Path, one: bytes) -> None:
    """A notebook under another ending is found by what is in it."""
    source = fill(
        tmp_path,
        {"ada.ipynb.txt": one, "grace/work.json": one, "linus/work": one, "eve/work.IPYNB": one},
    )
    found = collect(source)
    assert {key: one.problem for key, one in found.items()} == dict.fromkeys(
        ("ada", "grace", "linus", "eve"), ""
    )
    assert found["grace"].notes == ("work.json is a notebook under another ending.",)


def test_another_chapter_is_noted(tmp_path: Path, notebook: Make) -> None:
    """A notebook without any of the checks is graded, and the instructor is told to look."""
    found = collect(fill(tmp_path, {"ada.ipynb": notebook('await check("other", x)')}))
    assert found["ada"].problem == ""
    assert found["ada"].notes == (
        "It checks none of the exercises that count: is it another chapter?",
    )


def test_an_answer_without_its_check_is_no_other_chapter(tmp_path: Path, one: bytes) -> None:
    """The tag of its cell says which exercise it answers, though the check is gone."""
    document = json.loads(one)
    document["cells"][0] |= {"source": "pages = 1", "metadata": {"tags": ["bounded_pages"]}}
    found = collect(fill(tmp_path, {"ada.ipynb": json.dumps(document).encode()}))
    assert found["ada"].notes == ()


@pytest.mark.parametrize(
    "written",
    [("marks.jsonl",), ("grades.csv", "report.html", "marks.json", "feedback/ada.html")],
    ids=["while it runs", "nobody could be graded"],
)
def test_reports_of_an_earlier_run_are_no_submission(
    tmp_path: Path, one: bytes, written: tuple[str, ...]
) -> None:
    """Reports that were written among the submissions are no learner."""
    reports = {f"grades/02_fastapi_basics/{name}": b"{}" for name in written}
    fill(tmp_path, {"ada.ipynb": one, "eve/02.ipynb": one} | reports)
    assert set(collect(tmp_path)) == {"ada", "eve"}


def test_the_output_folder_is_no_submission(tmp_path: Path, one: bytes) -> None:
    """Whatever is in it, and if it is empty."""
    fill(tmp_path, {"ada.ipynb": one, "eve/02.ipynb": one})
    (tmp_path / "out").mkdir()
    for name in ("", "notes.txt", "again.ipynb"):
        if name:
            fill(tmp_path, {f"out/{name}": one})
        found = submissions.gather(tmp_path, STEMS, output=tmp_path / "out")
        assert [found_.owner.name for found_ in found] == ["ada", "eve"]


def test_a_learner_may_hand_in_a_file_called_as_a_report(tmp_path: Path, one: bytes) -> None:
    """A notebook beside it makes it a submission."""
    fill(tmp_path, {"ada/02.ipynb": one, "ada/marks.jsonl": b"", "eve/02.ipynb": one})
    assert set(collect(tmp_path)) == {"ada", "eve"}


def test_a_large_archive_is_told_what_helps(tmp_path: Path, one: bytes) -> None:
    """`--file-mib` is for notebooks and lets no larger archive in."""
    bounds = Bounds(file=handed_in.MIB, archive=handed_in.MIB)
    fill(tmp_path, {"ada.zip": bytes(2 * handed_in.MIB), "eve.ipynb": bytes(2 * handed_in.MIB)})
    fill(tmp_path, {"all.zip": zipped({"ada.zip": bytes(2 * handed_in.MIB), "bob.ipynb": one})})
    expected = "ada.zip: The archive is larger than 1 MiB. Ask for the notebook alone."
    assert collect(tmp_path / "all.zip", bounds)["ada"].problem == expected
    (tmp_path / "all.zip").unlink()
    found = collect(tmp_path, replace(bounds))
    assert found["ada"].problem == expected
    assert "--file-mib" in found["eve"].problem


def test_each_broken_submission_has_a_row_and_a_reason(tmp_path: Path, one: bytes) -> None:
    """Nothing that a learner hands in stops the run or goes missing."""
    fill(
        tmp_path,
        {
            "ada.ipynb": one,
            "broken.ipynb": b'{"nbformat": 4, "cells": [',
            "empty.ipynb": b"",
            "huge.ipynb": b" " * (20 * handed_in.MIB),
            "word/essay.docx": b"PK",
            "packed/work.rar": b"Rar!",
            "printed/02.html": b"<html>",
            "code.py": b"print(1)",
            "damaged.zip": b"PK\x03\x04 nonsense",
            "hollow.zip": zipped({}),
            "twice/a.ipynb": b"",
            "twice/b.ipynb": one,
        },
    )
    (tmp_path / "nobody").mkdir()
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "linked").symlink_to("/etc", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = collect(tmp_path)
    said = {
        "broken": "broken.ipynb: The file is broken JSON (it ends too early)",
        "empty": "empty.ipynb: The file is empty",
        "huge": "huge.ipynb: The file is larger than 16 MiB",
        "word": "essay.docx: It is no notebook",
        "packed": "work.rar: An archive of this kind is not opened",
        "printed": "02.html: It is a printed page",
        "code": "code.py: It is no notebook",
        "damaged": "archive: The archive can't be opened",
        "hollow": "archive: The archive is empty",
        "nobody": "nothing: The folder is empty",
        "link": "link.ipynb: It is a symbolic link",
        "linked": "linked: It is a symbolic link",
        "pipe": "pipe.ipynb: It is no ordinary file",
    }
    assert {key for key, one in found.items() if one.problem} == set(said)
    for key, begins in said.items():
        assert found[key].problem[: len(begins)] == begins
    assert found["ada"].problem == found["twice"].problem == ""
    assert found["twice"].notes == (
        "a.ipynb was left out. The file is empty. Ask the learner to save it and hand it in again.",
    )


def test_paths_in_an_archive_lead_nowhere(tmp_path: Path, one: bytes) -> None:
    """A path out of the archive is a name like any other, and nothing is written."""
    data = zipped({"../../eve/02.ipynb": one, "/ada/02.ipynb": one, "..\\linus\\02.ipynb": one})
    source = fill(tmp_path / "in", {"all.zip": data}) / "all.zip"
    before = sorted(tmp_path.rglob("*"))
    found = collect(source)
    assert set(found) == {"eve", "ada", "linus"}
    assert found["eve"].notes[0] == (
        "Its path in the archive leads out of it; only the name was used."
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_an_archive_are_not_followed(tmp_path: Path, one: bytes) -> None:
    """A link that an archive stores is refused and told."""
    link = zipfile.ZipInfo("eve/02.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ada/02.ipynb", one)
    found = collect(tmp_path / "all.zip")
    assert found["eve"].problem == "02.ipynb: It is a symbolic link, which is not followed."
    assert found["ada"].problem == ""


def test_an_encrypted_archive(tmp_path: Path, one: bytes) -> None:
    """A password is never asked for; the row says what to ask the learner."""
    data = bytearray(zipped({"02.ipynb": one}))
    central = data.index(b"PK\x01\x02")
    for at in (6, central + 8):
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    found = collect(fill(tmp_path, {"ada.zip": bytes(data), "grace.ipynb": one}))
    assert found["ada"].problem == (
        "02.ipynb: The archive is encrypted. Ask for one without a password."
    )


def test_a_damaged_member(tmp_path: Path, one: bytes) -> None:
    """A checksum that does not hold fails one learner only."""
    data = bytearray(zipped({"02.ipynb": one}))
    data[60] ^= 0xFF
    found = collect(fill(tmp_path, {"ada.zip": bytes(data), "grace.ipynb": one}))
    assert "The archive is broken" in found["ada"].problem
    assert found["grace"].problem == ""


def test_bombs_are_defused(tmp_path: Path, one: bytes) -> None:
    """Archives that unpack to far more than they hold are cut off at the bound."""
    bounds = Bounds(file=handed_in.MIB, archive=2 * handed_in.MIB, total=8 * handed_in.MIB)
    bomb = zipped({f"{number}.ipynb": bytes(handed_in.MIB) for number in range(20)})
    big = zipped({"02.ipynb": bytes(50 * handed_in.MIB)})
    fill(tmp_path, {"ada.ipynb": one, "big.zip": big, "bomb.zip": bomb})
    found = collect(tmp_path, bounds)
    assert found["ada"].problem == ""
    assert "larger than 1 MiB" in found["big"].problem
    assert "All files together are larger than 8 MiB" in found["bomb"].problem


def test_nested_archives(tmp_path: Path, one: bytes) -> None:
    """An archive in the class's archive is opened, and one inside that is not."""
    inner = zipped({"02.ipynb": one})
    deep = zipped({"deep.zip": inner})
    source = fill(tmp_path, {"all.zip": zipped({"ada.zip": inner, "eve.zip": deep})}) / "all.zip"
    found = collect(source)
    assert found["ada"].notebook == one
    assert found["eve"].problem == (
        "deep.zip: An archive inside an archive inside an archive is not read."
    )


def test_names_in_an_old_archive(tmp_path: Path, one: bytes) -> None:
    """UTF-8 names are read where the archive does not say that they are UTF-8."""
    data = zipped({"Jürgen/02.ipynb": one, "Ada/02.ipynb": one})
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed = bytearray(data)
        where = changed.find(mark)
        flags = struct.unpack_from("<H", changed, where + at)[0]
        struct.pack_into("<H", changed, where + at, flags & ~0x800)
        data = bytes(changed)
    found = collect(fill(tmp_path, {"all.zip": data}) / "all.zip")
    assert {one.learner for one in found.values()} == {"Jürgen", "Ada"}


def test_too_many_files(tmp_path: Path, one: bytes) -> None:
    """More files than the bound end in a row that says so."""
    fill(tmp_path, {f"learner{number:02}.ipynb": one for number in range(8)})
    found = collect(tmp_path, Bounds(files=5))
    assert len(found) == 6
    assert "more than 5 files" in found["learner05"].problem


def test_an_archive_of_very_many_files(tmp_path: Path, one: bytes) -> None:
    """A list that is longer than the bound is refused before it is read."""
    many = zipped({f"{number}.txt": b"" for number in range(30)})
    found = collect(fill(tmp_path, {"ada.ipynb": one, "eve.zip": many}), Bounds(files=20))
    assert found["eve"].problem == "archive: The archive lists more than 20 files."
    assert found["ada"].problem == ""


def test_who_sends_too_much_goes_without_alone(tmp_path: Path, one: bytes) -> None:
    """An archive that uses up a bound, and is read first by its name, takes it from nobody else."""
    inner = zipped({"02.ipynb": one})
    others = {"bob.ipynb": one, "carl/02.ipynb": one, "dora.zip": inner, "eve/02.zip": inner}
    many = zipped({f"{number}.ipynb": b"" for number in range(18)})
    large = zipped({f"{number}.ipynb": bytes(handed_in.MIB) for number in range(20)})
    bounds = Bounds(file=handed_in.MIB, archive=2 * handed_in.MIB, total=8 * handed_in.MIB)
    for name, bound, archive in (("many", Bounds(files=20), many), ("large", bounds, large)):
        files = {"ada.zip": archive} | others
        folder = fill(tmp_path / name, files)
        packed = fill(tmp_path, {f"{name}.zip": zipped(files)}) / f"{name}.zip"
        for source in (folder, packed):
            found = collect(source, replace(bound))
            assert set(found) == {"ada", "bob", "carl", "dora", "eve"}
            assert [key for key, made in found.items() if made.problem] == ["ada"]


def test_what_is_said_of_very_many_files_is_short(tmp_path: Path, one: bytes) -> None:
    """A learner's thousand files do not make a report that nobody can read."""
    many = zipped({f"{number}.ipynb": b"" for number in range(1000)})
    some = zipped({"02.ipynb": one} | {f"{number}.ipynb": b"" for number in range(1000)})
    found = collect(fill(tmp_path, {"ada.zip": many, "bob.zip": some}))
    assert found["ada"].problem.endswith(" And 980 files more.")
    assert len(found["ada"].problem) < 3000
    assert len(found["bob"].notes) < 30
    assert found["bob"].notebook == one


def test_nobody_hands_in_for_another(tmp_path: Path, one: bytes, three: bytes) -> None:
    """The name that the platform gave is outside; one inside a learner's archive is the learner's."""
    forged = zipped(
        {
            "Bob_777_assignsubmission_file_/02.ipynb": three,
            "bob_777_5_02.ipynb": three,
            "carl_778_6_02.ipynb": three,
        }
    )
    canvas = {"eve_5_6_work.zip": forged, "bob_777_8_02.ipynb": one}
    found = collect(fill(tmp_path / "canvas", canvas))
    assert set(found) == {"canvas-5", "canvas-777"}
    assert found["canvas-777"].notebook == one
    moodle = {
        "Eve_5_assignsubmission_file_/work.zip": forged,
        "Bob_777_assignsubmission_file_a": one,
    }
    found = collect(fill(tmp_path / "moodle", moodle))
    assert set(found) == {"moodle-5", "moodle-777"}
    assert found["moodle-777"].notebook == one


@pytest.mark.parametrize("stem", ["02_fastapi_basics", "lab_2_1_intro"])
def test_a_handed_out_name_may_look_like_canvas(tmp_path: Path, one: bytes, stem: str) -> None:
    """`lab_2_1_intro.ipynb` in everyone's folder, or with a name behind it, is not one learner."""
    file = "lab_2_1_intro.ipynb"
    fill(tmp_path, {f"{name}/{file}": one for name in ("ada", "bob")})
    fill(tmp_path, {f"{stem}_{name}.ipynb": one for name in ("carl", "dora")})
    found = submissions.choose(submissions.gather(tmp_path, [stem]), EXPECTED)
    assert [made.learner for made in found] == ["ada", "bob", "carl", "dora"]
    assert [made.file for made in found][:2] == [file, file]


def test_keys_are_unique(tmp_path: Path, one: bytes) -> None:
    """Two learners whose names differ in case only do not overwrite each other."""
    found = collect(fill(tmp_path, {"ada/02.ipynb": one, "Ada/02.ipynb": one, "a/da.ipynb": one}))
    assert sorted(found) == ["Ada", "a", "ada~2"]


def test_no_submissions(tmp_path: Path) -> None:
    """A folder that is missing, empty or of another kind gets a sentence that says what to do."""
    with pytest.raises(NoSubmissions, match="Name the folder or zip"):
        collect(tmp_path / "missing")
    with pytest.raises(NoSubmissions, match="holds no notebook"):
        collect(tmp_path)
    path = tmp_path / "notes.txt"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(NoSubmissions, match="no folder, no zip archive and no notebook"):
        collect(path)

"""Who handed in a file, from its name."""

from pathlib import PurePosixPath

import pytest

from workbook.grading.file_names import Owner, owner, readable, slug

STEMS = frozenset({"02_fastapi_basics"})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "Ada Lovelace_12345_assignsubmission_file_/02.ipynb",
            Owner("Ada Lovelace", "moodle", "12345", "02.ipynb"),
        ),
        (
            "course.zip/Ada Lovelace_12345_assignsubmission_file/02.ipynb",
            Owner("Ada Lovelace", "moodle", "12345", "02.ipynb"),
        ),
        (
            "Ada Lovelace_12345_assignsubmission_file_02.ipynb",
            Owner("Ada Lovelace", "moodle", "12345", "02.ipynb"),
        ),
        (
            "Anna_Maria O'Neill_7_assignsubmission_onlinetext_/text.html",
            Owner("Anna_Maria O'Neill", "moodle", "7", "text.html"),
        ),
        (
            "lovelaceada_123_456_02.ipynb",
            Owner("lovelaceada", "canvas", "123", "02.ipynb"),
        ),
        (
            "lovelaceada_LATE_123_456_02_fastapi_basics-1.ipynb",
            Owner("lovelaceada", "canvas", "123", "02_fastapi_basics-1.ipynb"),
        ),
        (
            "lovelaceada_123_456_work.zip/inner/02.ipynb",
            Owner("lovelaceada", "canvas", "123", "02.ipynb"),
        ),
        ("ada/02.ipynb", Owner("ada", "", "", "02.ipynb")),
        ("ada/deep/down/02.ipynb", Owner("ada", "", "", "02.ipynb")),
        ("ada.ipynb", Owner("ada", "", "", "ada.ipynb")),
        ("ada.zip/02.ipynb", Owner("ada", "", "", "02.ipynb")),
        ("ada.ipynb.txt", Owner("ada", "", "", "ada.ipynb.txt")),
        ("02_fastapi_basics_ada.ipynb", Owner("ada", "", "", "02_fastapi_basics_ada.ipynb")),
        ("ada-02_fastapi_basics.ipynb", Owner("ada", "", "", "ada-02_fastapi_basics.ipynb")),
        ("02_fastapi_basics.ipynb", Owner("02_fastapi_basics", "", "", "02_fastapi_basics.ipynb")),
    ],
)
def test_owner(path: str, expected: Owner) -> None:
    """The shapes of Moodle, Canvas and of a plain folder."""
    assert owner(PurePosixPath(path), STEMS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada  Lovelace", "Ada Lovelace"),
        ("\x1b[31mAda\x07", "[31mAda"),
        ("evil\u202egpj.ipynb", "evil gpj.ipynb"),
        ("\u0000", "unnamed"),
        ("A" * 500, "A" * 120),
    ],
)
def test_readable(text: str, expected: str) -> None:
    """No control character of a name reaches a terminal or a page."""
    assert readable(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Lovelace", "Ada-Lovelace"),
        ("../../etc/passwd", "etc-passwd"),
        ("Łukasz 張", "Łukasz-張"),
        ("...", "unnamed"),
        ("<img src=x>", "img-src-x"),
    ],
)
def test_slug(text: str, expected: str) -> None:
    """A key can be a part of a file name and leads nowhere."""
    assert slug(text) == expected


@pytest.mark.parametrize("letter", ["a", "é", "張", "\U00020000"])
def test_a_key_fits_a_file_system(letter: str) -> None:
    """A path in an archive may be of any length, and a name of 255 bytes is the most for a file."""
    assert len(slug(letter * 500).encode()) <= 200
    assert set(slug(letter * 500)) == {letter}

"""Names that strangers gave to their files."""

import pytest

from lesson_app.core.file_names import clean_file_name


@pytest.mark.parametrize(
    ("name", "media_type", "clean"),
    [
        ("report.pdf", "application/pdf", "report.pdf"),
        ("Ümläut 世界 🫖.png", "image/png", "Ümläut 世界 🫖.png"),
        ("photo.JPEG", "image/jpeg", "photo.JPEG"),
        # Paths, of any system.
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("/etc/cron.d/job", "text/plain", "job.txt"),
        (r"C:\Windows\system32\evil.txt", "text/plain", "evil.txt"),
        ("..", "text/plain", "file.txt"),
        # What shows nothing, or something else than it is.
        ("a\0b.txt", "text/plain", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "text/plain", "a  Set-Cookie_ x.txt"),
        ("evil\u202egnp.exe", "image/png", "evilgnp.exe.png"),
        ("\u200b\u2066\ufeff.txt", "text/plain", "txt.txt"),
        ("\ud800.txt", "text/plain", "txt.txt"),
        # Windows.
        ("CON", "text/plain", "_CON.txt"),
        ("aux.txt", "text/plain", "_aux.txt"),
        ("name. . .", "text/plain", "name.txt"),
        ('a<b>"c|d?e*f:g.txt', "text/plain", "a_b__c_d_e_f_g.txt"),
        # The ending is that of the type.
        ("setup.exe", "text/plain", "setup.exe.txt"),
        ("page.html", "text/plain", "page.html.txt"),
        # No name at all.
        (None, "image/gif", "file.gif"),
        ("   ", "image/png", "file.png"),
    ],
)
def test_clean_names(name: str | None, media_type: str, clean: str):
    """What is left is one visible line, no path, and ends as its type says."""
    assert clean_file_name(name, media_type) == clean


def test_a_decomposed_name_is_composed():
    """The same name from a Mac and from elsewhere is the same text."""
    assert clean_file_name("Cafe\u0301.txt", "text/plain") == "Caf\u00e9.txt"


@pytest.mark.parametrize("name", ["a" * 300 + ".pdf", "🫖" * 300, "a." + "b" * 300])
def test_a_long_name_fits_into_the_column_and_keeps_its_ending(name: str):
    """255 characters, the ending included."""
    clean = clean_file_name(name, "application/pdf")
    assert (len(clean), clean[-4:]) == (255, ".pdf")

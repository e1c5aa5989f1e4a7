"""What a package brings along, on an environment made of metadata alone."""

from pathlib import Path

import pytest

from workbook.packages import brings, needs

METADATA = {
    "tea-shop": ("1.0", ["Tea_Words>=1", "cup; extra == 'kitchen'", "old; python_version < '3'"]),
    "tea-words": ("2.0", ["letters"]),
    "cup": ("3.0", ["letters", "handle[gold]"]),
    "handle": ("4.0", ["gold-leaf; extra == 'gold'"]),
    "letters": ("5.0", ["tea-words"]),
}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path that holds the metadata of some small packages."""
    for name, (number, lines) in METADATA.items():
        folder = tmp_path / f"{name.replace('-', '_')}-{number}.dist-info"
        folder.mkdir()
        head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {number}\n"
        needed = "".join(f"Requires-Dist: {line}\n" for line in lines)
        extras = "".join(f"Provides-Extra: {one}\n" for one in ("kitchen", "gold"))
        (folder / "METADATA").write_text(head + extras + needed)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shelf")
def test_follows_what_is_asked_for_without_extras() -> None:
    """A line with a marker that does not hold brings nothing."""
    assert brings("tea-shop").names == {"tea-shop", "tea-words", "letters"}


@pytest.mark.usefixtures("shelf")
def test_extra_brings_more_also_of_what_it_brings() -> None:
    """An extra is followed, and so is the extra that a package asks of another one."""
    brought = brings("tea-shop[kitchen]")
    assert [(one.name, one.version, one.depth) for one in brought.packages] == [
        ("tea-shop", "1.0", 0),
        ("cup", "3.0", 1),
        ("handle", "4.0", 2),
        ("gold-leaf", "", 3),
        ("tea-words", "2.0", 1),
        ("letters", "5.0", 2),
    ]


@pytest.mark.usefixtures("shelf")
def test_says_who_wants_a_package() -> None:
    """A package is there once, with all that ask for it; a circle comes to an end."""
    wanted_by = {one.name: one.wanted_by for one in brings("tea-shop[kitchen]").packages}
    assert wanted_by["letters"] == ("tea-words", "cup")
    assert wanted_by["tea-words"] == ("tea-shop", "letters")


def test_unknown_package_is_named_and_not_installed() -> None:
    """What is not installed can still be asked for, and brings nothing that is known."""
    brought = brings("no-such-thing>=2")
    assert [(one.name, one.version) for one in brought.packages] == [("no-such-thing", "")]
    assert needs("no-such-thing") == []


def test_what_is_no_requirement_is_refused() -> None:
    """The error names the text and the place in it."""
    with pytest.raises(ValueError, match="fast api"):
        brings("fast api")


@pytest.mark.usefixtures("shelf")
def test_figure_and_text_say_the_same() -> None:
    """Every package is in the drawing and in its twin, and the alt text counts them."""
    brought = brings("tea-shop[kitchen]")
    for name in brought.names:
        assert f">{name}</tspan>" in brought.html
        assert name in str(brought)
    assert "gold-leaf (not installed)" in str(brought)
    assert "there are 6 packages" in brought.alt
    assert brought.html.count("<svg") == 1

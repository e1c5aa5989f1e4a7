"""Text of a submission, made harmless for a terminal, for XML and for a spreadsheet."""

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_ACTIVE = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that begins with one of these as a formula (OWASP, CSV injection)."""


def plain(text: str) -> str:
    """Text without control characters, other than line ends and tabs.

    Escape sequences move a terminal's cursor and set its title; most control characters have no
    place in XML 1.0; marks of direction make a line read otherwise than it is.
    """
    return "".join(REPLACEMENT if _is_control(character) else character for character in text)


def one_line(text: str, longest: int = 100) -> str:
    """The same in one line, cut to a length."""
    line = " ".join(plain(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def cell(value: object) -> str:
    """A value for a cell of a spreadsheet; text that would be a formula is prefixed with `'`."""
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    text = plain(str(value))
    return f"'{text}" if text.lstrip(" ").startswith(_ACTIVE) else text


def counted(number: int, noun: str) -> str:
    """`1 mark`, `2 marks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_control(character: str) -> bool:
    if character in "\n\t":
        return False
    # Cc: control, Cs: half a pair; and of Cf what changes the direction of a line. U+FFFE and
    # U+FFFF are no characters at all.
    return (
        unicodedata.category(character) in ("Cc", "Cs")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        or character in "\ufffe\uffff"
    )

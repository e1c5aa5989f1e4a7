"""Names of files that come from strangers, made fit to be shown and offered for saving."""

import re
import unicodedata
from pathlib import PurePath

from lesson_app.core.media_types import SUFFIXES

MAX_LENGTH = 255

# Devices on Windows, with any ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def clean_file_name(name: str | None, media_type: str) -> str:
    """Return a name that is one line, no path, and ends as its type says.

    Gone are folders of any system, control characters, and characters that show nothing or turn
    what follows around, so that `evil<U+202E>gnp.exe` is not shown as `evilexe.png`. It is still
    only a label: the shop never opens a file by it.

    Args:
        name: what the client called the file, if it did.
        media_type: what the file is, one of those in `SUFFIXES`.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name or ""))[-1]
    visible = "".join(" " if char.isspace() else char for char in last if _shows(char))
    # Windows takes off dots and spaces at the end, and reads "<>:|?* as anything but themselves.
    plain = re.sub(r'["<>:|?*]', "_", visible).strip(" .")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    suffix = PurePath(plain).suffix
    if suffix.lower() in SUFFIXES[media_type]:
        plain = plain.removesuffix(suffix)
    else:
        suffix = SUFFIXES[media_type][0]
    return (plain or "file")[: MAX_LENGTH - len(suffix)] + suffix


def _shows(char: str) -> bool:
    # C: control, format, surrogate, private, unassigned. A tab or a line break becomes a space.
    return char.isspace() or not unicodedata.category(char).startswith("C")

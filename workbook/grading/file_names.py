"""Who handed in a file, read from the name that a learning platform gave it.

Moodle: `Ada Lovelace_12345_assignsubmission_file_/answer.ipynb`, or the same without a folder.
Canvas: `lovelaceada_123_456_answer.ipynb`, with `_LATE` after the name if it was late.
Anything else: the folder that the file stands in, or else the file's own name.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)"
)
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)")
_EDGES = " ._-"
_LONGEST_KEY = 200
"""Bytes; a file system takes names of 255, and an ending follows."""


@dataclass(frozen=True)
class Owner:
    """Who handed in a file.

    Attributes:
        name: as the platform writes it.
        platform: `moodle`, `canvas`, or empty.
        number: the platform's number of the learner, or empty.
        file: the file's name as the learner gave it.
    """

    name: str
    platform: str
    number: str
    file: str

    @property
    def key(self) -> str:
        """What names the learner in a run: safe as a part of a file name."""
        return f"{self.platform}-{self.number}" if self.platform else slug(self.name)


def owner(
    path: PurePosixPath, stems: frozenset[str] = frozenset(), *, inside: bool = True
) -> Owner:
    """Who handed in the file at that path, which is relative to the folder of submissions.

    The outermost name that a platform gave counts: what lies further in, a learner has named.

    Args:
        path: where the file stands; `archive.zip/inner.ipynb` for one inside an archive.
        stems: names that notebooks were handed out under; no part of a learner's name.
        inside: whether the first part may be a folder or archive around what Canvas named.
    """
    for level, part in enumerate(path.parts):
        if found := _MOODLE.fullmatch(part):
            name, number, rest = found["name"], found["id"], found["rest"]
            return Owner(readable(name), "moodle", number, rest or path.name)
        if (inside or level == 0) and (found := of_canvas(part, stems)):
            file = found["rest"] if part == path.name else path.name
            return Owner(readable(found["name"]), "canvas", found["id"], file)
    first = path.parts[0]
    if len(path.parts) == 1 or first.lower().endswith(".zip"):
        first = re.sub(r"(\.ipynb|\.zip|\.json|\.txt|\.py)+$", "", first, flags=re.IGNORECASE)
        for stem in sorted(stems, key=len, reverse=True):
            first = first.replace(stem, "").strip(_EDGES) or first
    return Owner(readable(first), "", "", path.name)


def of_canvas(part: str, stems: frozenset[str]) -> re.Match[str] | None:
    """The parts of a name as Canvas gives it; a handed-out `lab_2_1_intro.ipynb` is none."""
    return None if part.startswith(tuple(stems)) else _CANVAS.fullmatch(part)


def readable(text: str, longest: int = 120) -> str:
    """Text from a file name without anything that a terminal or a page could obey."""
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else " " for c in plain)
    return " ".join(kept.split())[:longest] or "unnamed"


def slug(text: str) -> str:
    """Text as a part of a file name: letters of any script, digits, `.`, `_` and `-`."""
    kept = re.sub(r"[^\w.-]+", "-", readable(text, 80))
    short = kept.encode()[:_LONGEST_KEY].decode(errors="ignore")
    return short.strip(_EDGES) or "unnamed"

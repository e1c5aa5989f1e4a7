"""A notebook as it was handed in, brought into the one form that the grader reads.

That form is UTF-8, format 4, every cell with a type, a source and metadata. What is in it already
stays as it is, byte for byte.
"""

import codecs
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbook.cells import Cell, NotANotebook, parse_cells
from workbook.chapters import checks_in

_BYTE_ORDER_MARKS = (
    # The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DEEPEST = 60
"""Levels of nesting; a notebook with outputs has about ten."""


@dataclass(frozen=True)
class Notebook:
    """A notebook that can be graded.

    Attributes:
        data: UTF-8 JSON in format 4.
        notes: what was done to the file to make it so.
    """

    data: bytes
    notes: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells, in order."""
        return parse_cells(self.data.decode(), "the notebook")

    @cached_property
    def checks(self) -> frozenset[str]:
        """The ids of the exercises that its cells check."""
        code = (cell.source for cell in self.cells if cell.kind == "code")
        return frozenset(one for source in code for one in checks_in(source))


def read_notebook(data: bytes) -> Notebook:
    """Read a file's bytes.

    Raises:
        NotANotebook: it can't be read; the message says why and what to ask the learner for.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise NotANotebook("The file is empty. Ask the learner to save it and hand it in again.")
    text, notes = _decode(data)
    document = _load(text)
    if not isinstance(document, dict) or not {"cells", "worksheets", "nbformat"} & set(document):
        raise NotANotebook("The file is JSON, but no notebook: it has no cells.")
    version = document.get("nbformat", 4)
    if type(version) is not int or not 1 <= version <= 4:
        raise NotANotebook(
            f"The notebook is of format {str(version)[:20]}; formats 1 to 4 are known. "
            "Ask the learner to save it with Jupyter."
        )
    if version < 4:
        document, text = _convert(text, version), ""
        notes.append(f"It was converted from format {version} to 4.")
    mended = _mended(document)
    if mended != document:
        text = ""
        if version == 4:
            notes.append("It broke the rules of its format in places, and was mended.")
    if text and not notes:
        return Notebook(data)
    return Notebook(text.encode() if text else json.dumps(mended).encode(), tuple(notes))


def join(notebooks: list[Notebook]) -> Notebook:
    """One notebook of the cells of several, one after the other."""
    cells: list[dict[str, Any]] = []
    for one in notebooks:
        # Ids repeat from one notebook to the next, and no two cells may share one.
        cells += [_without_id(cell) for cell in json.loads(one.data)["cells"]]
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    notes = tuple(note for one in notebooks for note in one.notes)
    return Notebook(json.dumps(document).encode(), notes)


def _decode(data: bytes) -> tuple[str, list[str]]:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    notes = [] if encoding == "utf-8" else [f"It was saved as {encoding.upper()}."]
    try:
        return data.decode(encoding), notes
    except UnicodeDecodeError:
        # Every byte is a character in Latin-1: the code survives, an accent may not.
        return data.decode("latin-1"), ["It is not in UTF-8 and was read as Latin-1."]


def _load(text: str) -> Any:
    try:
        document = json.loads(text)
        if _too_deep(document):
            raise RecursionError
    except json.JSONDecodeError as error:
        end = "it ends too early" if error.pos >= len(text.rstrip()) else f"line {error.lineno}"
        raise NotANotebook(
            f"The file is broken JSON ({end}). Ask the learner to save it and hand it in again."
        ) from None
    except (RecursionError, ValueError, MemoryError):
        raise NotANotebook("The file is JSON of a shape that no notebook has.") from None
    return document


def _too_deep(document: Any) -> bool:
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _convert(text: str, version: int) -> dict[str, Any]:
    import nbformat  # it takes longer to import than a notebook to grade, and is seldom needed

    try:
        converted: Any = nbformat.reader.reads(text)
        document = json.loads(json.dumps(nbformat.convert(converted, 4)))
        # The ids that it makes up are drawn at random; without them equal files stay equal.
        return document | {"nbformat_minor": 4, "cells": [*map(_without_id, document["cells"])]}
    except Exception as error:  # noqa: BLE001 - it raises whatever a hostile file makes it trip over
        raise NotANotebook(
            f"The notebook of format {version} can't be converted ({type(error).__name__}). "
            "Ask the learner to save it with a Jupyter of today."
        ) from None


def _without_id(cell: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key != "id"}


def _mended(document: dict[str, Any]) -> dict[str, Any]:
    """The same notebook with what is missing or of a wrong type replaced."""
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise NotANotebook("The file is JSON, but no notebook: it has no cells.")
    return document | {
        "nbformat": 4,
        "cells": [_mended_cell(cell) for cell in cells if isinstance(cell, dict)],
    }


def _mended_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kind, source, metadata = (cell.get(key) for key in ("cell_type", "source", "metadata"))
    if not isinstance(source, str):
        lines = source if isinstance(source, list) else []
        source = [line for line in lines if isinstance(line, str)]
    metadata = metadata if isinstance(metadata, dict) else {}
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        metadata = metadata | {"tags": []}
    mended = cell | {
        "cell_type": kind if kind in ("code", "markdown", "raw") else "raw",
        "source": source,
        "metadata": metadata,
    }
    return mended if isinstance(cell.get("id", ""), str) else _without_id(mended)

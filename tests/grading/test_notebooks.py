"""Notebooks as they were handed in: old, odd, broken and hostile ones."""

import json

import nbformat
import pytest
from nbformat.v3 import new_code_cell, new_notebook, new_worksheet

from workbook.cells import NotANotebook
from workbook.grading.notebooks import join, read_notebook


def sources(data: bytes) -> list[str]:
    """The code of every cell, as the grader reads it."""
    return [cell.source for cell in read_notebook(data).cells]


def test_a_sound_notebook_stays_as_it_is(notebook) -> None:
    """Not a byte changes, and there is nothing to say."""
    data = notebook("a = 1", 'await check("bounded_pages", pages)')
    read = read_notebook(data)
    assert (read.data, read.notes) == (data, ())
    assert read.checks == {"bounded_pages"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark(notebook, encoding: str) -> None:
    """An editor that saved in another encoding costs nothing."""
    read = read_notebook(notebook("name = 'Łukasz'").decode().encode(encoding))
    assert read.cells[0].source == "name = 'Łukasz'"
    assert read.notes == (f"It was saved as {encoding.upper()}.",)
    assert json.loads(read.data.decode("utf-8"))["nbformat"] == 4


def test_latin_1(notebook) -> None:
    """Bytes that are no UTF-8 are read as Latin-1, and that is said."""
    data = json.dumps(json.loads(notebook("x = 'café'")), ensure_ascii=False).encode("latin-1")
    read = read_notebook(data)
    assert read.cells[0].source == "x = 'café'"
    assert read.notes == ("It is not in UTF-8 and was read as Latin-1.",)


def test_format_3_is_converted() -> None:
    """A notebook from before 2015 is read, and the same file gives the same bytes each time."""
    old = new_notebook(worksheets=[new_worksheet(cells=[new_code_cell("a = 1")])])
    data = nbformat.v3.writes_json(old).encode()
    read = read_notebook(data)
    assert [cell.source for cell in read.cells] == ["a = 1"]
    assert read.notes == ("It was converted from format 3 to 4.",)
    assert read.data == read_notebook(data).data


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({"cell_type": "code", "source": "a = 1"}, "a = 1"),
        (
            {"cell_type": "code", "source": ["a = 1\n", 7, "b = 2"], "metadata": None},
            "a = 1\nb = 2",
        ),
        ({"cell_type": "code", "source": None, "metadata": {}}, ""),
        ({"cell_type": [], "source": "x", "metadata": {"tags": [{}]}}, "x"),
        ({"cell_type": "code", "id": 7, "source": "x", "metadata": {"tags": "setup"}}, "x"),
    ],
)
def test_cells_that_break_the_format_are_mended(notebook, cell: dict, expected: str) -> None:
    """What is missing or of a wrong type is replaced, and that is said."""
    read = read_notebook(notebook(cells=[cell, "no cell"]))
    assert [cell.source for cell in read.cells] == [expected]
    assert read.notes == ("It broke the rules of its format in places, and was mended.",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b" \n\0", "The file is empty"),
        (b'{"nbformat": 4, "cells": [', "it ends too early"),
        (b'{"nbformat": 4,\n"cells" []}', "line 2"),
        (b"[1, 2]", "no notebook"),
        (b'"cells"', "no notebook"),
        (b'{"name": "ada"}', "no notebook"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"nbformat": 4, "cells": {}}', "no cells"),
        (b'{"nbformat": 5, "cells": []}', "of format 5"),
        (b'{"nbformat": "4", "cells": []}', "of format 4"),
        (b'{"nbformat": true, "cells": []}', "of format True"),
        (b'{"nbformat": 3, "worksheets": 7}', "can't be converted"),
        (b'{"nbformat": 2, "worksheets": [{"cells": [1]}]}', "can't be converted"),
        (b"[" * 200_000, "shape that no notebook has"),
        (b'{"nbformat": 4, "cells": ' + b"[" * 500 + b"]" * 500 + b"}", "shape"),
        (b'{"nbformat": ' + b"9" * 5000 + b', "cells": []}', "shape"),
        (b"PK\x03\x04 not JSON", "broken JSON"),
        (bytes(range(128, 256)), "broken JSON"),
    ],
)
def test_what_can_not_be_read_is_told(data: bytes, said: str) -> None:
    """Each broken file gets a sentence, whatever is in it."""
    with pytest.raises(NotANotebook, match=said):
        read_notebook(data)


def test_join(notebook) -> None:
    """The cells of two notebooks follow each other, and none is lost for having the same id."""
    both = join([read_notebook(notebook("a = 1", "b = 2")), read_notebook(notebook("c = 3"))])
    assert sources(both.data) == ["a = 1", "b = 2", "c = 3"]
    assert len({cell.id for cell in both.cells}) == 3


@pytest.mark.parametrize(
    "trap",
    ["x = " + "+".join(["a"] * 20_000), "x = " + "-" * 50_000 + "1", "x = '\ud800'", "x = 'a\0b'"],
    ids=["sum", "signs", "half a character", "null"],
)
def test_code_that_the_parser_gives_up_over_hides_no_other_check(notebook, trap: str) -> None:
    """It is read in the instructor's own process, before anything else runs: nothing is raised."""
    read = read_notebook(notebook(trap, 'await check("bounded_pages", pages)'))
    assert read.checks == {"bounded_pages"}

"""Same answers are found whatever they are called; what proves nothing is left out."""

import pytest

from workbook.grading.reports.similarity import alike, normalised

ANSWER = '''\
@pages.get("/items/{item_id}")
async def read_page(item_id: int, limit: int = 10) -> list[int]:
    """Read a page."""
    found = [number for number in ITEMS if number > item_id]
    return found[:limit]
'''
RENAMED = """\
# my own work
@pages.get("/items/{n}")
async def my_function(n: int, most: int = 10) -> list[int]:
    result = [
        i for i in ITEMS if i > n
    ]
    return result[:most]
"""
OTHER = ANSWER.replace("found[:limit]", "found[0:limit]")


def test_names_comments_and_layout_do_not_matter() -> None:
    """A copy with other names, in another layout, without the docstring, is the same."""
    assert normalised(ANSWER) == normalised(RENAMED)
    assert normalised(ANSWER) != normalised(OTHER)


def test_other_names_of_libraries_do_matter() -> None:
    """What the code does not make itself keeps its name."""
    assert normalised(ANSWER) != normalised(ANSWER.replace("pages.get", "pages.put"))
    assert normalised(ANSWER) != normalised(ANSWER.replace("ITEMS", "OTHERS"))


@pytest.mark.parametrize("code", ["", "order = 'G D J'", "def f(:", "\0", "(" * 5000])
def test_what_can_not_be_compared(code: str) -> None:
    """Short answers and such as are no Python are left out."""
    assert normalised(code) is None


def test_groups(mark) -> None:
    """Those who share an answer stand together, with how many answers there were."""
    marks = [
        mark("ada", answer=ANSWER, pages="+"),
        mark("eve", answer=RENAMED, pages="+"),
        mark("kim", answer=OTHER, pages="+"),
        mark("lee", answer="x = 1", pages="-"),
        mark("sam"),
    ]
    (group,) = alike(marks, {})
    assert (group.exercise, group.learners, group.of) == ("pages", ("ada", "eve"), 3)
    assert group.answer == ANSWER


def test_given_code_is_nobodys(mark) -> None:
    """A starter that was left as it is, and the published solution, are no copies."""
    marks = [mark("ada", answer=ANSWER, pages="+"), mark("eve", answer=RENAMED, pages="+")]
    assert alike(marks, {"pages": ["x = 1", ANSWER]}) == []

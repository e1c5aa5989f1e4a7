"""What is read from a notebook before anything runs."""

import pytest

from workbook import chapters
from workbook.exercise import find
from workbook.grading.plan import (
    CodeCell,
    answer_code,
    checkpoints,
    is_starter,
    without_checks,
)

PAGES = find("bounded_pages")


def _cells(*sources: str, tags: frozenset[str] = frozenset()) -> list[CodeCell]:
    return [CodeCell(number, source, tags) for number, source in enumerate(sources, 1)]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('await check("bounded_pages", app)', ""),
        ('await check("a", x)\ncheck("b", value=y)\nr = await check("c", f(z))', ""),
        ("# nothing but words", ""),
        ('app = 1\nawait check("a", app)', 'app = 1\nawait check("a", app)'),
        ("check = 1", "check = 1"),
        ('await other("a", x)', 'await other("a", x)'),
    ],
)
def test_a_cell_of_checks_is_not_run(source: str, left: str) -> None:
    """A cell that does nothing but check is the grader's business; any other one runs."""
    assert without_checks(source) == left


@pytest.mark.parametrize(
    ("check", "expression"),
    [
        ('await check("bounded_pages", shop.app)', "shop.app"),
        ('await check("bounded_pages", value=app)', "app"),
        ("await check('bounded_pages', 'C A B')", "'C A B'"),
        ('result = await check("bounded_pages", make(1))', "make(1)"),
    ],
)
def test_what_is_checked_may_be_any_expression(check: str, expression: str) -> None:
    """A name, an attribute, a text, a call: it is what the learner passes."""
    place = checkpoints(_cells("x = 1", check), [PAGES])["bounded_pages"]
    assert (place.after, place.expression, place.note) == (2, expression, "")


def test_the_last_check_counts() -> None:
    """A second check of an exercise takes the place of the first, and is noted."""
    cells = _cells('check("bounded_pages", a)', "b = 1", 'check("bounded_pages", b)')
    place = checkpoints(cells, [PAGES])["bounded_pages"]
    assert (place.after, place.expression) == (3, "b")
    assert "more than once" in place.note


def test_a_check_that_is_gone_stands_after_the_cells_of_its_exercise() -> None:
    """The name is the chapter's; the place is the last cell with the exercise's tag, or the end."""
    tagged = _cells("bounded_pages = 1", tags=frozenset({"bounded_pages"}))
    place = checkpoints([*tagged, *_cells("x = 1")], [PAGES])["bounded_pages"]
    assert (place.after, place.expression) == (1, "bounded_pages")
    assert "The check of it is gone" in place.note
    handed_out = {"bounded_pages": "my_pages"}
    assert checkpoints(tagged, [PAGES], handed_out)["bounded_pages"].expression == "my_pages"
    assert checkpoints(_cells("a = 1", "b = 2"), [PAGES])["bounded_pages"].after == 2


def test_the_code_of_an_answer_is_what_binds_and_extends_its_name() -> None:
    """The last cell that makes the app and what is added to it later; not an earlier try."""
    cells = _cells("app = 1", "app = 2\nx = 1", "y = 3", "@app.get('/')\ndef f(): ...", "g(app)")
    assert answer_code(cells, "app") == "app = 2\nx = 1\n@app.get('/')\ndef f(): ..."
    assert answer_code(cells, "missing") is None
    assert answer_code(cells, "'C A B'") is None


def test_a_starter_is_known_by_its_code() -> None:
    """Comments and layout do not make an answer of what was given."""
    code = chapters.starter_code("bounded_pages", 2)
    assert is_starter(PAGES, f"# my answer\n{code}\n\n")
    assert not is_starter(PAGES, f"{code}\nx = 1")
    assert not is_starter(PAGES, None)

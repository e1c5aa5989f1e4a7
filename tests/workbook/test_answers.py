"""Finding the cells in which an answer was made."""

from types import SimpleNamespace

import pytest

from workbook import answers
from workbook.answers import same_code, source_of

APP = object()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["app = make()"], "app = make()"),
        (["app = old()", "app = make()"], "app = make()"),
        (["app = make()", "other = 1", "app.add()"], "app = make()\napp.add()"),
        (["app: App = make()"], "app: App = make()"),
        (["class app: ..."], "class app: ..."),
        (["app = make()", 'check("pages", app)'], "app = make()"),
        (["other = 1"], None),
        (["%time app = make()", "app.add()"], None),
    ],
)
def test_the_last_cell_that_binds_the_name(
    cells: list[str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the last binding on, every cell that builds on the name belongs to the answer."""
    shell = SimpleNamespace(user_ns={"In": cells, "app": APP, "_": APP})
    monkeypatch.setattr(answers, "get_ipython", lambda: shell)
    assert source_of(APP) == expected


def test_outside_a_notebook_there_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a shell the source is unknown."""
    monkeypatch.setattr(answers, "get_ipython", lambda: None)
    assert source_of(APP) is None


def test_comments_and_layout_do_not_count() -> None:
    """Code is compared by its syntax tree, or word by word when it has none."""
    assert same_code("a = 1  # one", "a=1")
    assert not same_code("a = 1", "a = 2")
    assert same_code("a = ", "a =")
    assert not same_code("a = ", "a = 1")

"""A prediction and what became of it."""

import pytest

from workbook.predictions import predict


def test_question_asks_for_a_letter() -> None:
    """Without a letter the card says where to write it."""
    text = repr(predict("How long?", a="short", b="long"))
    assert "How long?" in text
    assert "  a  short" in text
    assert 'Write your letter into `mine=""`' in text


@pytest.mark.parametrize(
    ("mine", "title"),
    [("a", "As you predicted"), (" B ", "Not as you predicted"), ("z", "You made no prediction")],
)
def test_comparison_says_whether_it_held(mine: str, title: str) -> None:
    """What happened is told in every case, with the reason."""
    text = repr(predict("How long?", mine=mine, a="short", b="long").compare("a", "Because."))
    assert text.startswith(title)
    assert "It happened: a, short." in text
    assert text.endswith("Because.")


def test_page_at_fault_raises() -> None:
    """A key that is no option, or a single option, is an author's mistake."""
    with pytest.raises(ValueError, match="'c' is none of a, b"):
        predict("?", a="1", b="2").compare("c")
    with pytest.raises(ValueError, match="at least two"):
        predict("?", a="1")

"""Difficulty, discrimination and common mistakes, against figures worked out by hand."""

import math
from collections import Counter

import pytest

from workbook.grading.reports.statistics import (
    Item,
    Mistake,
    common_mistakes,
    exercise_items,
    requirement_items,
    summary,
)


def test_difficulty_is_the_mean_share(mark) -> None:
    """Three quarters of the points of an exercise were earned: p is 0.75."""
    marks = [mark("ada", first="++", second="+"), mark("eve", first="+-", second="-")]
    first, second = exercise_items(marks)
    assert (first.difficulty, second.difficulty) == (0.75, 0.5)
    assert first.outcomes == Counter({"passed": 1, "not yet": 1})


def test_discrimination_leaves_the_item_itself_out(mark) -> None:
    """The corrected point-biserial correlation of a small class, computed by hand."""
    marks = [
        mark("a", first="+", rest="+++"),
        mark("b", first="+", rest="++-"),
        mark("c", first="-", rest="+--"),
        mark("d", first="-", rest="++-"),
    ]
    first = exercise_items(marks)[0]
    # Item 1 1 0 0 against rest 3 2 1 2: covariance 1 / (1 * sqrt 2).
    assert first.discrimination == pytest.approx(1 / math.sqrt(2))
    assert requirement_items(marks)[0].discrimination == pytest.approx(1 / math.sqrt(2))
    assert first.remark == "With 4 learners the correlation means nothing."


def test_no_correlation_without_variance(mark) -> None:
    """Where all earned the same there is no correlation, and the remark says so."""
    item = exercise_items([mark("a", first="+", rest="+"), mark("b", first="+", rest="-")])[0]
    assert item.discrimination is None
    assert item.remark == "All earned the same, so it tells nobody apart."


@pytest.mark.parametrize(
    ("discrimination", "said"), [(-0.1, "read it once more"), (0.1, "hardly"), (0.5, "strong")]
)
def test_remarks(discrimination: float, said: str) -> None:
    """With enough learners the figure is put in words."""
    assert said in Item("x", 40, 0.5, discrimination, Counter()).remark


def test_messages_are_grouped_without_their_values(mark) -> None:
    """Messages that differ in what was drawn are one mistake; a single one is none."""
    marks = [
        mark("ada", message="Expected 12, got 'tea'.", first="-"),
        mark("eve", message="Expected 7, got 'cup'.", first="-"),
        mark("kim", message="Something else.", first="!"),
        mark("lee", message="not run", first="!"),
        mark("sam", message="not run", first="!"),
    ]
    assert common_mistakes(marks) == [
        Mistake("first", "rule 1", "Expected 12, got 'tea'.", ("ada", "eve"))
    ]


def test_summary(mark) -> None:
    """The mean, the median and the ends of the class's points; nothing for nobody."""
    marks = [mark("a", x="+++"), mark("b", x="+--"), mark("c", x="++-")]
    found = summary(marks)
    assert found is not None
    assert (found.learners, found.mean, found.median, found.lowest, found.highest) == (
        3,
        2,
        2,
        1,
        3,
    )
    assert summary([]) is None

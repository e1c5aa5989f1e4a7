"""Questions: the form, the answer, and when they come back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbook import quizzes, records
from workbook.quizzes import Option, Question, questions, quiz, review


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Question:
    """A question of the tests' own, and fresh progress."""
    questions()
    monkeypatch.setattr(quizzes, "_registry", dict(quizzes._registry))
    monkeypatch.setattr(records, "_in_memory", records.Progress())
    monkeypatch.chdir(tmp_path)
    return Question(
        "test_question",
        section="2.1",
        prompt="Why is `await` needed?",
        options={"a": Option("It waits.", "It lets others run."), "b": Option("It parses.", "No.")},
        answer="a",
    )


def test_form_needs_no_script(question: Question) -> None:
    """Every option opens to a reason, without JavaScript."""
    html = quiz("test_question")._repr_mimebundle_()["text/html"]
    assert html.count("<details>") == 2
    assert "<script" not in html
    assert "✓ Right. It lets others run." in html
    assert "✗ Not this one. No." in html
    assert "<code>await</code>" in html


def test_answer_is_judged_and_remembered(question: Question) -> None:
    """A letter is told right or not, with the reason and the section."""
    assert repr(quiz("test_question", answer="b")).startswith("Not quite")
    assert "section 2.1" in repr(quiz("test_question", answer="b"))
    assert repr(quiz("test_question", answer=" A ")).startswith("Right")
    assert records.load().of("question/test_question").attempts == 3


def test_mistakes_in_the_call_are_said(question: Question) -> None:
    """Unknown ids, letters that are no option and several at once are cards."""
    assert "Did you mean `test_question`?" in repr(quiz("test_questio"))
    assert "The options are a, b." in repr(quiz("test_question", answer="x"))
    assert "One at a time" in repr(quiz("test_question", "test_question", answer="a"))


def test_review_brings_it_back_after_a_day(question: Question) -> None:
    """A question answered yesterday is due, one answered now is not."""
    quiz("test_question", answer="a")
    assert "Nothing to review today" in repr(review())
    record = records.load().records["question/test_question"]
    record.last_tried = (datetime.now(UTC) - timedelta(days=1, minutes=1)).isoformat()
    assert "Why is `await` needed?" in repr(review())
    record.attempts = 2
    assert "Nothing to review today" in repr(review())


def test_ids_and_answers_are_checked() -> None:
    """An answer that is no option, or an id that is taken, is an author's mistake."""
    with pytest.raises(ValueError, match="'c' is none of a"):
        Question("q", section="1", prompt="?", options={"a": Option("1", "2")}, answer="c")


@pytest.mark.anyio
@pytest.mark.parametrize("known", questions().values(), ids=lambda known: known.id)
async def test_stored_keys_are_true(known: Question) -> None:
    """Where code can answer a question, it gives the stored letter; each option has a reason."""
    assert all(option.text and option.why for option in known.options.values())
    if known.proof is not None:
        assert await known.proof() == known.answer

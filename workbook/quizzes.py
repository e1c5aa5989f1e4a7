"""Questions that a reader answers in JupyterLab and in the HTML alike.

The form is made of `<details>` elements: it needs no script, works offline, by keyboard and
with a screen reader, and gives a reason for every option. `jupyterquiz` was looked at (2.9.6):
its options are labels that only react to a mouse click in a script.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from workbook import records
from workbook.cards import Card, card, inline, notice

_AFTER = (timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=21))
"""How long after its last answer a question is due again, by the number of answers so far."""


@dataclass(frozen=True)
class Option:
    """One option: what it says, and why it is right or wrong."""

    text: str
    why: str


class Question:
    """A multiple-choice question; making one registers it.

    Args:
        id: its name for ever.
        section: the key of the section it asks about: `"2.1"`.
        prompt: the question; asks why rather than whether.
        options: by letter.
        answer: the letter of the right one.

    Attributes:
        proof: an async function that runs the thing asked about and returns the right letter;
            None for a question that no code can answer.

    Raises:
        ValueError: for an id that is taken, or an answer that is no option.
    """

    def __init__(
        self,
        id: str,
        *,
        section: str,
        prompt: str,
        options: Mapping[str, Option],
        answer: str,
    ) -> None:
        if id in _registry:
            raise ValueError(f"a question called {id!r} exists; ids are never used twice")
        if answer not in options:
            raise ValueError(f"{id}: {answer!r} is none of {', '.join(options)}")
        self.id, self.section, self.prompt = id, section, prompt
        self.options, self.answer = dict(options), answer
        self.proof: Callable[[], Awaitable[str]] | None = None
        _registry[id] = self

    def proven_by(self, function: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
        """Decorate the function that computes the right letter."""
        self.proof = function
        return function

    @property
    def progress_id(self) -> str:
        """The key of its record in the progress file."""
        return f"question/{self.id}"


_registry: dict[str, Question] = {}


def questions() -> dict[str, Question]:
    """Every question by id, in the book's order."""
    import workbook.questions as package

    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        import_module(f"{package.__name__}.{module.name}")
    return dict(_registry)


def quiz(*ids: str, answer: str | None = None) -> Card:
    """Show questions; open an option to see whether it is right, and why.

    Args:
        ids: the questions' ids.
        answer: your letter, for a single question; it is remembered for `review()`.
    """
    known = questions()
    if unknown := [name for name in ids if name not in known]:
        alike = get_close_matches(unknown[0], known, n=2)
        return notice(
            "Unknown question",
            f"There is no question called `{unknown[0]}`."
            + (f" Did you mean `{alike[0]}`?" if alike else ""),
            kind="ask",
        )
    if answer is not None and len(ids) == 1:
        return _judged(known[ids[0]], answer)
    if answer is not None:
        return notice("One at a time", 'Answer one question: `quiz("id", answer="a")`.', kind="ask")
    return _form([known[name] for name in ids])


def review(limit: int = 3) -> Card:
    """Ask again what was answered some days ago: after 1, 3, 7 and 21 days.

    Args:
        limit: how many questions to show.
    """
    known = records.load()
    now = datetime.now(UTC)
    due = [
        question
        for question in questions().values()
        if _is_due(known.of(question.progress_id), now)
    ]
    if not due:
        return notice(
            "Nothing to review today",
            "Questions that you answer with `quiz(id, answer=…)` come back after 1, 3, 7 and 21 days.",
        )
    return _form(due[:limit])


def _is_due(record: records.Record, now: datetime) -> bool:
    if not record.last_tried:
        return False
    wait = _AFTER[min(record.attempts, len(_AFTER)) - 1]
    return now - datetime.fromisoformat(record.last_tried) >= wait


def _judged(question: Question, answer: str) -> Card:
    letter = answer.strip().lower()
    if letter not in question.options:
        letters = ", ".join(question.options)
        return notice("No such option", f"The options are {letters}.", kind="ask")
    right = letter == question.answer
    outcome = "passed" if right else "not yet"
    known = records.update(question.progress_id, records.note_check(outcome, int(right)))
    chosen = question.options[letter]
    return notice(
        "Right" if right else "Not quite",
        question.prompt,
        f"{letter}: {chosen.text}",
        chosen.why,
        "" if right else f"It is taught in section {question.section}.",
        known.trouble,
        kind="passed" if right else "not-yet",
    )


def _form(shown: list[Question]) -> Card:
    html, text = [], []
    for number, question in enumerate(shown, 1):
        options = "".join(
            f"<li><details><summary><b>{letter}</b> {inline(option.text)}</summary>"
            f"<p>{'✓ Right.' if letter == question.answer else '✗ Not this one.'} "
            f"{inline(option.why)}</p></details></li>"
            for letter, option in question.options.items()
        )
        html.append(
            f"<p><b>{number}.</b> {inline(question.prompt)}</p>"
            f'<ul style="list-style:none;padding-left:.5rem">{options}</ul>'
        )
        text.append(f"{number}. {question.prompt}")
        text += [f"   {letter}  {option.text}" for letter, option in question.options.items()]
        text.append(f'   quiz("{question.id}", answer="…")')
    html.append("<p>Answer in your head, then open the option to see whether it holds.</p>")
    return card("Questions", body="".join(html), text="\n".join(text), kind="ask")

"""The words that a lesson uses: check, hint, starter, solution, arrange, progress, next_up, review.

None of them raises in a lesson: what went wrong is said on a card. With `WORKBOOK_STRICT=1`
a check that does not pass raises, which is how the solution notebooks are verified.
"""

import os
from collections.abc import Generator
from html import escape
from typing import Any

from IPython.core.getipython import get_ipython

from workbook import chapters, records
from workbook.adapters import WrongKind
from workbook.answers import same_code, source_of
from workbook.cards import Card, card, inline, notice
from workbook.exercise import Exercise, UnknownExercise, exercises, find
from workbook.findings import Outcome, Result
from workbook.judging import examine

_NOTHING: Any = object()


class NotPassed(AssertionError):
    """Raised in place of a card when `WORKBOOK_STRICT=1` is set."""


class Check:
    """A check that has not run yet; `await` runs it."""

    def __init__(self, id: str, value: Any, seed: int | None) -> None:
        self._id, self._value, self._seed = id, value, seed
        self._awaited = False

    def __await__(self) -> Generator[Any, None, Result | Card]:
        self._awaited = True
        return self._run().__await__()

    async def _run(self) -> Result | Card:
        shown = await _check(self._id, self._value, self._seed)
        passed = isinstance(shown, Result) and shown.outcome is Outcome.PASSED
        if not passed and os.environ.get("WORKBOOK_STRICT") == "1":
            raise NotPassed(str(shown))
        return shown

    def _forgotten(self) -> Card:
        return notice(
            "The check has not run yet",
            f'Write `await` before it: `await check("{self._id}", …)`.',
            kind="ask",
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._forgotten().bundle()

    def __repr__(self) -> str:
        return self._forgotten().text


def check(id: str, value: Any = _NOTHING, *, seed: int | None = None) -> Check:
    """Check an answer: `await check("bounded_pages", pages_app)`.

    Args:
        id: the exercise's id.
        value: what you made: an app, or whatever the exercise asks for.
        seed: draw the inputs from this number, to see the same ones again.

    Returns:
        Something to `await`; it gives a `Result` that shows as a card.

    Raises:
        NotPassed: only with `WORKBOOK_STRICT=1`.
    """
    return Check(id, value, seed)


async def _check(id: str, value: Any, seed: int | None) -> Result | Card:
    try:
        exercise = find(id)
    except UnknownExercise as unknown:
        return notice("Unknown exercise", str(unknown), kind="ask")
    if value is _NOTHING:
        return notice(
            f"Nothing to check: {exercise.title}",
            f'Pass what you made: `await check("{id}", app)`, with the name of your own app.',
            kind="ask",
        )
    source = source_of(value)
    try:
        result = (
            Result(exercise, Outcome.NOT_ATTEMPTED)
            if source is not None and _is_starter(exercise, source)
            else await examine(exercise, value, source=source, seed=seed)
        )
    except WrongKind as wrong:
        return notice(f"Can't check this: {exercise.title}", str(wrong), kind="ask")
    known = records.update(id, records.note_check(result.outcome, result.points))
    return _with_next_step(result, known)


def _is_starter(exercise: Exercise, source: str) -> bool:
    try:
        return same_code(source, chapters.starter_code(exercise.id, exercise.chapter))
    except (LookupError, FileNotFoundError):
        return False


def _with_next_step(result: Result, known: records.Progress) -> Result:
    exercise = result.exercise
    message = result.message
    if result.outcome is Outcome.NOT_ATTEMPTED:
        message = (
            "The code is still as it was given. Reproduce the bug first: send the request "
            "that goes wrong and read the answer. Then change the cell and check again."
            if exercise.kind == "bug hunt"
            else "The answer is still empty or as it was given. "
            "Change the cell above, run it, then check again."
        )
    if result.outcome is Outcome.PASSED:
        after = _next_exercise(known)
        step = (
            f"Next: {after.title} (section {after.section}, `{after.id}`)."
            if after
            else "That was the last open exercise. `review()` asks what you learnt."
        )
    else:
        level = known.of(exercise.id).hints
        step = (
            f'Stuck? `hint("{exercise.id}")` shows '
            + ("a first hint." if level == 0 else f"hint {min(level + 1, 3)} of 3.")
            if level < 3
            else f'You have seen all hints: `solution("{exercise.id}")` shows a worked answer.'
        )
    step = " ".join(filter(None, (step, known.trouble)))
    return Result(
        exercise, result.outcome, result.findings, message, seed=result.seed, next_step=step
    )


def hint(id: str, level: int | None = None) -> Card:
    """Show the next hint of an exercise; each is more definite than the one before.

    Args:
        id: the exercise's id.
        level: 1, 2 or 3 to see that one again; a later one needs those before it.
    """
    try:
        exercise = find(id)
    except UnknownExercise as unknown:
        return notice("Unknown exercise", str(unknown), kind="ask")
    seen = records.load().of(id).hints
    wanted = min(seen + 1, 3) if level is None else level
    if wanted not in (1, 2, 3):
        return notice(
            "Hints have three levels", f'Ask for `hint("{id}")`, or 1, 2 or 3.', kind="ask"
        )
    wanted = min(wanted, seen + 1)
    records.update(id, records.note_hint(wanted))
    more = (
        f'`hint("{id}")` again shows more.'
        if wanted < 3
        else f'That was the last hint; `solution("{id}")` shows a worked answer.'
    )
    return notice(
        f"Hint {wanted} of 3: {exercise.title}", exercise.hints[wanted - 1], more, kind="ask"
    )


def starter(id: str) -> Card:
    """Bring back the code that an exercise began with, in a new cell below this one."""
    try:
        exercise = find(id)
        code = chapters.starter_code(id, exercise.chapter)
    except LookupError as missing:
        return notice("No starter code", str(missing), kind="ask")
    if (shell := get_ipython()) is not None:
        shell.set_next_input(code)
    return _code_card(
        f"Starter: {exercise.title}",
        code,
        "It also stands in a new cell below; yours is untouched.",
    )


def solution(id: str, *, anyway: bool = False) -> Card:
    """Show a worked answer, after a pass or after the last hint.

    Args:
        id: the exercise's id.
        anyway: show it at once.
    """
    try:
        exercise = find(id)
        code = chapters.solution_code(id, exercise.chapter)
    except LookupError as missing:
        return notice("No solution", str(missing), kind="ask")
    known = records.load().of(id)
    if not (known.passed or known.hints >= 3 or anyway):
        return notice(
            f"Not yet: {exercise.title}",
            f'You have seen {known.hints} of 3 hints. `hint("{id}")` shows the next one; '
            f'`solution("{id}", anyway=True)` shows the solution all the same.',
            kind="ask",
        )
    return _code_card(
        f"A solution: {exercise.title}",
        code,
        f"It is explained in `solutions/{chapters.chapter(exercise.chapter).stem}.ipynb`.",
    )


def arrange(id: str) -> Card:
    """Show the lettered lines of an exercise in which lines are put in order."""
    try:
        exercise = find(id)
    except UnknownExercise as unknown:
        return notice("Unknown exercise", str(unknown), kind="ask")
    rows = "\n".join(f"{letter}  {line}" for letter, line in exercise.lines.items())
    words = "Put the letters in order. Not every line is needed."
    return _code_card(f"Lines: {exercise.title}", rows, words)


def progress(chapter: int | None = None) -> Card:
    """Show what has been passed, by chapter.

    Args:
        chapter: list that chapter's exercises one by one.
    """
    known = records.load()
    html, text = [], []
    if chapter is not None:
        rows = exercises(chapter)
        for one in rows:
            record = known.of(one.id)
            state = record.outcome or "not attempted"
            html.append(
                f"<tr><td>{one.section}</td><td>{escape(one.title)}</td>"
                f"<td><code>{one.id}</code></td><td>{state}</td></tr>"
            )
            text.append(f"{one.section:<6}{one.title:<44.43}{one.id:<30}{state}")
        head = "<tr><th>section</th><th>exercise</th><th>id</th><th>state</th></tr>"
        title = f"Progress in chapter {chapter}"
    else:
        for place in chapters.chapters():
            rows = exercises(place.number)
            if not rows:
                continue
            done = sum(known.of(one.id).passed for one in rows)
            name = place.title
            html.append(
                f"<tr><td>{place.number}</td><td>{escape(name)}</td><td>"
                f'<progress max="{len(rows)}" value="{done}" aria-label="{escape(name)}"></progress>'
                f"</td><td>{done} of {len(rows)}</td></tr>"
            )
            bar = "█" * done + "·" * (len(rows) - done)
            text.append(f"{place.number:>2}  {name:<36.35}{bar}  {done} of {len(rows)}")
        head = "<tr><th>chapter</th><th>title</th><th>passed</th><th>exercises</th></tr>"
        title = "Progress"
    where = (
        "Kept in memory only: open the workbook with `make lab` to keep it."
        if records.folder() is None
        else f"Kept in `{known.path}`."
    )
    notes = " ".join(filter(None, (where, known.trouble)))
    body = (
        f'<div class="wb-scroll" role="region" aria-label="{escape(title)}, table" tabindex="0">'
        f"<table><thead>{head}</thead><tbody>{''.join(html)}</tbody></table></div>"
        f"<p>{inline(notes)}</p>"
    )
    return card(title, body=body, text="\n".join([*text, notes]))


def next_up() -> Card:
    """Say what to do next: the first exercise that has not passed yet."""
    known = records.load()
    one = _next_exercise(known)
    if one is None:
        return notice(
            "All exercises passed", "`review()` asks about what you learnt some days ago."
        )
    state = known.of(one.id).outcome or "not attempted"
    return notice(
        f"Next: {one.title}",
        f"`{one.id}` in section {one.section} of "
        f"`{chapters.chapter(one.chapter).stem}.ipynb` ({state}).",
        kind="ask",
    )


def _next_exercise(known: records.Progress) -> Exercise | None:
    return next((one for one in exercises() if not known.of(one.id).passed), None)


def _code_card(title: str, code: str, words: str) -> Card:
    body = f"<pre tabindex='0'>{escape(code)}</pre><p>{inline(words)}</p>"
    return card(title, body=body, text=f"\n{code}\n\n{words}", kind="ask")

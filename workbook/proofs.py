"""Prove that every exercise is sound: the five proofs of `workbook prove`.

1. The untouched starter runs and does not pass.
2. The solution passes every requirement, in this process and in another one.
3. Every requirement rejects a stored wrong answer, with the message stored beside it.
4. A second right answer, written differently, passes.
5. There are three hints of 15 to 80 words, and none holds a line of the solution.

The wrong and the right answers are functions in `tests/exercises/wrong/` and
`tests/exercises/right/`, decorated with `wrong` and `right` and written as a learner would.
"""

import inspect
import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

from workbook import chapters, raised
from workbook.adapters import WrongKind
from workbook.exercise import Exercise, exercises
from workbook.findings import Finding, Outcome
from workbook.judging import examine, judge_all
from workbook.serving import Answer, AnswerServer, CouldNotServe, load_file

ANSWERS = chapters.ROOT / "tests" / "exercises"
SEEDS = (1, 2, 3)
"""A right answer must pass whatever inputs are drawn; these draws stand for all."""

HINT_WORDS = range(15, 81)


@dataclass(frozen=True)
class StoredAnswer:
    """A function that makes an answer, and what is to come of it."""

    exercise: str
    function: FunctionType
    fails: str = ""
    says: str = ""

    @property
    def answer(self) -> Answer:
        """The answer, told so that another process can make it."""
        file = inspect.getsourcefile(self.function)
        assert file is not None
        return Answer(self.exercise, self.function.__name__, file=file)

    @property
    def source(self) -> str:
        """The function's code."""
        return textwrap.dedent(inspect.getsource(self.function))


_wrong: list[StoredAnswer] = []
_right: list[StoredAnswer] = []
_no_other_right: dict[str, str] = {}


def wrong(exercise: str, *, fails: str, says: str) -> Callable[[FunctionType], FunctionType]:
    """Store a wrong answer: a function that returns what a learner would pass to `check`.

    Args:
        exercise: the exercise's id.
        fails: the name of the requirement that must reject it.
        says: the whole message that the learner then reads.
    """

    def store(function: FunctionType) -> FunctionType:
        _wrong.append(StoredAnswer(exercise, function, fails, says))
        return function

    return store


def right(exercise: str) -> Callable[[FunctionType], FunctionType]:
    """Store a right answer that is written differently from the solution."""

    def store(function: FunctionType) -> FunctionType:
        _right.append(StoredAnswer(exercise, function))
        return function

    return store


def no_other_right(exercise: str, reason: str) -> None:
    """Say why an exercise leaves no room for a second right answer."""
    _no_other_right[exercise] = reason


@dataclass(frozen=True)
class Flaw:
    """One proof that does not hold."""

    exercise: str
    proof: int
    text: str

    def __str__(self) -> str:
        return f"{self.exercise}, proof {self.proof}: {self.text}"


@dataclass
class Proofs:
    """What was proven, and what was not."""

    exercises: int = 0
    requirements: int = 0
    wrong_answers: int = 0
    right_answers: int = 0
    flaws: list[Flaw] = field(default_factory=list)


async def prove(only: Sequence[Exercise] | None = None, *, other_process: bool = True) -> Proofs:
    """Run the five proofs.

    Args:
        only: these exercises; by default every one.
        other_process: also run each answer in another process, behind a socket.
    """
    load_answers()
    chosen = exercises() if only is None else list(only)
    proofs = Proofs(exercises=len(chosen))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(AnswerServer()) if other_process else None
        for exercise in chosen:
            proofs.requirements += len(exercise.requirements)
            mine = [one for one in _wrong if one.exercise == exercise.id]
            others = [one for one in _right if one.exercise == exercise.id]
            proofs.wrong_answers += len(mine)
            proofs.right_answers += len(others) + 1
            async for flaw in _flaws(exercise, mine, others, server):
                proofs.flaws.append(flaw)
    known = {exercise.id for exercise in exercises()}
    for stored in (*_wrong, *_right):
        if stored.exercise not in known:
            text = f"{stored.function.__name__} answers an exercise that does not exist"
            proofs.flaws.append(Flaw(stored.exercise, 3, text))
    return proofs


def load_answers() -> None:
    """Import every file of stored answers; doing it twice adds nothing."""
    for path in sorted(ANSWERS.glob("*/ch[0-9][0-9]_*.py")):
        load_file(path)


async def _flaws(
    exercise: Exercise,
    mine: list[StoredAnswer],
    others: list[StoredAnswer],
    server: AnswerServer | None,
) -> AsyncIterator[Flaw]:
    if not exercise.requirements:
        yield Flaw(exercise.id, 3, "it has no requirement, so nothing can fail")
        return
    try:
        starter = _from_notebook(exercise, chapters.starter_code, "path")
        solution = _from_notebook(exercise, chapters.solution_code, "solution_path")
    except (LookupError, FileNotFoundError) as missing:
        yield Flaw(exercise.id, 1, str(missing))
        return
    async for text in _starter_flaws(exercise, starter):
        yield Flaw(exercise.id, 1, text)
    async for text in _right_flaws(exercise, solution, solution.code, server):
        yield Flaw(exercise.id, 2, f"the solution {text}")
    rejected = {stored.fails for stored in mine}
    for requirement in exercise.requirements:
        if requirement.name not in rejected:
            yield Flaw(exercise.id, 3, f"no wrong answer is stored for {requirement.name}")
    for stored in mine:
        async for text in _wrong_flaws(exercise, stored, server):
            yield Flaw(exercise.id, 3, f"{stored.function.__name__} {text}")
    if not others and exercise.id not in _no_other_right:
        yield Flaw(exercise.id, 4, "no second right answer is stored, and no reason for that")
    for stored in others:
        async for text in _right_flaws(exercise, stored.answer, stored.source, server):
            yield Flaw(exercise.id, 4, f"{stored.function.__name__} {text}")
    for text in _hint_flaws(exercise, chapters.solution_code(exercise.id, exercise.chapter)):
        yield Flaw(exercise.id, 5, text)


def _from_notebook(exercise: Exercise, code_of: Callable[[str, int], str], which: str) -> Answer:
    path: Path = getattr(chapters.chapter(exercise.chapter), which)
    code = f"{chapters.prelude(path)}\n{code_of(exercise.id, exercise.chapter)}"
    return Answer(exercise.id, chapters.checked_name(path, exercise.id), code=code)


async def _starter_flaws(exercise: Exercise, starter: Answer) -> AsyncIterator[str]:
    try:
        value = await starter.make()
    except Exception as error:  # noqa: BLE001 - a starter must run, whatever it raises
        yield f"the starter does not run as it stands: {raised.message(error)}"
        return
    for seed in SEEDS:
        try:
            result = await examine(exercise, value, source=starter.code, seed=seed)
        except WrongKind as kind:
            yield f"the starter is of the wrong kind: {kind}"
            return
        if result.outcome is Outcome.PASSED:
            yield f"the untouched starter passes (seed {seed})"


async def _right_flaws(
    exercise: Exercise, answer: Answer, source: str, server: AnswerServer | None
) -> AsyncIterator[str]:
    for seed in SEEDS:
        try:
            result = await examine(exercise, await answer.make(), source=source, seed=seed)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what has to be told
            yield f"does not run: {raised.message(error)}"
            return
        for finding in _failed(result.findings):
            yield f"fails {finding.requirement.name} (seed {seed}): {finding.message}"
        if result.outcome is Outcome.NOT_ATTEMPTED:
            yield "counts as not attempted"
    async for place, findings in _elsewhere(exercise, answer, source, server):
        for finding in _failed(findings):
            yield f"fails {finding.requirement.name} {place}: {finding.message}"


async def _wrong_flaws(
    exercise: Exercise, stored: StoredAnswer, server: AnswerServer | None
) -> AsyncIterator[str]:
    names = [requirement.name for requirement in exercise.requirements]
    if stored.fails not in names:
        yield f"names {stored.fails}, which is no requirement"
        return
    position = names.index(stored.fails)
    try:
        value = await stored.answer.make()
        result = await examine(exercise, value, source=stored.source, seed=SEEDS[0])
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what has to be told
        yield f"does not run: {raised.message(error)}"
        return
    if not result.findings:
        yield "counts as not attempted"
        return
    finding = result.findings[position]
    if finding.outcome is Outcome.PASSED:
        yield f"passes {stored.fails}"
    elif finding.message != stored.says:
        yield f"says {finding.message!r}, stored is {stored.says!r}"
    async for place, findings in _elsewhere(exercise, stored.answer, stored.source, server):
        if findings and findings[position].outcome is Outcome.PASSED:
            yield f"passes {stored.fails} {place}"


async def _elsewhere(
    exercise: Exercise, answer: Answer, source: str, server: AnswerServer | None
) -> AsyncIterator[tuple[str, tuple[Finding, ...]]]:
    """Judge the answer in another process; nothing when that is not asked for."""
    if server is None:
        return
    place = "in another process"
    try:
        async with server.serve(answer) as http:
            findings = await judge_all(exercise, http, source=source, seed=SEEDS[0])
    except CouldNotServe as reason:
        first = exercise.requirements[0]
        findings = (Finding(first, Outcome.RAISED, message=str(reason)),) * len(
            exercise.requirements
        )
    yield place, findings


def _failed(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.outcome is not Outcome.PASSED]


def _hint_flaws(exercise: Exercise, solution: str) -> list[str]:
    flaws = []
    lines = [_squeeze(line) for line in solution.splitlines()]
    telling = [line for line in lines if len(line) > 12 and not line.startswith(("import", "from"))]
    for level, hint in enumerate(exercise.hints, 1):
        if (count := len(hint.split())) not in HINT_WORDS:
            bounds = f"{HINT_WORDS.start} to {HINT_WORDS.stop - 1}"
            flaws.append(f"hint {level} has {count} words, not {bounds}")
        for line in telling:
            if line in _squeeze(hint):
                flaws.append(f"hint {level} holds a line of the solution: {line}")
    return flaws


def _squeeze(text: Any) -> str:
    return "".join(str(text).split())

"""An exercise: data, and requirements that see nothing but an HTTP client."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import FunctionType
from typing import Any, Literal

from workbook.adapters import asgi_app
from workbook.asgi import ASGIApp

type Kind = Literal["arrange", "complete", "change", "bug hunt", "make"]


class UnknownExercise(LookupError):
    """No exercise has that id; the message names the ones that are spelt alike."""


@dataclass(frozen=True)
class Requirement:
    """One thing that an answer must do.

    Attributes:
        name: the function's name: unique in its exercise, stable, stored with grades.
        text: what the answer must do, as a learner reads it.
        points: what it is worth.
        function: takes `client`, and `rng` (a seeded `random.Random`) if it has such a parameter;
            for a requirement on the source it takes the syntax tree.
        reads_source: the requirement looks at the answer's syntax tree and not at its behaviour.
    """

    name: str
    text: str
    points: int
    function: Callable[..., Any]
    reads_source: bool = False

    @property
    def wants_rng(self) -> bool:
        """Whether the requirement draws its inputs."""
        return "rng" in inspect.signature(self.function).parameters


class Exercise:
    """An exercise and its requirements; making one registers it under its id.

    Args:
        id: its name for ever: grades and progress are stored under it.
        title: a few words.
        kind: what the learner does.
        section: the key of the section it belongs to, as in `sections.tsv`: `"2.4"`.
        hints: three: a question that points the way, the name to look up, almost the code.
        serve: makes an ASGI app of the learner's object, on the learner's side. It raises
            `workbook.adapters.WrongKind` for an object it can't serve.
        lines: for `arrange`: the shuffled lines by letter, distractors included.
        time_limit: seconds that each requirement may take.

    Raises:
        ValueError: for an id that is taken or no identifier, or for other than three hints.
    """

    def __init__(
        self,
        id: str,
        *,
        title: str,
        kind: Kind,
        section: str,
        hints: tuple[str, str, str],
        serve: Callable[[Any], ASGIApp] = asgi_app,
        lines: Mapping[str, str] | None = None,
        time_limit: float = 5.0,
    ) -> None:
        if not id.isidentifier():
            raise ValueError(
                f"{id!r} is no identifier; an exercise's id is also its name in Python"
            )
        if id in _registry:
            raise ValueError(f"an exercise called {id!r} exists; ids are never used twice")
        if len(hints) != 3:
            raise ValueError(f"{id} needs three hints, it has {len(hints)}")
        self.id, self.title, self.kind, self.section = id, title, kind, section
        self.hints, self.serve, self.time_limit = hints, serve, time_limit
        self.lines = dict(lines or {})
        self.requirements: list[Requirement] = []
        _registry[id] = self

    def __repr__(self) -> str:
        return f"<Exercise {self.id} ({self.section}): {self.title}>"

    @property
    def chapter(self) -> int:
        """The number of the chapter."""
        return int(self.section.split(".")[0])

    @property
    def points(self) -> int:
        """The points that all requirements together are worth."""
        return sum(requirement.points for requirement in self.requirements)

    def requirement(self, text: str, *, points: int = 1) -> Callable[[FunctionType], FunctionType]:
        """Add a requirement: an async function that calls the app and uses `expect`."""

        def add(function: FunctionType) -> FunctionType:
            self._add(Requirement(function.__name__, text, points, function))
            return function

        return add

    def source_requirement(
        self, text: str, *, points: int = 1
    ) -> Callable[[FunctionType], FunctionType]:
        """Add a requirement: a function that reads the `ast.Module`, for what no request can see."""

        def add(function: FunctionType) -> FunctionType:
            self._add(Requirement(function.__name__, text, points, function, reads_source=True))
            return function

        return add

    def _add(self, requirement: Requirement) -> None:
        if any(requirement.name == other.name for other in self.requirements):
            raise ValueError(f"{self.id} has two requirements called {requirement.name}")
        self.requirements.append(requirement)


_registry: dict[str, Exercise] = {}


def find(id: str) -> Exercise:
    """The exercise with that id.

    Raises:
        UnknownExercise: with the ids that are spelt alike.
    """
    everything = {exercise.id: exercise for exercise in exercises()}
    if id in everything:
        return everything[id]
    alike = get_close_matches(str(id), everything, n=3)
    raise UnknownExercise(
        f"There is no exercise called {id!r}. "
        + (f"Did you mean {' or '.join(map(repr, alike))}?" if alike else "")
        + ("" if alike else "`progress()` lists them all.")
    )


def exercises(chapter: int | None = None) -> list[Exercise]:
    """Every exercise in the book's order, or those of one chapter."""
    import workbook.exercises as package

    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        import_module(f"{package.__name__}.{module.name}")
    ordered = sorted(_registry.values(), key=lambda exercise: exercise.chapter)
    return [one for one in ordered if chapter is None or one.chapter == chapter]

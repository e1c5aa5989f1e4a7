"""Answers that are the same but for names, comments and layout, listed for a person to judge.

Two learners who solve a small exercise well write the same lines. This finds what is the same and
says nothing about why.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbook.grading.marks import SubmissionMark

SHORTEST = 40
"""Nodes of a syntax tree, about six lines; shorter answers are alike by themselves."""


@dataclass(frozen=True)
class Alike:
    """Learners whose answers to one exercise are the same.

    Attributes:
        exercise: the exercise's id.
        learners: their keys.
        of: how many answers to this exercise were compared.
        answer: the answer of the first of them.
    """

    exercise: str
    learners: tuple[str, ...]
    of: int
    answer: str


def alike(marks: Iterable[SubmissionMark], given: Mapping[str, Sequence[str]]) -> list[Alike]:
    """The groups of same answers.

    Args:
        marks: what was graded.
        given: code that is nobody's own, by exercise: starters and solutions.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    compared: dict[str, int] = defaultdict(int)
    nobodys = {name: {normalised(code) for code in codes} for name, codes in given.items()}
    for mark in marks:
        for one in mark.exercises:
            shape = normalised(one.answer)
            if shape is None or shape in nobodys.get(one.exercise, ()):
                continue
            compared[one.exercise] += 1
            groups[one.exercise, shape].append((mark.key, one.answer))
    return [
        Alike(exercise, tuple(key for key, _ in them), compared[exercise], them[0][1])
        for (exercise, _), them in groups.items()
        if len(them) > 1
    ]


def normalised(code: str) -> str | None:
    """Code without what a copier changes first; None for what is too short or can't be read."""
    try:
        tree = ast.parse(code)
        if sum(1 for _ in ast.walk(tree)) < SHORTEST:
            return None
        own = _own_names(tree)
        return ast.dump(_Renamed(own).visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _own_names(tree: ast.Module) -> frozenset[str]:
    """The names that the code itself makes; what it imports or is given keeps its name."""
    own: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                own.add(node.name)
            case ast.arg(arg=name):
                own.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                own.add(name)
            case ast.ExceptHandler(name=str(name)):
                own.add(name)
    return frozenset(own)


class _Renamed(ast.NodeTransformer):
    """Names in the order of their first use; no docstrings."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._new: dict[str, str] = {}

    def _name(self, name: str) -> str:
        return self._new.setdefault(name, f"n{len(self._new)}") if name in self._own else name

    def generic_visit(self, node: ast.AST) -> ast.AST:
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # Text that stands alone is a docstring or a comment in disguise.
            body[:] = [one for one in body if not _is_text(one)] or [ast.Pass()]
        for field in ("name", "id", "arg"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                setattr(node, field, self._name(value))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A path names its parameters: "/items/{item_id}".
            node.value = re.sub(r"\{(\w+)", lambda found: "{" + self._name(found[1]), node.value)
        return super().generic_visit(node)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

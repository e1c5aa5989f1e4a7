"""Find the cells of a notebook in which a learner's object was made."""

import ast
from collections.abc import Sequence
from typing import Any

from IPython.core.getipython import get_ipython


def source_of(value: Any) -> str | None:
    """The code that made an object: the cell that last bound its name, and what was added to it.

    Args:
        value: an object of the notebook, such as the app that is being checked.

    Returns:
        The cells' code in the order in which they ran, or None outside a notebook and for an
        object that no cell binds to a name.
    """
    shell = get_ipython()
    if shell is None:
        return None
    names = {
        name
        for name, bound in shell.user_ns.items()
        if bound is value and not name.startswith("_") and not isinstance(bound, bool)
    }
    return code_of(names, shell.user_ns.get("In", []))


def code_of(names: set[str], cells: Sequence[str]) -> str | None:
    """The last of these cells that binds one of the names, and what later cells added to it.

    Args:
        names: names of one object.
        cells: the cells' code, in the order in which they ran.

    Returns:
        Their code in that order, or None if no cell binds any of the names.
    """
    found: list[str] = []
    for code in reversed(cells):
        tree = _parse(code)
        if tree is None or not names & (_bound(tree) | _built_on(tree)):
            continue
        found.insert(0, code)
        if names & _bound(tree):
            return "\n".join(found)
    return None


def same_code(one: str, other: str) -> bool:
    """Whether two pieces of code differ in comments and layout only."""
    trees = _parse(one), _parse(other)
    if None in trees:
        return one.split() == other.split()
    return ast.dump(trees[0]) == ast.dump(trees[1])  # ty: ignore[invalid-argument-type]  # None was ruled out above


def _parse(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except SyntaxError:
        return None  # a cell with a magic command, or one that never ran


def _built_on(tree: ast.Module) -> set[str]:
    """The names on which a cell builds, as in `@app.get("/")` or `app.include_router(router)`.

    A cell that hands the object to something else, as `check("id", app)`, adds nothing to it.
    """
    return {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def _bound(tree: ast.Module) -> set[str]:
    """The names that the top level of a cell binds."""
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Assign() | ast.AnnAssign():
                names |= {
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                }
    return names

"""The adapter of an exercise without its requirements.

A submission's process needs the `serve=` of an exercise, and nothing else of the exercise's module.
So that no requirement is in its memory or in its files, the module is not imported there: the code
that the adapter is made of is cut out of the module's source, and only that is sent.
"""

import ast
import inspect
import sys

from workbook.exercise import Exercise
from workbook.trials import Trials

_DEFAULT = ("from workbook.adapters import asgi_app\n", "asgi_app")
_TRIALS = ("from workbook.grading.trial_runner import trial_runner\n", "trial_runner")


class NoAdapter(ValueError):
    """The adapter can't be cut out of its module; the message says what to change there."""


def adapter_code(exercise: Exercise) -> tuple[str, str]:
    """The code that makes an exercise's adapter.

    Returns:
        Code to execute, and the expression that then is the adapter.

    Raises:
        NoAdapter: the exercise is not made at the top level of a module with a source file.
    """
    if isinstance(exercise.serve, Trials):
        return _TRIALS  # the apps stay with the grader, or the answer could look which one it has
    module = sys.modules.get(exercise.requirements[0].function.__module__)
    if module is None:
        raise NoAdapter(f"The module of {exercise.id} is not imported.")
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:
        raise NoAdapter(f"The module of {exercise.id} has no source file.") from None
    expression = _serve_expression(tree, exercise.id)
    if expression is None:
        return _DEFAULT
    needed = _needed(tree, expression)
    code = ast.unparse(ast.Module([*needed], []))
    return code, ast.unparse(expression)


def _serve_expression(tree: ast.Module, id: str) -> ast.expr | None:
    for statement in tree.body:
        match statement:
            case ast.Assign(
                value=ast.Call(
                    func=ast.Name(id="Exercise"),
                    args=[ast.Constant(value=str(made)), *_],
                    keywords=keywords,
                )
            ) if made == id:
                return next((one.value for one in keywords if one.arg == "serve"), None)
    raise NoAdapter(f'No statement says `{id} = Exercise("{id}", …)` in the module of {id}.')


def _needed(tree: ast.Module, expression: ast.expr) -> list[ast.stmt]:
    """The statements that bind what the expression uses, and what those use, in their order."""
    bound = {id(statement): _bound(statement) for statement in tree.body}
    wanted, reached = _used(expression), set[int]()
    while True:
        new = [
            statement
            for statement in tree.body
            if id(statement) not in reached and bound[id(statement)] & wanted
        ]
        if not new:
            break
        for statement in new:
            reached.add(id(statement))
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                wanted |= _used(statement)
    return [statement for statement in tree.body if id(statement) in reached]


def _used(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Import() | ast.ImportFrom():
            return {(one.asname or one.name).partition(".")[0] for one in statement.names}
    return {
        one.id
        for one in ast.walk(statement)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }

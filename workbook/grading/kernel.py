"""A notebook's cells, run as a kernel would: one namespace, one loop, `await` at the top level."""

import __future__

import ast
import asyncio
import inspect
import linecache
import re
import sys
from contextvars import copy_context
from types import ModuleType
from typing import Any, Self

from IPython.core.getipython import get_ipython
from IPython.display import display

import workbook
import workbook.notebook
from workbook import raised

_LONGEST_TEXT, _LONGEST_LINE = 2000, 300
_MAGIC = re.compile(r"\s*(?:[%!?]|.*\w\?\??\s*$)")
_MAGICS_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
_FUTURES = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


class _Silence:
    """What a lesson's words give in the sandbox: nothing, however it is used."""

    def __await__(self) -> Any:
        return self
        yield  # never reached: it makes a generator of this

    def __getattr__(self, name: str) -> Self:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Self:
        return self

    def __repr__(self) -> str:
        return ""


SILENT = ("arrange", "check", "hint", "next_up", "predict", "progress", "quiz", "review")
SILENT += ("solution", "starter")


def silence_lessons() -> None:
    """Make the words that show cards do nothing: there is nobody to see a card."""
    for module in (workbook, workbook.notebook):
        for name in SILENT:
            setattr(module, name, _Silence())


class NotDefined(LookupError):
    """No cell has bound the name that is checked."""


class Cells:
    """The namespace of a notebook, and how a cell runs in it."""

    def __init__(self) -> None:
        # Pydantic and FastAPI look names up in the module that a class says it is from.
        module = sys.modules["__main__"] = ModuleType("__main__")
        self.namespace = module.__dict__
        self.namespace |= {"display": display, "get_ipython": get_ipython}
        self._context = copy_context()
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    async def run(self, number: int, source: str) -> dict[str, Any]:
        """Run one cell; say what it raised, if it did."""
        task = asyncio.create_task(self._execute(number, source), context=self._context)
        await asyncio.wait({task})
        if task.cancelled():
            return {"message": "asyncio.CancelledError", "where": ""}
        if (error := task.result()) is None:
            return {}
        return told(error) | {"out_of_memory": isinstance(error, MemoryError)}

    async def _execute(self, number: int, source: str) -> BaseException | None:
        name = f"<answer cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            code = compile(source, name, "exec", flags=self._flags, dont_inherit=True)
            # As in a kernel, `from __future__ import annotations` holds for the cells after it.
            self._flags |= code.co_flags & _FUTURES
            outcome = eval(code, self.namespace)
            if inspect.iscoroutine(outcome):
                await outcome
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - also `exit()`, which ends no kernel's work
            return error
        return None

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression in the notebook's namespace."""
        if expression.isidentifier():
            if expression not in self.namespace:
                raise NotDefined(expression)
            return self.namespace[expression]
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(expression, "<answer check>", "eval", flags=flags, dont_inherit=True)
        value = eval(code, self.namespace)
        return await value if code.co_flags & inspect.CO_COROUTINE else value


def prepare(source: str) -> dict[str, str]:
    """Make Python of a cell: magic commands are left out, since there is no shell.

    Returns:
        `source`, and `error` if it can't be compiled, and `note` if something was left out. The
        source is empty where the parser would trip over it in the grader too.
    """
    try:
        if (error := _syntax_error(source)) is None:
            return {"source": source}
        first = source.lstrip().partition("\n")[0]
        if first.startswith("%%") and not first.startswith(_MAGICS_OF_PYTHON):
            magic = short(first.split()[0], 40)
            return {"source": "", "note": f"the cell magic {magic} was not run"}
        lines = source.splitlines(keepends=True)
        kept = "".join("\n" if _MAGIC.match(line) else line for line in lines)
        if _syntax_error(kept) is None:
            return {"source": kept, "note": "its magic and shell commands were not run"}
        return {"source": source, "error": error}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"source": "", "error": short(raised.message(error))}


def _syntax_error(source: str) -> str | None:
    try:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compile(source, "<answer>", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        return short(f"{type(error).__name__}: {error.msg} (line {error.lineno})")
    return None


def told(error: BaseException) -> dict[str, str]:
    """An exception as text: its message, and the learner's line."""
    try:
        return {
            "message": short(raised.message(error)),
            "where": short(raised.learners_line(error), _LONGEST_LINE),
        }
    except BaseException:  # noqa: BLE001 - the error's own `__str__` may raise
        return {"message": short(type(error).__name__), "where": ""}


def short(text: str, limit: int = _LONGEST_TEXT) -> str:
    """The beginning of a text, in characters that can be sent."""
    return str(text)[:limit].encode("utf-8", "replace").decode()

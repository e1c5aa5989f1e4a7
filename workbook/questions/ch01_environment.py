"""The questions of chapter 1: three on Python itself, then one or two a section."""

import ast
import hashlib
import inspect
import shutil
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from workbook.packages import brings
from workbook.quizzes import Option, Question

hint_is_not_a_check = Question(
    "hint_is_not_a_check",
    section="1.1",
    prompt="`def double(amount: int): return amount * 2`. Why does `double('3')` return `'33'` "
    "instead of raising an error?",
    options={
        "a": Option(
            "Python turns the text into a number and back.",
            "It converts nothing: the text is repeated, as `*` does with text.",
        ),
        "b": Option(
            "Python itself does not check type hints; only tools and libraries read them.",
            "FastAPI is such a library. It reads your hints and checks what comes in.",
        ),
        "c": Option(
            "The hint is wrong: it should be `amount: 'int'`.",
            "Quotes around a hint change nothing about that.",
        ),
    },
    answer="b",
)


@hint_is_not_a_check.proven_by
async def _prove_hint_is_not_a_check() -> str:
    def double(amount: int) -> Any:
        return amount * 2

    given: Any = "3"
    return {"33": "b", 6: "a"}.get(double(given), "")


coroutine_not_run = Question(
    "coroutine_not_run",
    section="1.1",
    prompt="`async def count(): ...`. Why does a plain call, `count()`, run nothing of the function?",
    options={
        "a": Option(
            "The call makes a coroutine object; `await` runs it.",
            "Python warns *never awaited* if you forget it. Every lesson here awaits something.",
        ),
        "b": Option(
            "It runs on another thread, a moment later.",
            "Nothing runs anywhere until somebody awaits it.",
        ),
        "c": Option(
            "`async def` functions can only be called by a web framework.",
            "Anybody can call and await them. A notebook cell can, too.",
        ),
    },
    answer="a",
)


@coroutine_not_run.proven_by
async def _prove_coroutine_not_run() -> str:
    ran: list[str] = []

    async def count() -> None:
        ran.append("count")

    made = count()
    before = list(ran)
    await made
    return "a" if inspect.iscoroutine(made) and (before, ran) == ([], ["count"]) else ""


decorator_runs_once = Question(
    "decorator_runs_once",
    section="1.1",
    prompt="`@register` stands above `def read_root(): ...`. When is `register` called?",
    options={
        "a": Option(
            "Each time that `read_root` is called.",
            "Only if it hands back a function that does something at each call.",
        ),
        "b": Option(
            "Once, when Python reaches the definition.",
            "It is handed the function. That is how `@app.get('/')` puts a function on an app.",
        ),
        "c": Option(
            "Never; it is a comment for tools.",
            "It is a call like any other: `read_root = register(read_root)`.",
        ),
    },
    answer="b",
)


@decorator_runs_once.proven_by
async def _prove_decorator_runs_once() -> str:
    calls: list[str] = []

    def register(function: Any) -> Any:
        calls.append(function.__name__)
        return function

    @register
    def read_root() -> None: ...

    at_definition = len(calls)
    read_root()
    read_root()
    return {(1, 1): "b", (0, 2): "a", (0, 0): "c"}.get((at_definition, len(calls)), "")


old_python_fails_when = Question(
    "old_python_fails_when",
    section="1.1",
    prompt="A file holds `class Page[T]:`, which came with Python 3.12. Why can't `try … except` in "
    "that file save it on Python 3.11?",
    options={
        "a": Option(
            "`except` does not catch errors of type hints.",
            "It is not about hints: it is the grammar.",
        ),
        "b": Option(
            "A `SyntaxError` is found when the file is read, before any of its lines runs.",
            "So the version has to be right before you start: `requires-python` sees to that.",
        ),
        "c": Option(
            "Python 3.11 ignores the brackets, so nothing is raised.",
            "It refuses the whole file.",
        ),
    },
    answer="b",
)


@old_python_fails_when.proven_by
async def _prove_old_python_fails_when() -> str:
    file = "try:\n    class Page[T]: ...\nexcept SyntaxError:\n    pass\n"
    try:
        ast.parse(file, feature_version=(3, 11))
    except SyntaxError:
        ast.parse(file, feature_version=(3, 12))
        return "b"
    return "c"


why_uv_run = Question(
    "why_uv_run",
    section="1.2",
    prompt="In a project, `fastapi dev` says *command not found*, and `uv run fastapi dev` works. Why?",
    options={
        "a": Option(
            "`uv` has a `fastapi` command of its own.",
            "It has none. It starts the one in the project's environment.",
        ),
        "b": Option(
            "The command is in the project's `.venv`, where the shell does not look; `uv run` does.",
            "It also brings the environment up to date first. An activated environment works too.",
        ),
        "c": Option(
            "`fastapi dev` needs the rights of an administrator.",
            "It needs none: its port is above 1024.",
        ),
    },
    answer="b",
)


@why_uv_run.proven_by
async def _prove_why_uv_run() -> str:
    here = str(Path(sys.executable).parent)
    found = shutil.which("fastapi", path=here)
    elsewhere = shutil.which("fastapi", path=str(Path(here) / "no-such-folder"))
    return "b" if found and not elsewhere else ""


why_a_hash = Question(
    "why_a_hash",
    section="1.2",
    prompt="A lock file already holds the exact version. Why does it hold a hash as well?",
    options={
        "a": Option(
            "To find the file faster.",
            "The name and the version are enough to find it.",
        ),
        "b": Option(
            "Two versions may have the same number.",
            "An index holds a version once. But who answers in its place can send any file.",
        ),
        "c": Option(
            "The version says what the file is called; the hash says what is in it.",
            "A file that was changed on the way keeps its name and gets another hash.",
        ),
    },
    answer="c",
)


@why_a_hash.proven_by
async def _prove_why_a_hash() -> str:
    sent, changed = (hashlib.sha256(file).hexdigest() for file in (b"tea 1.0.0", b"tea 1.0.0!"))
    return "c" if sent != changed else ""


why_upper_bound = Question(
    "why_upper_bound",
    section="1.2",
    prompt="`uv add` wrote `fastapi>=0.165.0`. Which surprise does the lock file keep away, and "
    "only until `uv lock --upgrade`?",
    options={
        "a": Option(
            "FastAPI 0.166, which may break your code, fulfils `>=0.165.0`.",
            "An upper bound, `<0.166`, keeps it away from every upgrade until you lift it.",
        ),
        "b": Option(
            "An older FastAPI than 0.165.",
            "The bound itself refuses that.",
        ),
        "c": Option(
            "Another package with a similar name.",
            "The name is part of the requirement; no upgrade changes it.",
        ),
    },
    answer="a",
)


@why_upper_bound.proven_by
async def _prove_why_upper_bound() -> str:
    written = SpecifierSet(">=0.165.0")
    return "a" if "0.166.0" in written and "0.164.0" not in written else ""


what_brackets_do = Question(
    "what_brackets_do",
    section="1.3",
    prompt="What do the brackets in `sqlalchemy[aiosqlite]` change?",
    options={
        "a": Option(
            "Another edition of SQLAlchemy is installed.",
            "It is the same file with the same hash.",
        ),
        "b": Option(
            "The same SQLAlchemy is installed, and other packages with it.",
            "An extra is a named list of requirements in the package's metadata.",
        ),
        "c": Option(
            "SQLAlchemy switches its asyncio side on.",
            "Nothing is switched: it looks for `greenlet` when that side is imported.",
        ),
    },
    answer="b",
)


@what_brackets_do.proven_by
async def _prove_what_brackets_do() -> str:
    plain, extra = brings("sqlalchemy"), brings("sqlalchemy[aiosqlite]")
    same = plain.packages[0].version == extra.packages[0].version
    return "b" if same and plain.names < extra.names else ""


tool_finds_what = Question(
    "tool_finds_what",
    section="1.3",
    prompt="`return price * amount`, and `amount` is a `str`. Why does the type checker find this and "
    "Ruff does not?",
    options={
        "a": Option(
            "Ruff looks at one file at a time.",
            "Both names are in the same file, so one file would do.",
        ),
        "b": Option(
            "The type checker follows types from line to line; Ruff knows patterns of code.",
            "The pattern `a * b` is fine. Only the types make it wrong.",
        ),
        "c": Option(
            "The rule is switched off in Ruff.",
            "There is no such rule: a linter does not compute the types of expressions.",
        ),
    },
    answer="b",
)


command_without_extra = Question(
    "command_without_extra",
    section="1.3",
    prompt="`uv add fastapi`, then `uv run fastapi dev`: the command exists, and asks you to install "
    "something. Why does it exist at all?",
    options={
        "a": Option(
            "Plain `fastapi` brings a small command that looks for the package `fastapi-cli`.",
            "Only the extra `standard` brings `fastapi-cli`, and with it what the command does.",
        ),
        "b": Option(
            "`uv` invents a command for every package.",
            "A package names its commands in its metadata.",
        ),
        "c": Option(
            "It is left over from another project.",
            "Each project has an environment of its own.",
        ),
    },
    answer="a",
)


@command_without_extra.proven_by
async def _prove_command_without_extra() -> str:
    cli = [one for one in map(Requirement, requires("fastapi") or []) if one.name == "fastapi-cli"]
    only_by_extra = all(one.marker and not one.marker.evaluate({"extra": ""}) for one in cli)
    from fastapi.cli import main

    return "a" if cli and only_by_extra and callable(main) else ""

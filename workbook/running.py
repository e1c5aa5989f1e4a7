"""Run a notebook, or some of its code, without a kernel.

A kernel costs a process, its imports and a socket for every notebook. Here the libraries are
imported once and each notebook runs in a fork of that process, in an IPython shell of its own,
so that a whole book takes seconds. `nbmake` stays the judge: it runs what a learner runs.
"""

import ast
import asyncio
import contextlib
import inspect
import io
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import perf_counter
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from workbook.cells import NotANotebook, read_cells
from workbook.findings import Result

TIME_LIMIT = 120.0
"""Seconds that one notebook may take."""


@dataclass(frozen=True)
class Checked:
    """What one `check` cell of a notebook said."""

    exercise: str
    title: str
    outcome: str
    card: str


@dataclass
class Run:
    """What became of one notebook.

    Attributes:
        path: the notebook.
        checks: the results of its `check` cells, in order.
        error: the cell that failed and its traceback, or empty.
        seconds: how long it took.
    """

    path: Path
    checks: list[Checked] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0


async def execute(code: str, namespace: dict[str, Any], filename: str = "<answer>") -> None:
    """Execute code that may `await` at its top level, as a notebook cell may."""
    compiled = compile(code, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    outcome = eval(compiled, namespace)
    if inspect.iscoroutine(outcome):
        await outcome


def run_notebooks(
    paths: Iterable[Path], *, workers: int = 2, time_limit: float = TIME_LIMIT
) -> Iterator[Run]:
    """Run notebooks, each in a process of its own, in the folder it stands in.

    Args:
        paths: the notebooks.
        workers: how many run at once.
        time_limit: seconds for each; a notebook that takes longer is ended.

    Yields:
        A `Run` for each, in the order of `paths`.
    """
    waiting = list(paths)
    started: list[_Running] = []
    ended: dict[_Running, Run] = {}
    while waiting or started:
        running = [one for one in started if one not in ended]
        if waiting and len(running) < workers:
            started.append(_start(waiting.pop(0), time_limit))
        elif started[0] in ended:
            yield ended.pop(started.pop(0))
        else:
            # Whichever ends first: a long notebook must not keep the place beside it empty.
            first = _first_to_end(running)
            ended[first] = _collect(first, time_limit)


@dataclass(frozen=True, eq=False)
class _Running:
    """A notebook that runs in a process of its own."""

    path: Path
    process: multiprocessing.process.BaseProcess
    results: Connection
    deadline: float


def _start(path: Path, time_limit: float) -> _Running:
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_in_child, args=(path, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Running(path, process, ours, perf_counter() + time_limit)


def _first_to_end(running: list[_Running]) -> _Running:
    """Return the first one that has something to say, or else the first whose time is over."""
    next_over = min(running, key=lambda one: one.deadline)
    left = max(0.0, next_over.deadline - perf_counter())
    ready = wait([one.results for one in running], timeout=left)
    return next((one for one in running if one.results in ready), next_over)


def _collect(ended: _Running, time_limit: float) -> Run:
    try:
        if not ended.results.poll():
            ended.process.kill()
            error = f"not finished after {time_limit:g} s"
            return Run(ended.path, error=error, seconds=time_limit)
        return ended.results.recv()
    except EOFError:
        ended.process.join()
        return Run(ended.path, error=f"the process ended with exit code {ended.process.exitcode}")
    finally:
        ended.results.close()
        ended.process.join(5)


def _in_child(path: Path, results: Connection) -> None:
    with tempfile.TemporaryDirectory() as home:
        # IPython keeps its history and profile in a home of its own, gone at the end.
        os.environ["IPYTHONDIR"] = home
        # So are the notebook's own temporary folders, which nothing else clears away here.
        os.environ["TMPDIR"] = tempfile.tempdir = home
        os.chdir(path.parent)
        began = perf_counter()
        run = Run(path)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                asyncio.run(_run_cells(path, run))
            except (OSError, NotANotebook) as error:
                run.error = str(error)
        run.seconds = perf_counter() - began
        results.send(run)


async def _run_cells(path: Path, run: Run) -> None:
    shell = InteractiveShell.instance()
    # No history file: two notebooks at once would lock each other out of it.
    shell.run_line_magic("config", "HistoryManager.enabled = False")
    for number, cell in enumerate(read_cells(path), 1):
        if cell.kind != "code" or not cell.source.strip():
            continue
        outcome = await shell.run_cell_async(
            cell.source, store_history=True, transformed_cell=shell.transform_cell(cell.source)
        )
        if isinstance(outcome.result, Result):
            result = outcome.result
            run.checks.append(
                Checked(result.exercise.id, result.exercise.title, result.outcome, str(result))
            )
        error = outcome.error_before_exec or outcome.error_in_exec
        if error is not None and "raises-exception" not in cell.tags:
            text = "".join(traceback.format_exception_only(error)).strip()
            run.error = f"cell {number} ({cell.id}): {text}"
            return

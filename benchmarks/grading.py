"""What grading a submission costs: `workbook grade` against nbgrader and otter-grader.

Three exercises of chapter 2, the same answers, right and wrong. Each peer in its best mode: nbgrader
autogrades the class in one batch, otter grades through its API in one process. The peers have
environments of their own, made once in the user's cache folder. All take turns in every round.

What a submission costs is (all - one) / (n - 1), each the fastest of its rounds: other work on the
machine makes a run slower and never faster. Run: python benchmarks/grading.py [ROUNDS]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter
from typing import Any

import psutil

from workbook import chapters

SUBMISSIONS = {"workbook": 60, "nbgrader": 8, "otter": 8}
"""How many each grades: as many as make the start small beside them."""
EXERCISES = ("bounded_pages", "my_account", "tag_search")
PEERS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fastapi-workbook-peers"
SETUP = """\
from typing import Annotated
import httpx
from fastapi import FastAPI, Query
TAGS = {"tea": {"hot", "leaf"}, "cup": {"new"}, "pot": {"new", "hot"}}
"""
# What the requirements of these exercises send and expect, for those who do not have them.
ASKED: dict[str, list[tuple[str, int, Any]]] = {
    "bounded_pages": [
        ("/items", 200, list(range(1, 11))),
        ("/items?skip=40&limit=5", 200, list(range(41, 46))),
        ("/items?limit=1", 200, [1]),
        ("/items?limit=100", 200, list(range(1, 101))),
        ("/items?limit=101", 422, None),
        ("/items?limit=5000", 422, None),
        ("/items?limit=0", 422, None),
        ("/items?limit=-5", 422, None),
        ("/items?skip=-7", 422, None),
    ],
    "my_account": [
        ("/users/me", 200, {"name": "Ada", "role": "owner"}),
        ("/users/77", 200, {"user_id": 77}),
        ("/users/teapot", 422, None),
    ],
    "tag_search": [
        ("/items?tag=hot&tag=new", 200, ["pot"]),
        ("/items?tag=hot", 200, ["tea", "pot"]),
        ("/items", 200, ["tea", "cup", "pot"]),
    ],
}
ASKING = """\
transport = httpx.ASGITransport(app={name})
async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
    for path, status, body in {asked!r}:
        answer = await http.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        assert body is None or answer.json() == body, (path, answer.text)
"""


@dataclass
class Cost:
    """What one command took: seconds, processor seconds, the peak of its tree's memory in MB."""

    seconds: float
    cpu: float
    peak: float


def answers(number: int) -> dict[str, str]:
    """The answers of one learner: every third has a bound that is too high."""
    code = {one: chapters.solution_code(one, 2) for one in EXERCISES}
    if number % 3 == 2:
        code["bounded_pages"] = code["bounded_pages"].replace("le=100", "le=1000")
    return code


def truth(count: int) -> int:
    """How many answers of a class are right."""
    return sum(3 - (number % 3 == 2) for number in range(count))


def notebook(cells: list[tuple[str, dict[str, Any]]]) -> str:
    """A notebook of code cells with their metadata."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "source": source,
                "metadata": metadata,
                "outputs": [],
                "execution_count": None,
            }
            for number, (source, metadata) in enumerate(cells)
        ],
    }
    return json.dumps(document)


def measured(command: list[str | Path], folder: Path, environment: dict[str, str]) -> Cost:
    """Run a command and weigh it, with everything that it starts.

    Raises:
        RuntimeError: it failed; the message ends with what it printed.
    """
    before, began = getrusage(RUSAGE_CHILDREN), perf_counter()
    with (folder / "log.txt").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
        )
        peak = [0.0]
        watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
        watcher.start()
        code = process.wait()
        seconds = perf_counter() - began
        watcher.join()
        if code:
            log.seek(0)
            raise RuntimeError(f"{command} ended with {code}:\n{log.read()[-3000:]}")
    after = getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, peak[0])


def _watch(pid: int, peak: list[float]) -> None:
    """Note the largest proportional set size of a process tree until its root ends."""
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for one in (root, *root.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total / 1e6)
            threading.Event().wait(0.1)
    except psutil.NoSuchProcess:
        return


def workbook(folder: Path, count: int, workers: int = 1) -> tuple[Cost, int]:
    """`workbook grade` on a class."""
    (folder / "in").mkdir(parents=True)
    for number in range(count):
        cells: list[tuple[str, dict[str, Any]]] = [(SETUP, {"tags": ["setup"]})]
        for name, code in answers(number).items():
            cells += [(code, {}), (f'await check("{name}", {name})', {})]
        (folder / "in" / f"learner{number}.ipynb").write_text(notebook(cells))
    chosen = [part for name in EXERCISES for part in ("-e", name)]
    command: list[str | Path] = [sys.executable, "-m", "workbook.cli", "grade", "in", "-o", "out"]
    cost = measured([*command, *chosen, "--workers", str(workers)], folder, {})
    marks = json.loads((folder / "out" / "marks.json").read_text())["marks"]
    passed = sum(one["outcome"] == "passed" for mark in marks for one in mark["exercises"])
    return cost, passed


def nbgrader(folder: Path, count: int) -> tuple[Cost, int]:
    """`nbgrader autograde` on a class, in one batch."""
    bin_ = PEERS / "nbgrader" / "bin"
    environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "IPYTHONDIR": str(folder / "ipython")}
    source = folder / "source" / "week"
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "b"\n'
    )
    (source / "week.ipynb").write_text(_for_nbgrader(answers(0)))
    measured([bin_ / "nbgrader", "generate_assignment", "week"], folder, environment)
    for number in range(count):
        handed_in = folder / "submitted" / f"learner{number}" / "week"
        handed_in.mkdir(parents=True)
        (handed_in / "week.ipynb").write_text(_for_nbgrader(answers(number)))
    cost = measured([bin_ / "nbgrader", "autograde", "week"], folder, environment)
    measured([bin_ / "nbgrader", "export"], folder, environment)
    header, *rows = (folder / "grades.csv").read_text().splitlines()
    at = header.split(",").index("score")
    return cost, round(sum(float(row.split(",")[at]) for row in rows))


def _for_nbgrader(code: dict[str, str]) -> str:
    def cell(name: str, *, test: bool) -> dict[str, Any]:
        given = {"grade": test, "locked": test, "solution": not test, "task": False}
        return {"nbgrader": given | {"grade_id": name, "schema_version": 3, "points": 1}}

    cells: list[tuple[str, dict[str, Any]]] = [(SETUP, {})]
    for name, answer in code.items():
        cells.append((answer, cell(f"{name}_answer", test=False)))
        asking = ASKING.format(name=name, asked=ASKED[name])
        cells.append((asking, cell(name, test=True)))
    return notebook(cells)


_OTTER_TEST = """\
OK_FORMAT = True
test = {{
    "name": "{name}", "points": 1,
    "suites": [{{"cases": [{{"code": r'''{code}''', "hidden": False, "locked": False}}],
                "scored": True, "setup": "", "teardown": "", "type": "doctest"}}],
}}
"""
_OTTER_LOOP = """\
import sys
from pathlib import Path
from otter.api import grade_submission
total = 0
for path in sorted(Path("in").glob("*.ipynb")):
    total += grade_submission(str(path), ag_path="autograder.zip", quiet=True).total
print("TOTAL", total)
"""


def otter(folder: Path, count: int) -> tuple[Cost, int]:
    """`otter.api.grade_submission` on a class, in one process."""
    bin_ = PEERS / "otter-grader" / "bin"
    environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "IPYTHONDIR": str(folder / "ipython")}
    (folder / "tests").mkdir(parents=True)
    (folder / "in").mkdir()
    for name in EXERCISES:
        # Its tests are synchronous inside a loop that runs: each needs a thread with its own.
        asking = "\n".join(
            "    " + line for line in ASKING.format(name=name, asked=ASKED[name]).splitlines()
        )
        code = f"import asyncio, threading\nfailed = []\nasync def ask():\n{asking}\n"
        code += (
            "def work():\n    try:\n        asyncio.run(ask())\n    except BaseException as e:\n"
        )
        code += "        failed.append(repr(e))\nthread = threading.Thread(target=work)\n"
        code += "thread.start()\nthread.join()\nfailed"
        (folder / "tests" / f"{name}.py").write_text(
            _OTTER_TEST.format(name=name, code=_doctest(code))
        )
    for number in range(count):
        cells: list[tuple[str, dict[str, Any]]] = [
            ("import otter\ngrader = otter.Notebook()", {}),
            (SETUP, {}),
        ]
        for name, answer in answers(number).items():
            cells += [(answer, {}), (f'grader.check("{name}")', {})]
        (folder / "in" / f"learner{number}.ipynb").write_text(notebook(cells))
    (folder / "loop.py").write_text(_OTTER_LOOP)
    generate: list[str | Path] = [bin_ / "otter", "generate", "-t", "tests", "-o", "autograder.zip"]
    measured([*generate, "--no-environment"], folder, environment)
    cost = measured([bin_ / "python", "loop.py"], folder, environment)
    total = (folder / "log.txt").read_text().partition("TOTAL ")[2].split()[0]
    return cost, round(float(total))


def _doctest(code: str) -> str:
    """Code as a doctest whose last line gives an empty list."""
    lines = [("... " if line.startswith(" ") else ">>> ") + line for line in code.splitlines()]
    return "\n".join([*lines, "[]", ""])


def prepare_peers() -> None:
    """Make the environments of the peers, if they are not there yet."""
    uv = Path(sys.executable).with_name("uv")
    for name in ("nbgrader", "otter-grader"):
        place = PEERS / name
        if (place / "ready").exists():
            continue
        print(f"making an environment for {name} in {place} …", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, place], check=True)
        packages = [name, "ipykernel", "fastapi", "httpx"]
        python = place / "bin" / "python"
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        (place / "ready").touch()


def once(grader: Callable[..., tuple[Cost, int]], count: int, **options: Any) -> Cost:
    """Grade a class of that size in a folder that is gone afterwards.

    Raises:
        AssertionError: the scores are not those that the answers deserve.
    """
    with tempfile.TemporaryDirectory() as folder:
        cost, found = grader(Path(folder) / "course", count, **options)
        assert found == truth(count), f"{grader} gave {found}, not {truth(count)}"
        return cost


def main(rounds: int) -> None:
    """Print what each costs a submission, and how many a second `workbook grade` does."""
    prepare_peers()
    graders = {"workbook": workbook, "nbgrader": nbgrader, "otter": otter}
    found: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in graders}
    for number in range(rounds):
        for name, grader in graders.items():
            found[name].append((once(grader, 1), once(grader, SUBMISSIONS[name])))
            print(f"round {number + 1}, {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    print(f"{'':<10}{'s each':>8}{'CPU s each':>12}{'s to start':>12}{'peak MB':>9}", end="")
    print(f"{'ratio':>7}")
    seconds = {name: _each(pairs, name, "seconds") for name, pairs in found.items()}
    cpu = {name: _each(pairs, name, "cpu") for name, pairs in found.items()}
    for name, pairs in found.items():
        start = min(one.seconds for one, _ in pairs) - seconds[name]
        peak = max(many.peak for _, many in pairs)
        print(
            f"{name:<10}{seconds[name]:>8.3f}{cpu[name]:>12.3f}{start:>12.1f}{peak:>9.0f}"
            f"{seconds[name] / seconds['workbook']:>7.1f}"
        )
    many = SUBMISSIONS["workbook"]
    print(f"\nworkers   submissions a second ({many} of them, start left out)")
    for workers in range(1, 5):
        pairs = [
            (once(workbook, 1, workers=workers), once(workbook, many, workers=workers))
            for _ in range(rounds)
        ]
        print(f"{workers:<10}{1 / _each(pairs, 'workbook', 'seconds'):.1f}", flush=True)


def _each(pairs: list[tuple[Cost, Cost]], name: str, what: str) -> float:
    one = min(getattr(first, what) for first, _ in pairs)
    many = min(getattr(second, what) for _, second in pairs)
    return (many - one) / (SUBMISSIONS[name] - 1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

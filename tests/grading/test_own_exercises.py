"""An instructor's own exercise, from its file through the command and the sandbox to the marks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXERCISE = '''\
"""The exercise of a week, with an adapter of its own."""

from fastapi import FastAPI

from workbook.adapters import WrongKind
from workbook.exercise import Exercise
from workbook.expectations import expect


def greeter(value):
    """Serve a function that takes a name."""
    if not callable(value):
        raise WrongKind("Pass the function, without parentheses.")
    app = FastAPI()
    app.get("/hello")(lambda name: {"message": value(name)})
    return app


greeting = Exercise(
    "greeting", title="A greeting", kind="make", section="2.5", hints=("a", "b", "c"), serve=greeter
)


@greeting.requirement("it greets by name", points=2)
async def greets(client, rng):
    name = rng.choice(["Ada", "Grace"]) + str(rng.randint(10, 99))
    expect(
        await client.get("/hello", params={"name": name}),
        status=200,
        json={"message": f"Hello, {name}!"},
        because="It greets everybody.",
    )
'''


def test_a_file_of_exercises(tmp_path: Path, notebook) -> None:
    """A right answer earns its points, a wrong one gets its reason, the wrong kind its sentence.

    What was handed out and not touched is not attempted. Where the check was deleted, the answer
    is what the notebook that was handed out checks.
    """
    (tmp_path / "week9.py").write_text(EXERCISE, encoding="utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    answers = {
        "ada": "def greet(name):\n    return f'Hello, {name}!'",
        "eve": "def greet(name):\n    return f'Hi, {name}!'",
        "kim": "greet = 'Hello'",
    }
    handed_out = "def greet(name):\n    return name"
    for name, code in {**answers, "joe": f"# mine\n{handed_out}", "lab": handed_out}.items():
        cells = ("from workbook import check", code, 'await check("greeting", greet)')
        (folder / f"{name}.ipynb").write_bytes(notebook(*cells))
    (folder / "lab.ipynb").rename(tmp_path / "lab.ipynb")
    (folder / "ida.ipynb").write_bytes(notebook("from workbook import check", answers["ada"]))
    command = [sys.executable, "-m", "workbook.cli", "grade", "in", "--exercises", "week9.py"]
    command += ["--handout", "lab.ipynb"]
    done = subprocess.run(
        [*command, "--workers", "1", "--output", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "out" / "marks.json").read_text(encoding="utf-8"))
    marks = {one["key"]: one for one in document["marks"]}
    earned = {name: one["earned"] for name, one in marks.items()}
    assert earned == {"ada": 2, "eve": 0, "ida": 2, "joe": 0, "kim": 0}
    said = {
        name: [one["exercises"][0]["message"], one["exercises"][0]["requirements"][0]["message"]]
        for name, one in marks.items()
    }
    assert said["joe"][0] == "The answer is as it was given."
    assert said["eve"][1].endswith("It greets everybody.")
    assert "Pass the function, without parentheses." in " ".join(said["kim"])

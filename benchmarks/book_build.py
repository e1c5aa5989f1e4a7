"""Cold and warm builds of the book, with the default build of the same tool as the yardstick.

Cold: no notebook cache, no doctrees. Warm: the same command again. One notebook: a code cell of
chapter 2 is changed in between. Everything is built in a copy. Run: python benchmarks/book_build.py
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import nbformat

from workbook import chapters

COMMAND = [str(Path(sys.executable).parent / "jupyter-book"), "build", "-W", "--keep-going"]


def build(folder: Path, *options: str) -> float:
    """Seconds that one build takes; it must succeed."""
    began = perf_counter()
    subprocess.run([*COMMAND, *options, "."], cwd=folder, check=True, capture_output=True)
    return perf_counter() - began


def main() -> None:
    """Print a row for each kind of build."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "book"
        shutil.copytree(
            chapters.ROOT,
            copy,
            ignore=shutil.ignore_patterns(".git", ".venv", "_build", "__pycache__", "work"),
        )
        print(f"cold, --all      {build(copy, '--all'):6.1f} s")
        print(f"warm, unchanged  {build(copy):6.1f} s")
        print(f"warm, --all      {build(copy, '--all'):6.1f} s")
        path = copy / "chapters" / "02_fastapi_basics.ipynb"
        notebook = nbformat.read(path, as_version=4)
        next(cell for cell in notebook.cells if cell.cell_type == "code").source += "\n# changed"
        nbformat.write(notebook, path)
        print(f"one code cell    {build(copy, '--all'):6.1f} s")


if __name__ == "__main__":
    main()

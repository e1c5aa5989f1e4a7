"""What every notebook keeps to: twice in a kernel, from anywhere, at once, leaving nothing."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from workbook import chapters
from workbook.running import run_notebooks

pytestmark = pytest.mark.anyio

NOTEBOOKS = [
    path
    for place in chapters.chapters()
    for path in (place.path, place.solution_path)
    if any(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
]
each_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)


async def run(path: Path, folder: Path, times: int = 1) -> None:
    """Run a notebook in a real kernel, with `folder` as its working directory."""
    notebook = nbformat.read(path, as_version=4)
    cells = notebook.cells
    notebook.cells = [cell for _ in range(times) for cell in nbformat.from_dict(cells)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    resources = {"metadata": {"path": str(folder)}}
    await NotebookClient(notebook, timeout=180, resources=resources).async_execute()


@pytest.mark.slow
@each_notebook
def test_without_a_kernel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every notebook runs from its own folder; in a solution every check passes."""
    if path.parent.name == "solutions":
        monkeypatch.setenv("WORKBOOK_STRICT", "1")
    (result,) = run_notebooks([path])
    assert result.error == ""
    if path.parent.name == "solutions":
        assert result.checks
        assert {one.outcome for one in result.checks} == {"passed"}
    else:
        assert {one.outcome for one in result.checks} <= {"not attempted", "not yet"}


@pytest.mark.slow
@each_notebook
async def test_twice_in_one_kernel_from_elsewhere(path: Path, tmp_path: Path) -> None:
    """Running all cells again changes nothing, and no file is left in the working directory."""
    await run(path, tmp_path, times=2)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@each_notebook
async def test_two_at_once(path: Path, tmp_path: Path) -> None:
    """Two kernels run the same notebook in the same folder without meeting."""
    await asyncio.gather(run(path, tmp_path), run(path, tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="gives up root's rights as Linux has them")
def test_read_only_source_tree(tmp_path: Path) -> None:
    """The notebooks run where the project may be read but not written."""
    clone = tmp_path / "clone"
    for name in ("chapters", "solutions", "workbook", "lesson_app", "book/coverage"):
        shutil.copytree(
            chapters.ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for path in (*clone.rglob("*"), clone):
        writable = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
        path.chmod(
            (path.stat().st_mode | stat.S_IROTH) & ~writable | (0o111 if path.is_dir() else 0)
        )
    before = sorted(clone.rglob("*"))
    code = """
import sys
from pathlib import Path
from workbook.running import run_notebooks

try:
    Path("trace").touch()
except PermissionError:
    paths = [path.resolve() for room in ("chapters", "solutions") for path in Path(room).glob("02*")]
    sys.exit("; ".join(run.error for run in run_notebooks(paths) if run.error) or 0)
sys.exit("the folder can be written")
"""
    command = [sys.executable, "-B", "-c", code]
    if os.geteuid() == 0:
        # Root may write anything, until it gives up just that right.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    result = subprocess.run(
        command,
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone), "HOME": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    clone.chmod(0o755)
    assert (result.returncode, result.stderr[-2000:]) == (0, "")
    assert sorted(clone.rglob("*")) == before

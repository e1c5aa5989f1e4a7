"""Running notebooks without a kernel."""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbook.running import execute, run_notebooks


def notebook(path: Path, *cells: str, tags: tuple[str, ...] = ()) -> Path:
    """Write a notebook with these code cells."""
    made = [new_markdown_cell("# Title"), *map(new_code_cell, cells)]
    for cell in made[1:]:
        cell.metadata["tags"] = list(tags)
    nbformat.write(new_notebook(cells=made), path)
    return path


RIGHT = """
from fastapi import FastAPI
from workbook import check
app = FastAPI()
"""


def test_cells_share_a_namespace_and_await(tmp_path: Path) -> None:
    """Top-level await, shell state and the notebook's own folder are as in a kernel."""
    path = notebook(
        tmp_path / "one.ipynb",
        "import asyncio, os\nvalue = await asyncio.sleep(0, 41)",
        "value += 1\nassert value == 42",
        f"assert os.getcwd() == {str(tmp_path)!r}",
        "assert 'value += 1' in In[2]",
        "%time value",
    )
    here = os.getcwd()
    (run,) = run_notebooks([path])
    assert (run.error, run.path) == ("", path)
    assert os.getcwd() == here


def test_failing_cell_is_named_and_ends_the_notebook(tmp_path: Path) -> None:
    """The error says which cell; later cells do not run."""
    path = notebook(
        tmp_path / "one.ipynb", "1 / 0", f"open({str(tmp_path / 'trace')!r}, 'w').close()"
    )
    (run,) = run_notebooks([path])
    assert run.error.startswith("cell 2 (")
    assert run.error.endswith("ZeroDivisionError: division by zero")
    assert not (tmp_path / "trace").exists()


def test_expected_errors_are_tagged(tmp_path: Path) -> None:
    """A cell that is to raise has the tag that nbmake knows."""
    path = notebook(tmp_path / "one.ipynb", "1 / 0", tags=("raises-exception",))
    (run,) = run_notebooks([path])
    assert run.error == ""


def test_checks_are_collected(tmp_path: Path) -> None:
    """Each check cell gives its exercise, its outcome and its card."""
    path = notebook(
        tmp_path / "one.ipynb",
        "from workbook.exercise import Exercise\n"
        "from workbook.expectations import expect\n"
        "one = Exercise('one', title='One', kind='make', section='2.1', hints=('', '', ''))\n"
        "@one.requirement('it is there')\n"
        "async def there(client):\n"
        "    expect(await client.get('/docs'), status=200, because='It is.')",
        RIGHT + "await check('one', app)",
    )
    (run,) = run_notebooks([path])
    assert run.error == ""
    assert [(one.exercise, one.outcome) for one in run.checks] == [("one", "passed")]


def test_order_limit_and_sudden_death(tmp_path: Path) -> None:
    """Results come in order; a notebook that hangs or dies is reported, the others go on."""
    paths = [
        notebook(tmp_path / "a.ipynb", "import time; time.sleep(60)"),
        notebook(tmp_path / "b.ipynb", "import os; os._exit(3)"),
        notebook(tmp_path / "c.ipynb", "pass"),
    ]
    runs = list(run_notebooks(paths, time_limit=2))
    assert [run.path for run in runs] == paths
    assert [run.error for run in runs] == [
        "not finished after 2 s",
        "the process ended with exit code 3",
        "",
    ]


def test_a_long_notebook_keeps_no_place_empty(tmp_path: Path) -> None:
    """Those after it take turns in the other place; their results wait for its own."""
    trace = tmp_path / "trace"
    long = f"""
import pathlib, time
for _ in range(600):
    if pathlib.Path({str(trace)!r}).exists(): break
    time.sleep(0.1)
else: raise TimeoutError("the others wait for this one")
"""
    paths = [
        notebook(tmp_path / "a.ipynb", long),
        notebook(tmp_path / "b.ipynb", "pass"),
        notebook(tmp_path / "c.ipynb", f"open({str(trace)!r}, 'w').close()"),
    ]
    runs = list(run_notebooks(paths, workers=2))
    assert [(run.path, run.error) for run in runs] == [(path, "") for path in paths]


@pytest.mark.anyio
async def test_execute_awaits_and_binds() -> None:
    """Code with a top-level await leaves its names in the namespace."""
    namespace: dict[str, object] = {}
    await execute("import asyncio\nvalue = await asyncio.sleep(0, 3)", namespace)
    assert namespace["value"] == 3
    await execute("value = 4", namespace)
    assert namespace["value"] == 4

"""A learner's first hour: JupyterLab opens, a chapter runs, an exercise is solved by typing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.reader import NotJSONError
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TimedOut

from tests.browser import chromium
from tests.ports import free_port
from workbook import chapters
from workbook.cells import read_cells

pytestmark = pytest.mark.slow

EXERCISE = "bounded_pages"
CHAPTER = chapters.chapter(2)
MINUTES = 60_000
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}
"""Every cell is in the page: one that JupyterLab takes out while it scrolls can't be found."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab on a clone of its own."""

    address: str
    work: Path

    @property
    def progress(self) -> dict:
        """What the progress file holds by now."""
        file = self.work / ".workbook" / "progress.json"
        return json.loads(file.read_text(encoding="utf-8"))["exercises"] if file.exists() else {}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`workbook lab` in a copy of the project, so that the real `work/` is not touched."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("chapters", "solutions", "workbook", "lesson_app", "book/coverage"):
        shutil.copytree(
            chapters.ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for plugin, settings in SETTINGS.items():
        file = clone / "settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(clone),
        "JUPYTER_TOKEN": "test",
        "JUPYTER_DATA_DIR": str(clone / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(clone / "jupyter"),
        "JUPYTERLAB_SETTINGS_DIR": str(clone / "settings"),
        "IPYTHONDIR": str(clone / "ipython"),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "workbook.cli", "lab", "--no-browser", "--port", str(port)],
        cwd=clone,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api/status?token=test", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, "JupyterLab ended"
                time.sleep(0.2)
        yield Lab(address, clone / "work")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@pytest.fixture(scope="module")
def landing(lab: Lab) -> Iterator[Page]:
    """The page that the printed address leads to: the first chapter that can be run."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{lab.address}/?token=test")
        wait_for_notebook(page)
        yield page
        page.context.close()


@pytest.fixture(scope="module")
def page(lab: Lab, landing: Page) -> Page:
    """The chapter with the exercise, alone in a workspace of its own."""
    landing.goto(f"{lab.address}/lab/workspaces/exercise/tree/{CHAPTER.path.name}?reset")
    wait_for_notebook(landing)
    return landing


def wait_for_notebook(page: Page) -> None:
    """Wait until one notebook is open and its kernel is idle, as the toolbar's circle shows."""
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=2 * MINUTES)
    idle = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    idle.wait_for(timeout=2 * MINUTES)
    expect(page.locator(".jp-Notebook")).to_have_count(1)


def save(page: Page, lab: Lab) -> nbformat.NotebookNode:
    """Save the notebook and read it from the disk, when it has been written to its end."""
    path = lab.work / CHAPTER.path.name
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(100):
        page.wait_for_timeout(100)
        if path.stat().st_mtime_ns != before:
            with suppress(NotJSONError):
                return nbformat.read(path, as_version=4)
    return nbformat.read(path, as_version=4)


def run_all(page: Page) -> None:
    """Run All Cells, from the menu; a click before the notebook has the focus does nothing."""
    # A cell that waits for the kernel shows a star, one that has run its number.
    started = page.locator(".jp-InputPrompt").filter(has_text=re.compile(r"\[(\*|\d+)\]")).first
    for _ in range(5):
        page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(TimedOut):
            return started.wait_for(timeout=MINUTES / 4)
    raise AssertionError("no cell was ever run")


def write(cell: Locator, text: str) -> None:
    """Put a text in the place of what the editor of a cell holds."""
    editor = focus(cell)
    editor.press("Control+a")
    cell.page.keyboard.insert_text(text)
    assert "".join(text.split()) == "".join(editor.inner_text().split())


def focus(cell: Locator) -> Locator:
    """Click into the editor of a cell, and see that it has the focus: keys go to no other."""
    editor = cell.locator(".cm-content")
    editor.click()
    expect(editor).to_be_focused()
    return editor


def test_lab_opens_on_a_chapter_without_a_pop_up(landing: Page) -> None:
    """The address without a path leads to the first chapter; nothing stands in front of it."""
    assert landing.url.endswith(f"/lab/tree/{chapters.chapter(1).path.name}")
    assert landing.locator(".jp-Dialog, .Toastify__toast").count() == 0


def test_whole_chapter_runs(page: Page, lab: Lab) -> None:
    """Run All Cells leaves every cell executed and no error that the chapter does not expect."""
    run_all(page)
    expected = [cell for cell in read_cells(CHAPTER.path) if cell.kind == "code"]
    for _ in range(90):
        page.wait_for_timeout(1500)
        cells = [one for one in save(page, lab).cells if one.cell_type == "code"]
        if all(cell.execution_count for cell in cells):
            break
    assert [cell.execution_count for cell in cells] == list(range(1, len(expected) + 1))
    errors = [
        output.evalue
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
    ]
    assert errors == []
    assert lab.progress[EXERCISE]["outcome"] == "not attempted"


def test_exercise_is_solved_by_typing(page: Page, lab: Lab) -> None:
    """A wrong answer says what is wrong; the right one passes; progress changes with it."""
    starter = chapters.starter_code(EXERCISE, 2)
    solution = chapters.solution_code(EXERCISE, 2)
    check = page.locator(".jp-CodeCell").filter(has_text=f'await check("{EXERCISE}"')
    card = check.locator(".wb-card .wb-title")
    if not card.count():  # this test runs alone, or in another worker than the one above
        run_all(page)
        expect(card).to_contain_text("Not attempted", timeout=3 * MINUTES)
    answer = check.locator("xpath=preceding-sibling::*[1]")
    expect(answer.locator(".cm-content")).to_contain_text("def read_page")
    wrong = solution.replace("100", "1000000").replace("le=", "lt=")
    for text, said in ((wrong, "Not yet"), (solution, "Passed")):
        write(answer, text)
        focus(answer).press("Shift+Enter")
        focus(check).press("Shift+Enter")
        expect(card).to_contain_text(said, timeout=MINUTES)
    assert lab.progress[EXERCISE]["outcome"] == "passed"
    stored = [cell.source for cell in save(page, lab).cells]
    assert solution in stored
    assert starter not in stored

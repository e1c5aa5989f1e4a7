"""Bring a newer book into a learner's notebooks, cell by cell, keeping what they wrote."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
from nbdime.merging.notebooks import merge_notebooks
from nbformat import NotebookNode

from workbook.chapters import chapters
from workbook.records import FOLDER

_LEARNER_WINS = SimpleNamespace(
    merge_strategy="use-local",
    input_strategy="use-local",
    output_strategy="use-local",
    ignore_transients=True,
    log_level="WARN",
)


@dataclass(frozen=True)
class Updated:
    """What became of one notebook: `new`, `replaced` (it was untouched), `merged` or `kept`."""

    name: str
    what: str
    note: str = ""


def update_work(work: Path) -> list[Updated]:
    """Merge the shipped chapters into `work`.

    The base of the merge is what the learner began with, kept in `work/.workbook/base`. Where
    both sides changed the same cell, the learner's stays. Before a notebook is changed it is
    copied to `work/.workbook/before-update/`.

    Returns:
        One entry for each notebook that is not as it was.
    """
    base_folder = work / FOLDER / "base"
    base_folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return [
        done
        for place in chapters()
        if (done := _update(place.path, work / place.path.name, base_folder, stamp)) is not None
    ]


def _update(shipped: Path, mine: Path, base_folder: Path, stamp: str) -> Updated | None:
    base = base_folder / shipped.name
    if not mine.exists():
        shutil.copyfile(shipped, mine)
        shutil.copyfile(shipped, base)
        return Updated(mine.name, "new")
    if base.exists() and base.read_bytes() == shipped.read_bytes():
        return None
    try:
        local = nbformat.read(mine, as_version=4)
    except Exception as error:  # noqa: BLE001 - nbformat raises several kinds for a broken file
        return Updated(mine.name, "kept", f"it can't be read as a notebook: {error}")
    if not base.exists():
        note = "what it began with is not known; rename it and run this again to get the new one"
        return Updated(mine.name, "kept", note)
    before = base_folder.parent / "before-update" / f"{mine.stem}-{stamp}.ipynb"
    before.parent.mkdir(exist_ok=True)
    shutil.copyfile(mine, before)
    old = nbformat.read(base, as_version=4)
    if _sources(old) == _sources(local):
        shutil.copyfile(shipped, mine)
        shutil.copyfile(shipped, base)
        return Updated(mine.name, "replaced")
    merged, _ = merge_notebooks(old, local, nbformat.read(shipped, as_version=4), _LEARNER_WINS)
    new = mine.with_suffix(".merging")
    nbformat.write(nbformat.from_dict(merged), new)
    new.replace(mine)
    shutil.copyfile(shipped, base)
    return Updated(mine.name, "merged", f"as it was before: {FOLDER}/before-update/{before.name}")


def _sources(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]

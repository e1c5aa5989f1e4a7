"""The form in which a notebook is committed: nothing in it that a run or an editor changed."""

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}

_KEPT = ("tags", "mystnb", "slideshow", "editable")
"""Cell metadata that an author sets; what JupyterLab adds for itself is dropped."""


def tidied(notebook: NotebookNode) -> NotebookNode:
    """A copy without outputs and counts, with plain metadata; cell ids stay as they are."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in _KEPT if cell.metadata.get(key)}
        )
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def tidy(path: Path) -> bool:
    """Bring a notebook's file into that form.

    Returns:
        Whether the file was changed.
    """
    before = path.read_text(encoding="utf-8")
    after = nbformat.writes(tidied(nbformat.reads(before, as_version=4))) + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before

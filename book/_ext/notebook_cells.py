"""Folded notebook cells whose button is named by the words on it.

myst-nb names each of them "Toggle hidden content", whatever is written there. A name that leaves
out the visible words fails WCAG 2.5.3 (label in name): voice control cannot press the button.
"""

from html import escape

from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator


def open_fold(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Write the start of a folded cell: the same markup as myst-nb's, without its label."""
    classes = " ".join(node["classes"])
    self.body.append(
        f'<details class="admonition hide {classes}">\n<summary>\n'
        f'<p class="collapsed admonition-title">{escape(node["prompt_show"])}</p>\n'
        f'<p class="expanded admonition-title">{escape(node["prompt_hide"])}</p>\n'
        "</summary>\n"
    )


def close_fold(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Write the end of a folded cell."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

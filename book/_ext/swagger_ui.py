"""Swagger UI on pages that show an OpenAPI document, from files of the book's own.

`workbook.openapi_figures.openapi_table` leaves the document in the page. A page that has one gets
a script that offers to open it in Swagger UI; the two large files load when a reader does so.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

VENDORED = Path(__file__).parents[1] / "_vendor"
MARK = 'class="wb-openapi"'


def publish_files(app: Sphinx, config: Config) -> None:
    """Have the vendored folder copied to the root of the output, with its licences."""
    config.html_extra_path = [*config.html_extra_path, str(VENDORED)]


def add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the script to a page that holds a document."""
    if MARK in context.get("body", ""):
        app.add_js_file("openapi.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("config-inited", publish_files)
    app.connect("html-page-context", add_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

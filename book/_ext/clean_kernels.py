"""Pages run with the settings a reader has: none.

A kernel inherits the environment of the build. A `WORKBOOK_STRICT` or `WORKBOOK_HOME` left over
in a shell would change what a page shows, so those names are removed before any page is run.
"""

import os

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def forget_settings() -> None:
    """Remove every `WORKBOOK_*` variable from this process and so from the kernels it starts."""
    for name in [name for name in os.environ if name.startswith("WORKBOOK_")]:
        del os.environ[name]


def setup(app: Sphinx) -> ExtensionMetadata:
    forget_settings()
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

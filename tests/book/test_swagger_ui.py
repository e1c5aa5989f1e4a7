"""Swagger UI comes from the book's own files, and only to pages that show an OpenAPI document."""

import importlib
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from sphinx.testing.util import SphinxTestApp

from workbook.openapi_figures import openapi_table

BOOK = Path(__file__).parents[2] / "book"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Sphinx 7's own, when it starts
def test_only_a_page_with_a_document_gets_the_script(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The script is on the page that the table is on; files and licence are in the output."""
    monkeypatch.syspath_prepend(BOOK / "_ext")
    (tmp_path / "conf.py").write_text("")
    table = openapi_table(FastAPI()).html.replace("\n", " ")
    (tmp_path / "index.rst").write_text(f"Title\n=====\n\n.. raw:: html\n\n   {table}\n")
    (tmp_path / "plain.rst").write_text(":orphan:\n\nTitle\n=====\n")
    settings = {
        "extensions": ["swagger_ui"],
        "html_theme": "basic",
        "html_static_path": [str(BOOK / "_static")],
    }
    app = SphinxTestApp("html", srcdir=tmp_path, confoverrides=settings)
    app.build()
    output = Path(app.outdir)
    app.cleanup()
    del sys.modules["swagger_ui"]
    assert "openapi.js" in (output / "index.html").read_text()
    assert "openapi.js" not in (output / "plain.html").read_text()
    assert {path.name for path in (output / "swagger-ui").iterdir()} >= {
        "LICENSE",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    }


def test_the_vendored_files_load_nothing_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit of the built book would find it, but only after a build."""
    monkeypatch.syspath_prepend(BOOK / "_ext")
    remote_loads = importlib.import_module("remote_loads")
    del sys.modules["remote_loads"]
    assert list(remote_loads.remote_loads(BOOK / "_vendor")) == []

"""The shop's own exceptions."""

import ast
from pathlib import Path

from lesson_app.core import exceptions


def test_domain_exceptions_know_no_http():
    """The module imports nothing that could tell it a status code."""
    tree = ast.parse(Path(exceptions.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= {"collections.abc", "typing"}

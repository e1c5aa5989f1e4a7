"""Each mistake of the guide that a backend could repeat has a test of the shop.

The guide that this book follows was run statement by statement. What turned out to be broken or
insecure is listed here by its section; a test that keeps the shop from it says so: its docstring
begins with `Audit`, the section, and a colon.
"""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent

FINDINGS = {
    "1.2": "how uv starts a project, before there is a backend",
    "2.3b": None,
    "3.3": None,
    "4.8": "decorators without a function: a mistake of the page, in chapter 4",
    "5.4": None,
    "6.3": None,
    "8.1": None,
    "8.4": None,
    "8.6": None,
    "8.7": "a missing import in an example without async: a mistake of the page, in chapter 8",
    "8.8": None,
    "9.2": None,
    "10.1": None,
    "10.2": None,
    "10.3": None,
    "10.4": None,
    "10.5": None,
    "10.6": None,
    "11": None,
    "12": None,
    "13": None,
    "14.2": None,
    "15.2": None,
    "15.3": None,
    "15.4": None,
    "16.2": "a fixture that no test can use: a mistake of the page, in chapter 16",
    "16.3": "a plugin that was not installed: a mistake of the page, in chapter 16",
    "16.4": None,
    "16.5": "a mock of a module that does not exist: a mistake of the page, in chapter 16",
    "17.1": None,
    "17.2": None,
    "17.3": None,
    "17.5": None,
}
"""The section of each finding, and why it needs no test of the shop, if it needs none."""


def sections_with_a_test() -> set[str]:
    """The sections that the docstrings of tests name."""
    docstrings = (
        ast.get_docstring(node) or ""
        for folder in ("lesson_app", "deploy")
        for path in (TESTS / folder).rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )
    return {match[1] for text in docstrings if (match := re.match(r"Audit ([^:]+): ", text))}


def test_every_finding_has_a_test_or_a_reason():
    """None is forgotten, and no reason stays once there is a test."""
    without_reason = {section for section, reason in FINDINGS.items() if reason is None}
    assert without_reason == sections_with_a_test() & FINDINGS.keys()

"""What the image installs: a part of requirements.lock, and all that the shop imports."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.environments import DEPLOY, ROOT


def blocks(name: str) -> dict[str, str]:
    """Return what a lock file says about each package: version, marker and hashes."""
    text = (ROOT / name).read_text()
    return {block.split("==")[0]: block for block in re.split(r"\n(?=\S)", text.rstrip())}


def version(block: str) -> str:
    return block.split("==")[1].split()[0]


def hashes(block: str) -> set[str]:
    return set(re.findall(r"sha256:\w+", block))


def wanted() -> set[str]:
    """The packages that requirements.in names."""
    lines = (DEPLOY / "requirements.in").read_text().splitlines()
    return {canonicalize_name(Requirement(one).name) for one in lines if not one.startswith("#")}


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    return blocks("requirements.lock")


@pytest.fixture(scope="module")
def installed() -> dict[str, str]:
    return blocks("deploy/requirements.txt")


def test_the_image_has_the_versions_that_were_tested(locked, installed):
    """Each package stands in requirements.lock with the same version, and its files are let in."""
    for name, block in installed.items():
        assert name in locked, f"run `sh deploy/lock.sh`: {name} is not in requirements.lock"
        assert version(locked[name]) == version(block)
        # The other way round does not hold: uv.lock leaves out files for older Pythons.
        assert set() == hashes(locked[name]) - hashes(block)


def test_every_package_has_a_hash(installed):
    """A file that an index changed is refused."""
    assert [name for name, block in installed.items() if "--hash=sha256:" not in block] == []


def test_no_index_is_named(installed):
    """Where packages come from is the business of the machine that builds."""
    assert [name for name, block in installed.items() if "://" in block] == []
    assert [name for name in installed if name.startswith("-")] == []


def test_what_is_wanted_is_installed(installed):
    """requirements.txt was written after the last change of requirements.in."""
    assert set() == wanted() - set(installed)


def test_all_that_the_shop_imports_is_installed(installed):
    """The modules that lesson_app imports, at the top or later, come from packages named there."""
    modules = set()
    for path in [*(ROOT / "lesson_app").rglob("*.py"), *DEPLOY.glob("check_*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    packages = packages_distributions()
    for module in modules - set(sys.stdlib_module_names) - {"lesson_app"}:
        # A package without an `__init__.py`, such as `opentelemetry`, is part of several.
        names = {canonicalize_name(name) for name in packages[module]}
        assert names & set(installed), f"add the package of `import {module}` to requirements.in"


@pytest.mark.parametrize("package", ["jupyterlab", "pytest", "httpx", "fastapi-cli", "uv"])
def test_what_lessons_and_tests_need_stays_out(installed, package: str):
    """The image holds a shop, and no tools."""
    assert package not in installed

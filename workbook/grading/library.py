"""What a submission may read: the libraries, and of this workbook what a lesson imports."""

import ast
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import lesson_app
import workbook
from workbook import chapters
from workbook.cells import read_cells
from workbook.exercise import Exercise

_SECRET = ("exercises", "questions")
"""Requirements, and the answers of quizzes."""

_OF_THE_SANDBOX = (
    "__pycache__",
    "__init__.py",
    "bridge.py",
    "calls.py",
    "channel.py",
    "child.py",
    "frames.py",
    "kernel.py",
    "limits.py",
    "sandbox",
    "trial_runner.py",
    "zygote.py",
)
_WORKBOOK, _SHOP = Path(workbook.__file__).parent, Path(lesson_app.__file__).parent
_ALWAYS = ("fastapi", "fastapi.testclient", "httpx", "pydantic", "sqlalchemy.ext.asyncio")


class ExposedWorkbook(RuntimeError):
    """The workbook lies where a submission would see its solutions; the message says what to do."""


def copy_workbook(folder: Path) -> None:
    """Put the packages that a lesson imports into `folder`, without anything secret."""

    def ignore(place: str, names: list[str]) -> set[str]:
        if Path(place) == _WORKBOOK:
            return set(names) & set(_SECRET)
        if Path(place) == _WORKBOOK / "grading":
            return set(names) - set(_OF_THE_SANDBOX)
        return set()

    # With the times of the files, so that what was compiled is used there too.
    shutil.copytree(_WORKBOOK, folder / "workbook", ignore=ignore)
    shutil.copytree(_SHOP, folder / "lesson_app")


def import_paths() -> list[str]:
    """The folders of installed packages; not the folder of a script, nor the working directory."""
    found = [Path(one).resolve() for one in sys.path]
    shared = [one for one in found if one.name in ("site-packages", "dist-packages")]
    return [str(one) for one in dict.fromkeys(shared) if one.is_dir()]


def readable_paths(library: Path) -> list[str]:
    """Every file and folder that a submission may read, besides its own; outer ones first.

    Raises:
        ExposedWorkbook: the requirements lie inside one of them.
    """
    paths = [*import_paths(), sysconfig.get_path("stdlib")]
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        paths.append(str(sysconfig.get_config_var("LIBDIR")))
    paths += ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
    for path in paths:
        if chapters.ROOT.is_relative_to(path):
            raise ExposedWorkbook(
                f"The workbook lies in {path}, which submissions have to read, and so they could "
                "read its solutions too. Grade from a copy of the workbook in a folder of its own."
            )
    return sorted({one for one in (*paths, str(library)) if Path(one).exists()}, key=len)


def modules_to_load(exercises: Iterable[Exercise]) -> list[str]:
    """The modules that the chapters of these exercises import; they are loaded once for all."""
    found = dict.fromkeys(_ALWAYS)
    for number in sorted({exercise.chapter for exercise in exercises}):
        for cell in read_cells(chapters.chapter(number).path):
            if cell.kind == "code":
                found |= dict.fromkeys(_imported(cell.source))
    return list(found)


def _imported(code: str) -> list[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names += [one.name for one in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                names.append(module)
    return names

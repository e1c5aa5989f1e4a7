"""Tell a learner which of their own lines raised, without the frames of any library."""

import linecache
import re
import sysconfig
import traceback
from pathlib import Path
from types import FrameType

from IPython.core.getipython import get_ipython

_OURS = str(Path(__file__).parent)
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_GRADED_CELL = re.compile(r"<answer cell (\d+)>")
_CELL = re.compile(r"ipykernel_\d+|<ipython-input-\d+|<your lines>|<answer ")


class RaisedElsewhere(Exception):
    """Stands for an exception that a learner's code raised in another process.

    Attributes:
        message: what `message` said of it there.
        where: what `learners_line` said of it there.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message, self.where = message, where


def message(error: BaseException) -> str:
    """The exception's kind and text in one line: `KeyError: 'price'`."""
    if isinstance(error, RaisedElsewhere):
        return error.message
    return "".join(traceback.format_exception_only(error)).strip()


def learners_line(error: BaseException) -> str:
    """The innermost line of the traceback that the learner wrote.

    Returns:
        `cell 5, line 7, in read_item: return items[item_id]`, or an empty string if there is none.
    """
    if isinstance(error, RaisedElsewhere):
        return error.where
    if isinstance(error, SyntaxError) and error.text:
        return f"line {error.lineno}: {error.text.strip()}"
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _is_the_learners(frame):
            text = linecache.getline(frame.f_code.co_filename, line).strip()
            name = frame.f_code.co_name
            inside = "" if name.startswith("<") else f", in {name}"
            found = f"{_cell(frame)}line {line}{inside}" + (f": {text}" if text else "")
    return found


def _cell(frame: FrameType) -> str:
    """`cell 5, ` when the code is that of a notebook's cell, by the number beside the cell."""
    if found := _GRADED_CELL.fullmatch(frame.f_code.co_filename):
        return f"cell {found[1]}, "
    shell = get_ipython()
    number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(
        frame.f_code.co_filename
    )
    return "" if number is None else f"cell {number}, "


def _is_the_learners(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    if _CELL.search(name):
        return True
    return not name.startswith((_OURS, *_LIBRARIES, "<frozen", "<string>"))

"""Parts of the shop that need more than its own dependencies: each comes with an extra."""

from collections.abc import Generator
from contextlib import contextmanager


class MissingExtra(ImportError):
    """A setting asks for a part of the shop whose packages are not installed."""


@contextmanager
def needs_extra(name: str, setting: str) -> Generator[None]:
    """Say what to install when an import in the body fails.

    Args:
        name: the extra, as `pyproject.toml` calls it.
        setting: the environment variable that asks for what needs it.

    Raises:
        MissingExtra: a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{setting} needs the extra '{name}' ({error.name} is not installed):"
            f" uv sync --extra {name}, or pip install 'fastapi-workbook[{name}]'"
        ) from error

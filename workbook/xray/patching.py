"""Attributes that are replaced for the length of an x-ray, and put back after it."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

_lock = threading.Lock()
_held: dict[tuple[int, str], "_Patch"] = {}


class _Patch:
    """One replaced attribute. X-rays that overlap share it; the last one puts it back."""

    def __init__(self, target: Any, name: str, original: Any) -> None:
        self.target = target
        self.name = name
        self.original = original
        self.users = 0


class Patches(ExitStack):
    """The replaced attributes of one x-ray, released when the block ends, whatever happens."""

    def replace(self, target: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Replace `target.name` by `wrap` of what it is, unless another x-ray already has.

        An object that does not let its attribute be set is left alone: the x-ray sees less then.
        """
        with _lock:
            patch = _held.get((id(target), name))
            if patch is None:
                patch = _Patch(target, name, getattr(target, name))
                try:
                    setattr(target, name, wrap(patch.original))
                except (AttributeError, TypeError):
                    return
                _held[id(target), name] = patch
            patch.users += 1
        self.callback(_release, patch)


def original(target: Any, name: str) -> Any:
    """What `target.name` is without any x-ray."""
    patch = _held.get((id(target), name))
    return patch.original if patch is not None else getattr(target, name)


def _release(patch: _Patch) -> None:
    with _lock:
        patch.users -= 1
        if patch.users == 0:
            del _held[id(patch.target), patch.name]
            setattr(patch.target, patch.name, patch.original)

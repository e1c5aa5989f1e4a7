"""How much space the files of a submission take, where nothing else counts it."""

import os
from pathlib import Path

_MOST_ENTRIES = 10_000


def disk_usage(folder: Path, enough: int) -> int:
    """Bytes of all files below a folder; links are not followed.

    Args:
        folder: it may change, or vanish, while it is looked at.
        enough: stop counting there; a folder of very many entries counts as more.
    """
    total = entries = 0
    waiting = [os.fspath(folder)]
    while waiting and total <= enough:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    if entries > _MOST_ENTRIES:
                        return enough + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total

"""Whether the machine had more to do than it could, so that everything took longer than it should.

Source: Linux, `Documentation/accounting/psi.rst`.
"""

import os
import re
from pathlib import Path
from time import monotonic

_FILE = Path("/proc/pressure/cpu")
_HIGH = 0.25
"""Share of the time in which something that could run waited for a processor."""


class Pressure:
    """Watches the machine from when it is made."""

    def __init__(self) -> None:
        self._began, self._waited = monotonic(), _waited()

    def was_high(self) -> bool:
        """Whether processes had to wait for a processor much of the time since then."""
        if self._waited is None or (waited := _waited()) is None:
            # A kernel without this account: what waits on average, over a minute.
            return os.getloadavg()[0] > (os.cpu_count() or 1)
        return waited - self._waited > _HIGH * (monotonic() - self._began)


def _waited() -> float | None:
    """Seconds, since the machine started, in which something waited for a processor."""
    try:
        found = re.search(r"^some .*total=(\d+)", _FILE.read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) / 1e6 if found else None

"""One bar of a timeline, and how its times are written."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One thing that took time.

    Attributes:
        label: what it was, in a few words.
        start: seconds, on the same clock for all bars (`time.perf_counter()` will do).
        end: seconds on that clock; equal to `start` for a moment without duration.
        group: bars of one group stand together under this heading.
        kind: what sort of thing it was; bars of one kind have one colour.
        note: a remark written beside the bar.
        depth: how far the label is indented, for bars that happened inside other bars.
        failed: draw the bar as one that ended in an error.
    """

    label: str = field(kw_only=False)
    start: float = field(kw_only=False)
    end: float = field(kw_only=False)
    group: str = ""
    kind: str = ""
    note: str = ""
    depth: int = 0
    failed: bool = False

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


def milliseconds(seconds: float) -> str:
    """A duration as the figures write it: three figures at most, in ms."""
    value = seconds * 1000
    if value == 0:
        return "0 ms"
    if value < 0.005:
        return "<0.01 ms"
    if value >= 99.95:
        return f"{value:.0f} ms"
    if value >= 9.995:
        return f"{value:.1f} ms"
    return f"{value:.2f} ms"

"""Figures of what happened when: bars on one time axis, drawn from measured starts and ends.

`timeline(bars, title=…)` is what a cell ends with. It shows itself as an SVG figure in JupyterLab
and in the HTML book, and as an aligned table of text in a terminal; both say the same.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbook import timeline_style, timeline_svg
from workbook.bar import Bar, milliseconds

__all__ = ["Bar", "Timeline", "milliseconds", "timeline"]

_TEXT_BAR_COLUMNS = 36
_LABEL_WIDTH = 56
_BARS_NAMED_IN_DESCRIPTION = 8


@dataclass(frozen=True)
class Timeline:
    """A figure of bars; the last expression of a cell shows it.

    Attributes:
        bars: with times in seconds from the zero of the figure, group by group.
        title: the caption, also the name of the image for a screen reader.
        alt: what the figure shows, for a reader who does not see it.
    """

    bars: tuple[Bar, ...]
    title: str
    alt: str

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.table}"

    @property
    def table(self) -> str:
        """The figure in characters: a line a bar."""
        kinds = len({bar.kind for bar in self.bars}) > 1
        end = max((bar.end for bar in self.bars), default=0.0)
        rows = [
            (
                bar.kind if kinds else "",
                _cut("  " * bar.depth + bar.label),
                milliseconds(bar.start),
                milliseconds(bar.duration),
                _text_bar(bar, end),
                ("✕ " if bar.failed else "") + bar.note,
            )
            for bar in self.bars
        ]
        head = ("kind" if kinds else "", "what", "start", "took", "", "")
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(4)]
        lines = [_text_row(head, widths)]
        group = ""
        for bar, row in zip(self.bars, rows, strict=True):
            if bar.group != group:
                group = bar.group
                lines.append(f"── {group} " + "─" * max(2, 40 - len(group)))
            lines.append(_text_row(row, widths))
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """The figure as one self-contained piece of HTML: no script, nothing loaded, no ids."""
        title = html.escape(self.title)
        wide = timeline_svg.draw(self.bars, timeline_svg.WIDE, title=self.title, alt=self.alt)
        narrow = timeline_svg.draw(self.bars, timeline_svg.NARROW, title=self.title, alt=self.alt)
        return (
            f'<figure class="wb-timeline"><style>{timeline_style.STYLE}</style>'
            f"<figcaption>{title}</figcaption>"
            f'<div class="wb-drawing">{wide}{narrow}</div>'
            f"<details><summary>The same as a table</summary>{_html_table(self.bars, title)}"
            "</details></figure>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": str(self)}


def timeline(
    bars: Iterable[Bar],
    *,
    title: str,
    alt: str | None = None,
    each_group_from_zero: bool = False,
) -> Timeline:
    """Draw bars on a common time axis that starts at the earliest of them.

    Args:
        bars: in the order in which they are to stand; those of one group are brought together.
        title: what the figure shows, in one line.
        alt: what to see in the figure; without it the bars are told in words.
        each_group_from_zero: give each group its own zero. For runs that were measured one after
            the other and are to be compared.

    Raises:
        ValueError: when a bar ends before it starts.
    """
    groups: dict[str, list[Bar]] = {}
    for bar in bars:
        if bar.end < bar.start:
            raise ValueError(f"{bar.label!r} ends before it starts: {bar.start} > {bar.end}")
        groups.setdefault(bar.group, []).append(bar)
    earliest = min((bar.start for group in groups.values() for bar in group), default=0.0)
    drawn: list[Bar] = []
    for group in groups.values():
        zero = min(bar.start for bar in group) if each_group_from_zero else earliest
        drawn += [replace(bar, start=bar.start - zero, end=bar.end - zero) for bar in group]
    return Timeline(tuple(drawn), title, alt if alt is not None else _description(drawn))


def _description(bars: Sequence[Bar]) -> str:
    if not bars:
        return "Nothing was recorded."
    named = "; ".join(
        f"{bar.group + ', ' if bar.group else ''}{bar.label}: "
        f"{milliseconds(bar.start)} to {milliseconds(bar.end)}"
        for bar in bars[:_BARS_NAMED_IN_DESCRIPTION]
    )
    more = len(bars) - _BARS_NAMED_IN_DESCRIPTION
    return f"{named}; and {more} more, in the table." if more > 0 else f"{named}."


def _text_bar(bar: Bar, end: float) -> str:
    scale = _TEXT_BAR_COLUMNS / end if end > 0 else 0.0
    first = min(int(bar.start * scale), _TEXT_BAR_COLUMNS - 1)
    columns = max(1, round(bar.end * scale) - first)
    return f"│{' ' * first}{'█' * columns}".ljust(_TEXT_BAR_COLUMNS + 1) + "│"


def _cut(label: str) -> str:
    """Cut a label, such as a long statement, to what fits a terminal beside its bar."""
    return label if len(label) <= _LABEL_WIDTH else label[: _LABEL_WIDTH - 1] + "…"


def _text_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    kind, label, start, took, bar, note = cells
    kind_column = f"{kind:<{widths[0]}}  " if widths[0] else ""
    return (
        f"{kind_column}{label:<{widths[1]}}  {start:>{widths[2]}}  {took:>{widths[3]}}  {bar} {note}"
    ).rstrip()


def _html_table(bars: Sequence[Bar], title: str) -> str:
    columns: list[tuple[str, list[str]]] = [
        ("group", [bar.group for bar in bars]),
        ("kind", [bar.kind for bar in bars]),
        ("what", [" " * 3 * bar.depth + bar.label for bar in bars]),
        ("start", [milliseconds(bar.start) for bar in bars]),
        ("took", [milliseconds(bar.duration) for bar in bars]),
        ("note", [("✕ " if bar.failed else "") + bar.note for bar in bars]),
    ]
    used = [(name, cells) for name, cells in columns if any(cells)]
    head = "".join(f'<th scope="col">{name}</th>' for name, _ in used)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in zip(*(cells for _, cells in used), strict=True)
    )
    # The region takes the keyboard, so that a table wider than a phone can be scrolled.
    return (
        f'<div class="wb-table" role="region" aria-label="{title}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )

"""The drawing of a timeline: one SVG for a page, one for a phone, and the style they share.

A drawing that is scaled to a phone's width has text too small to read. So each figure carries
two, and a container query shows the one that fits. Every shape also has plain attributes, so
that the wide one is right where a viewer drops style sheets.
"""

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbook.bar import Bar, milliseconds
from workbook.timeline_style import COLOURS, ERROR, GREY, GRID, INK, MUTED, QUIET, colour_of


@dataclass(frozen=True)
class Layout:
    """The measures of a drawing, in SVG units (pixels at its natural size)."""

    name: str
    width: int
    row: int
    bar: int
    font: float
    stacked: bool
    """Labels stand above their bars, which then have the whole width."""

    indent: int = 9

    @property
    def character(self) -> float:
        """About how wide a character is; a little too wide, so that text fits in any font."""
        return self.font * 0.56


WIDE = Layout("wide", width=700, row=24, bar=14, font=13, stacked=False)
NARROW = Layout("narrow", width=360, row=42, bar=16, font=13, stacked=True)

_DURATION_COLUMN = 76
_HEADING = 28
_AXIS = 24
_ERROR_LINE = 19


@dataclass(frozen=True)
class _Columns:
    """Where the columns of one drawing begin, and the scale of its time axis."""

    kinds: bool
    label: float
    left: float
    right: float
    scale: float

    def x(self, seconds: float) -> float:
        return self.left + seconds * self.scale


def draw(bars: Sequence[Bar], layout: Layout, *, title: str, alt: str) -> str:
    """One drawing of the bars, as an `<svg>` element.

    Args:
        bars: times in seconds from the zero of the axis; groups stand together.
        layout: `WIDE` or `NARROW`.
        title: the name of the image.
        alt: its description.
    """
    end = max((bar.end for bar in bars), default=0.0)
    columns = _columns(bars, layout, end)
    y = float(_AXIS)
    rows: list[str] = []
    group = ""
    for bar in bars:
        if bar.group != group:
            group = bar.group
            members = [other for other in bars if other.group == group]
            rows.append(_heading(group, members, y, layout))
            y += _HEADING
        row, height = _row(bar, y, columns, layout)
        rows.append(row)
        y += height
    hidden = ' display="none"' if layout.stacked else ""
    return (
        f'<svg class="wb-{layout.name}" role="img" aria-label="{html.escape(title)}"'
        f' viewBox="0 0 {layout.width} {y + 4:g}" font-size="{layout.font:g}"'
        f' font-family="sans-serif"{hidden}>'
        f"<title>{html.escape(title)}</title><desc>{html.escape(alt)}</desc>"
        f"{''.join(_axis(end, y, columns))}{''.join(rows)}</svg>"
    )


def _columns(bars: Sequence[Bar], layout: Layout, end: float) -> _Columns:
    kinds = len({bar.kind for bar in bars}) > 1
    label = 2.0
    left, right = 4.0, layout.width - 4.0
    if not layout.stacked:
        if kinds:
            label += max(len(bar.kind) for bar in bars) * layout.character + 14
        longest = max(
            (len(bar.label) * layout.character + bar.depth * layout.indent for bar in bars),
            default=0.0,
        )
        left = label + min(longest, layout.width * 0.36) + 14
        right = layout.width - _DURATION_COLUMN
    return _Columns(kinds, label, left, right, (right - left) / end if end > 0 else 0.0)


def _ticks(end: float, most: int) -> Iterator[float]:
    """Round times in seconds from zero to `end`, at most about `most` of them."""
    if end <= 0:
        yield 0.0
        return
    power = 10.0 ** math.floor(math.log10(end / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= end)
    for n in range(math.floor(end / step + 1e-9) + 1):
        yield n * step


def _axis(end: float, bottom: float, columns: _Columns) -> Iterator[str]:
    most = 5 if columns.right - columns.left > 300 else 4
    for tick in _ticks(end, most):
        x = columns.x(tick)
        anchor = "start" if tick == 0 else "end" if x > columns.right - 20 else "middle"
        yield (
            f'<line class="wb-grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_AXIS - 4}" y2="{bottom:g}"'
            f' stroke="{GRID}"/>'
        )
        yield _text(f"{tick * 1000:g} ms", x, _AXIS - 9, "muted", anchor=anchor, size=12.5)


def _heading(group: str, members: Sequence[Bar], y: float, layout: Layout) -> str:
    drawn = _text(group, 2, y + 19, "ink", weight=600)
    if len(members) > 1:
        total = max(bar.end for bar in members) - min(bar.start for bar in members)
        drawn += _text(
            f"all: {milliseconds(total)}", layout.width - 2, y + 19, "ink", anchor="end", weight=600
        )
    return drawn


def _row(bar: Bar, y: float, columns: _Columns, layout: Layout) -> tuple[str, float]:
    """The drawing of one bar with its words, and its height."""
    width = max((bar.end - bar.start) * columns.scale, 2.5)
    left = min(columns.x(bar.start), columns.right - width)
    top = y + (21 if layout.stacked else (layout.row - layout.bar) / 2)
    words = y + (15 if layout.stacked else layout.row / 2 + layout.font * 0.35)
    ink = "muted" if bar.kind == QUIET else "ink"
    indent = bar.depth * layout.indent
    begin = columns.label + indent
    kind = bar.kind if columns.kinds else ""
    if layout.stacked:
        room = layout.width - _DURATION_COLUMN - begin - (len(kind) + 1) * layout.character
        label = _text(_fit(bar.label, room, layout), begin, words, ink, before=kind)
    else:
        room = columns.left - begin - 6
        label = _text(kind, 2, words, "muted", size=12.5)
        label += _text(_fit(bar.label, room, layout), begin, words, ink)
    drawn = (
        label
        + _shape(bar, left, top, width, layout)
        + _text(milliseconds(bar.duration), layout.width - 2, words, "ink", anchor="end", size=12.5)
    )
    note = ("✕ " if bar.failed else "") + bar.note
    tone = "error" if bar.failed else "muted"
    beside, fits = _beside(
        note, left, left + width, top + layout.bar / 2 + 4.5, tone, columns, layout
    )
    if bar.failed and not fits:
        # An error is worth a line of its own, under its bar, from the label to the right end.
        room = layout.width - begin - 4
        line = _text(_fit(note, room, layout), begin, y + layout.row + 13, tone, size=12.5)
        return drawn + line, layout.row + _ERROR_LINE
    return drawn + beside, layout.row


def _shape(bar: Bar, left: float, top: float, width: float, layout: Layout) -> str:
    colour = colour_of(bar.kind)
    line, fill, *_ = [*COLOURS, GREY][colour]
    return (
        f'<rect class="wb-bar{colour}{" wb-failed" if bar.failed else ""}" x="{left:.1f}"'
        f' y="{top:g}" width="{width:.1f}" height="{layout.bar}" rx="2.5" fill="{fill}"'
        f' stroke="{ERROR if bar.failed else line}"/>'
    )


def _beside(
    note: str,
    left: float,
    right: float,
    baseline: float,
    tone: str,
    columns: _Columns,
    layout: Layout,
) -> tuple[str, bool]:
    """A note where there is most room: after its bar, in it, or before it; and if it fits."""
    after, inside, before = columns.right - right - 6, right - left - 10, left - columns.left - 6
    need = len(note) * layout.character
    if need <= after or after >= max(inside, before):
        text = _text(_fit(note, after, layout), right + 6, baseline, tone, size=12.5)
        return text, need <= after
    if need <= inside or inside >= before:
        tone = "ink" if tone == "muted" else tone
        return _text(_fit(note, inside, layout), left + 6, baseline, tone, size=12.5), (
            need <= inside
        )
    text = _text(_fit(note, before, layout), left - 6, baseline, tone, anchor="end", size=12.5)
    return text, need <= before


def _fit(text: str, room: float, layout: Layout) -> str:
    characters = max(0, int(room / layout.character))
    if len(text) <= characters:
        return text
    return text[: characters - 1].rstrip() + "…" if characters > 2 else ""


def _text(
    text: str,
    x: float,
    y: float,
    tone: str,
    *,
    anchor: str = "start",
    size: float | None = None,
    weight: int | None = None,
    before: str = "",
) -> str:
    if not text:
        return ""
    colour = {"ink": INK, "muted": MUTED, "error": ERROR}[tone]
    more = "" if anchor == "start" else f' text-anchor="{anchor}"'
    more += "" if size is None else f' font-size="{size:g}"'
    more += "" if weight is None else f' font-weight="{weight}"'
    words = html.escape(text)
    if before:
        words = (
            f'<tspan class="wb-muted">{html.escape(before)}</tspan> <tspan dx="4">{words}</tspan>'
        )
    return f'<text class="wb-{tone}" x="{x:.1f}" y="{y:g}" fill="{colour}"{more}>{words}</text>'

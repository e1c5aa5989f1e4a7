"""Draw a graph of packages: a box a line, elbows to the first parent, arcs to the others."""

import html
from collections.abc import Sequence
from typing import Protocol

STYLE = """
.wb-packages{--wb-ink:#1c2430;--wb-line:#57606a;--wb-box:#f6f8fa;--wb-root:#cfe0fc;
--wb-arc:#a15c00;margin:.5rem 0;max-width:30rem}
.wb-packages figcaption{font-weight:600;margin:0 0 .4rem}
.wb-packages svg{display:block;width:100%;height:auto;max-width:30rem;filter:none!important}
.wb-packages pre{white-space:pre-wrap;font-size:.85em}
[data-theme="dark"] .wb-packages,[data-jp-theme-light="false"] .wb-packages{--wb-ink:#e6edf3;
--wb-line:#8b949e;--wb-box:#161b22;--wb-root:#1d3557;--wb-arc:#e3a857}
"""

WIDTH = 380
_ROW, _BOX, _INDENT, _LEFT = 28, 22, 18, 4
_BOLD, _PLAIN = 7.5, 6.8
"""The width that a letter of 12.5 px is given."""


class Drawn(Protocol):
    """What a package must tell to be drawn."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def depth(self) -> int: ...
    @property
    def wanted_by(self) -> tuple[str, ...]: ...


def draw(packages: Sequence[Drawn], *, title: str, alt: str) -> str:
    """The figure as an SVG element of a fixed width, as high as it has packages."""
    rows = {one.name: number for number, one in enumerate(packages)}
    height = len(packages) * _ROW + 6
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{html.escape(f"{title}. {alt}")}" font-family="system-ui,sans-serif" '
        'font-size="12.5">'
    )
    parts = [head]
    for one in packages:
        for place, parent in enumerate(one.wanted_by):
            if place == 0:
                parts.append(_elbow(packages[rows[parent]], rows[parent], one, rows[one.name]))
            else:
                parts.append(_arc(packages[rows[parent]], rows[parent], one, rows[one.name]))
    parts += [_box(one, row) for row, one in enumerate(packages)]
    return "".join((*parts, "</svg>"))


def _left(one: Drawn) -> int:
    return _LEFT + one.depth * _INDENT


def _label(one: Drawn) -> tuple[str, str]:
    """The name and the version, which is left out where both do not fit."""
    version = one.version or "not installed"
    fits = _left(one) + 17 + _BOLD * len(one.name) + _PLAIN * len(version) < WIDTH - 4
    return one.name, version if fits else ""


def _right(one: Drawn) -> float:
    name, version = _label(one)
    return _left(one) + 17 + _BOLD * len(name) + _PLAIN * len(version)


def _middle(row: int) -> float:
    return row * _ROW + 3 + _BOX / 2


def _elbow(parent: Drawn, above: int, child: Drawn, below: int) -> str:
    x = _left(parent) + _INDENT / 2
    return (
        f'<path d="M{x} {_middle(above) + _BOX / 2}V{_middle(below)}H{_left(child)}" fill="none" '
        'stroke="var(--wb-line)" stroke-width="1.5"/>'
    )


def _arc(parent: Drawn, one_row: int, child: Drawn, other_row: int) -> str:
    """A curve on the right, from a package to one that it asks for as well."""
    start, end = _right(parent), min(_right(child), WIDTH - 6)
    reach = max(start, end) + 14 + 1.5 * abs(other_row - one_row)
    x = min(reach, WIDTH - 2)
    y, z = _middle(one_row), _middle(other_row)
    return (
        f'<path d="M{start} {y}C{x} {y} {x} {z} {end + 2} {z}" fill="none" '
        'stroke="var(--wb-arc)" stroke-width="1.1" stroke-dasharray="4 3" opacity=".75"/>'
        f'<circle cx="{end + 2}" cy="{z}" r="2.5" fill="var(--wb-arc)"/>'
    )


def _box(one: Drawn, row: int) -> str:
    fill = "var(--wb-box)" if one.depth else "var(--wb-root)"
    name, version = _label(one)
    return (
        f'<rect x="{_left(one)}" y="{row * _ROW + 3}" width="{_right(one) - _left(one):.0f}" '
        f'height="{_BOX}" rx="5" fill="{fill}" stroke="var(--wb-line)"/>'
        f'<text x="{_left(one) + 8}" y="{_middle(row) + 4.5}" fill="var(--wb-ink)">'
        f'<tspan font-weight="600">{html.escape(name)}</tspan> {html.escape(version)}</text>'
    )

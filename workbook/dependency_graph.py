"""Draw what a route depends on, read from the live app.

Steps stand one below the other, in the order in which they run; arrows lead from what is called
to what asked for it. So a dependency that several others share is there once, with several arrows.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import count

from fastapi import FastAPI

from workbook.cards import Card, card
from workbook.dependency_steps import Need, Step, steps_by_route

_WIDTH, _ROW, _TOP = 320, 46, 16
_LANE = 11


def dependency_graph(app: FastAPI, path: str, method: str = "GET") -> Card:
    """Show what runs before the endpoint of a route, in order, and who asked for it.

    Args:
        app: the app, as it is at this moment: its `dependency_overrides` are in the figure.
        path: the route's path, as it is written: `"/items/{item_id}"`.
        method: its HTTP method, or `WEBSOCKET`.

    Raises:
        LookupError: there is no such route; the message names the ones there are.
    """
    routes = steps_by_route(app)
    name = f"{method.upper()} {path}"
    if name not in routes:
        known = ", ".join(routes) or "none"
        raise LookupError(f"The app has no route {name}. Its routes: {known}.")
    steps = routes[name]
    text = "\n".join(_lines(steps))
    return card(f"What {name} depends on", body=_svg(steps, text), text=text)


def _lines(steps: Sequence[Step]) -> Iterator[str]:
    width = max(len(step.name) for step in steps)
    for number, step in enumerate(steps, 1):
        askers = list(_askers(steps, number))
        asked = [f"for {' and '.join(askers)}"] if askers else []
        parts = filter(None, [_note(step, number == len(steps)), *asked])
        yield f"{number}  {step.name:<{width}}  {', '.join(parts)}".rstrip()


def _askers(steps: Sequence[Step], number: int) -> Iterator[str]:
    for asker, step in enumerate(steps, 1):
        for need in step.needs:
            if need.number == number:
                yield str(asker) if need.received else f"{asker} (which gets no value)"


def _note(step: Step, is_endpoint: bool) -> str:
    notes = []
    if is_endpoint:
        notes.append("the endpoint")
    if step.stands_in_for:
        notes.append(f"in place of {step.stands_in_for}")
    if step.scope:
        when = "before" if step.scope == "function" else "after"
        notes.append(f"exits {when} the answer")
    if step.max_concurrency:
        notes.append(f"{step.max_concurrency} at once")
    return ", ".join(notes)


def _svg(steps: Sequence[Step], text: str) -> str:
    lanes = _lanes(steps)
    left = _LANE * (max(lanes.values(), default=0) + 1) + 16
    height = _TOP + len(steps) * _ROW
    drawn = [
        _arrow(need, number, left, lanes[need.number])
        for number, step in enumerate(steps, 1)
        for need in step.needs
    ] + [_box(number, step, number == len(steps), left) for number, step in enumerate(steps, 1)]
    label = escape(text.replace("\n", "; "), quote=True)
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {_WIDTH} {height}" '
        f'style="display:block;width:100%;max-width:{_WIDTH * 1.25:g}px;height:auto" '
        'font-family="ui-monospace,Menlo,Consolas,monospace" fill="currentColor">'
        f"{''.join(drawn)}</svg>"
    )


def _lanes(steps: Sequence[Step]) -> dict[int, int]:
    """For each step that others ask for, the place of its line: 0 is next to the boxes."""
    reach: dict[int, int] = {}
    for number, step in enumerate(steps, 1):
        reach |= {need.number: number for need in step.needs}
    lanes: dict[int, int] = {}
    for start in sorted(reach, reverse=True):
        taken = {lane for other, lane in lanes.items() if other < reach[start]}
        lanes[start] = next(lane for lane in count() if lane not in taken)
    return lanes


def _box(number: int, step: Step, is_endpoint: bool, left: int) -> str:
    top = _TOP + (number - 1) * _ROW
    note = _note(step, is_endpoint)
    width = _WIDTH - left - 2
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="36" rx="5" '
        f'fill="none" stroke="currentColor" stroke-width="{2.5 if is_endpoint else 1}"/>'
        f'<text x="{left + 8}" y="{top + (17 if note else 23)}" font-size="13">'
        f"{escape(_cut(f'{number} {step.name}', width // 8))}</text>"
        f'<text x="{left + 8}" y="{top + 30}" font-size="10">{escape(_cut(note, width // 6))}</text>'
    )


def _arrow(need: Need, asker: int, left: int, lane: int) -> str:
    """A line at the left of the boxes; dashed when no value goes along it."""
    # It leaves below the middle of its box and arrives above it, so that two in one box differ.
    leaves, arrives = (
        _TOP + (number - 1) * _ROW + offset for number, offset in ((need.number, 24), (asker, 12))
    )
    out = left - 14 - _LANE * lane
    dashes = "" if need.received else ' stroke-dasharray="3 3"'
    tip = left - 1
    return (
        f'<path d="M{left} {leaves}H{out + 6}Q{out} {leaves} {out} {leaves + 6}'
        f'V{arrives - 6}Q{out} {arrives} {out + 6} {arrives}H{tip - 5}" fill="none" '
        f'stroke="currentColor"{dashes}/>'
        f'<path d="M{tip} {arrives}l-7 -4v8z"/>'
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

"""The x-ray as a cell shows it: a timeline with a row for each step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import httpx

from workbook.bar import Bar, milliseconds
from workbook.timeline import Timeline, timeline
from workbook.xray.recording import Span

_ROWS_OF_ONE_KIND = 12
_STEPS_IN_DESCRIPTION = 14


@dataclass(frozen=True)
class XRay:
    """What happened to one request.

    Attributes:
        response: the answer, as the client got it.
        spans: the steps, in the order in which they began.
        escaped: the exception that left the app unhandled; None if there was none.
    """

    response: httpx.Response
    spans: tuple[Span, ...]
    escaped: Exception | None = None

    def __str__(self) -> str:
        return str(self.timeline)

    def __repr__(self) -> str:
        return f"<XRay {self.timeline.title}: {len(self.spans)} steps>"

    @property
    def table(self) -> str:
        """The figure as a table of text."""
        return self.timeline.table

    @cached_property
    def timeline(self) -> Timeline:
        """The figure."""
        request = self.response.request
        end = max((span.end for span in self.spans), default=0.0)
        title = (
            f"{request.method} {request.url.raw_path.decode()} was answered "
            f"{self.response.status_code} {self.response.reason_phrase}; "
            f"{milliseconds(end)} in all"
        )
        bars = [_bar(span) for span in _shortened(_with_in_and_out(self.spans))]
        return timeline(bars, title=title, alt=_description(self.spans))

    def of_kind(self, *kinds: str) -> list[Span]:
        """The steps of these kinds: `ray.of_kind("sql")`."""
        return [span for span in self.spans if span.kind in kinds]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.timeline._repr_mimebundle_(include, exclude)


def _bar(span: Span) -> Bar:
    notes = [span.error, "cached" if span.cached else span.where, span.note]
    return Bar(
        span.name,
        span.start,
        span.end,
        kind=span.kind,
        depth=span.depth,
        note=", ".join(note for note in notes if note),
        failed=bool(span.error),
    )


def _with_in_and_out(spans: Sequence[Span]) -> Iterator[Span]:
    """Say of each middleware how long it worked before and after it called what is inside it."""
    layers = [span for span in spans if span.kind in ("middleware", "internal", "endpoint")]
    inside = {id(outer): inner for outer, inner in pairwise(layers) if inner.start <= outer.end}
    for span in spans:
        if span.kind != "middleware" or span.error:
            yield span
        elif (inner := inside.get(id(span))) is None:
            yield replace(span, note="answers by itself")
        else:
            before, after = inner.start - span.start, max(0.0, span.end - inner.end)
            note = f"{milliseconds(before)} before, {milliseconds(after)} after"
            yield replace(span, note=note)


def _shortened(spans: Iterable[Span]) -> Iterator[Span]:
    """A thousand chunks or statements in a row are told by the first few and their number."""
    run: list[Span] = []
    for span in [*spans, None]:
        if run and (span is None or (span.kind, span.depth) != (run[0].kind, run[0].depth)):
            yield from _run(run)
            run = []
        if span is not None:
            run.append(span)


def _run(run: list[Span]) -> Iterator[Span]:
    if len(run) <= _ROWS_OF_ONE_KIND:
        yield from run
        return
    shown = _ROWS_OF_ONE_KIND - 2
    yield from run[:shown]
    rest = run[shown:-1]
    yield replace(rest[0], name=f"… {len(rest)} more", end=rest[-1].end, note="", error="")
    yield run[-1]


def _description(spans: Sequence[Span]) -> str:
    steps = [
        f"{span.kind} {span.name}" + (f", failed with {span.error}" if span.error else "")
        for span in spans
        if span.kind != "internal"
    ]
    told = "; ".join(steps[:_STEPS_IN_DESCRIPTION])
    more = len(steps) - _STEPS_IN_DESCRIPTION
    return f"In order: {told}" + (f"; and {more} more, in the table." if more > 0 else ".")

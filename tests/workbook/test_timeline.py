"""A timeline tells the same in a figure and in text, in any theme and at any width."""

import re
from html.parser import HTMLParser

import pytest

from workbook import timeline_style, timeline_svg
from workbook.timeline import Bar, milliseconds, timeline


def three_requests() -> list[Bar]:
    return [
        Bar("first", 10.0, 10.1, group="async def"),
        Bar("second", 10.001, 10.101, group="async def"),
        Bar("first", 20.0, 20.1, group="async def that blocks"),
        Bar("second", 20.1, 20.2, group="async def that blocks", note="waits"),
    ]


def test_the_earliest_bar_starts_at_zero() -> None:
    """Times on the figure count from the first thing that happened, whatever the clock says."""
    figure = timeline([Bar("a", 5.5, 6.0), Bar("b", 5.0, 5.25)], title="Two")
    assert [(bar.start, bar.end) for bar in figure.bars] == [(0.5, 1.0), (0.0, 0.25)]


def test_runs_measured_one_after_the_other_can_each_have_their_own_zero() -> None:
    """Three runs are compared as if they had begun together."""
    figure = timeline(three_requests(), title="Runs", each_group_from_zero=True)
    assert [round(bar.start, 6) for bar in figure.bars] == [0.0, 0.001, 0.0, 0.1]


def test_bars_of_a_group_are_brought_together() -> None:
    """Groups keep the order in which they first appear, and bars theirs within a group."""
    bars = [Bar("1", 0, 1, group="a"), Bar("2", 0, 1, group="b"), Bar("3", 0, 1, group="a")]
    assert [bar.label for bar in timeline(bars, title="Groups").bars] == ["1", "3", "2"]


def test_a_bar_that_ends_before_it_starts_is_refused() -> None:
    """Times of two clocks, or swapped ones, are a mistake worth a message."""
    with pytest.raises(ValueError, match="'late' ends before it starts"):
        timeline([Bar("late", 2.0, 1.0)], title="Impossible")


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 ms"), (1e-6, "<0.01 ms"), (0.00123, "1.23 ms"), (0.0123, "12.3 ms"), (1.5, "1500 ms")],
)
def test_durations_have_three_figures_at_most(seconds: float, written: str) -> None:
    """A duration is written as exactly as it was measured, not more."""
    assert milliseconds(seconds) == written


def test_the_table_draws_the_bars_in_characters() -> None:
    """Someone who sees no figure gets the same rows, numbers and shapes."""
    figure = timeline([Bar("quick", 0, 0.001), Bar("slow", 0.001, 0.002, note="why")], title="Two")
    assert figure.table.splitlines() == [
        "what     start     took",
        f"quick     0 ms  1.00 ms  │{'█' * 18}{' ' * 18}│",
        f"slow   1.00 ms  1.00 ms  │{' ' * 18}{'█' * 18}│ why",
    ]


def test_the_table_has_a_heading_for_each_group() -> None:
    """Groups are told apart in text too."""
    table = timeline(three_requests(), title="Runs").table
    assert [line.split("─ ")[1].split(" ─")[0] for line in table.splitlines() if "──" in line] == [
        "async def",
        "async def that blocks",
    ]


def test_a_cell_shows_a_figure_and_its_text_twin() -> None:
    """Jupyter picks the richest form that it can show."""
    bundle = timeline(three_requests(), title="Runs")._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"].startswith("Runs\n\n")
    assert bundle["text/html"].startswith('<figure class="wb-timeline">')


def test_the_figure_stands_on_its_own() -> None:
    """No script, nothing loaded, and no id that a second figure on the page would repeat."""
    html = timeline(three_requests(), title="Runs").html
    assert re.findall(r'<script|\bid=|url\(|https?:|src=|href=|style="', html) == []


def test_words_of_the_reader_are_escaped() -> None:
    """A label is text, even if it looks like a tag."""
    bar = Bar("<b>&", 0, 1, kind="<i>", note="<u>", group="<s>")
    html = timeline([bar, Bar("b", 0, 1)], title="<em>", alt="<q>").html
    assert re.findall(r"<(?:b|i|u|s|em|q)>", html) == []
    assert "&lt;b&gt;&amp;" in html


class _Tags(HTMLParser):
    """The elements that were opened and not closed in their turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.wrong.append(tag)


def test_every_element_is_closed() -> None:
    """A figure leaves the page around it as it was."""
    tags = _Tags()
    tags.feed(timeline(three_requests(), title="Runs").html)
    assert (tags.open, tags.wrong) == ([], [])


def test_a_screen_reader_hears_a_name_and_what_to_see() -> None:
    """Both drawings carry the title and the description that the author gave."""
    html = timeline(three_requests(), title="Runs", alt="The blocked one waits.").html
    assert html.count('role="img" aria-label="Runs"') == 2
    assert html.count("<title>Runs</title><desc>The blocked one waits.</desc>") == 2


def test_without_a_description_the_bars_are_told() -> None:
    """An author who writes no alternative text still leaves one."""
    figure = timeline([Bar("read", 0, 0.5), Bar("write", 0.5, 1)], title="Two")
    assert figure.alt == "read: 0 ms to 500 ms; write: 500 ms to 1000 ms."


def test_only_the_wide_drawing_is_seen_without_style_sheets() -> None:
    """Where a viewer drops the styles, the figure isn't there twice."""
    html = timeline(three_requests(), title="Runs").html
    assert re.findall(r'<svg class="(wb-\w+)"[^>]*display="none"', html) == ["wb-narrow"]


def test_an_error_has_a_sign_besides_its_colour() -> None:
    """The cross says it in the figure and in the text."""
    figure = timeline([Bar("save", 0, 1, note="OSError: disk full", failed=True)], title="Save")
    assert "✕ OSError: disk full" in figure.html
    assert "✕ OSError: disk full" in figure.table


def test_kinds_are_written_besides_their_colours() -> None:
    """In the wide drawing and in the narrow one."""
    bars = [Bar("a", 0, 1, kind="sql"), Bar("b", 0, 1, kind="send")]
    drawings = timeline(bars, title="Kinds").html.split("<table>")[0].split("<svg ")[1:]
    assert [(">sql<" in drawing, ">send<" in drawing) for drawing in drawings] == [
        (True, True),
        (True, True),
    ]


def test_a_figure_of_nothing_is_still_a_figure() -> None:
    """A recording that caught nothing says so."""
    figure = timeline([], title="Nothing")
    assert figure.alt == "Nothing was recorded."
    assert "<svg" in figure.html


def test_letters_stay_legible_at_the_smallest_scale() -> None:
    """11 px at least: the wide drawing is shown from 620 px on, the narrow one from 330."""
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', _everything())]
    assert min(sizes) * 620 / timeline_svg.WIDE.width >= 11
    assert min(sizes) * 330 / timeline_svg.NARROW.width >= 11


def _everything() -> str:
    return timeline(three_requests(), title="Runs").html


def _luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_on_the_paper_and_on_every_bar(theme: int) -> None:
    """4.5:1, as WCAG 2.2 asks of text; 3:1 for the outline of a bar."""
    block = re.findall(r"\{(--wb-ink[^}]*?)[;}]color|\{(--wb-ink[^}]*)\}", timeline_style.STYLE)[
        theme
    ]
    colours = dict(re.findall(r"--wb-(\w+):(#\w{6})", "".join(block)))
    fills = [colour for name, colour in colours.items() if name.startswith("fill")]
    lines = [colour for name, colour in colours.items() if name.startswith("line")]
    paper = colours["paper"]
    assert len(fills) == len(lines) == 8
    assert min(_contrast(colours["ink"], on) for on in [paper, *fills]) >= 4.5
    assert min(_contrast(colours["error"], on) for on in [paper, *fills]) >= 4.5
    assert _contrast(colours["muted"], paper) >= 4.5
    assert min(_contrast(line, paper) for line in lines) >= 3

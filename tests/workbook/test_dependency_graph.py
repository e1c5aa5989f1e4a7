"""The figure of what a route depends on: in words, and drawn."""

import re
from collections.abc import AsyncGenerator
from html import unescape
from typing import Annotated
from xml.etree import ElementTree

import pytest
from fastapi import Depends, FastAPI

from workbook.dependency_graph import dependency_graph


def get_settings() -> str:
    return "settings"


async def get_session(settings: Annotated[str, Depends(get_settings)]) -> AsyncGenerator[str]:
    yield "session"


def check_key(settings: Annotated[str, Depends(get_settings)]) -> None: ...


def make_app() -> FastAPI:
    """Two dependencies that share a third; one of them only has to run."""
    app = FastAPI()

    @app.get("/items", dependencies=[Depends(check_key)])
    async def list_items(
        session: Annotated[str, Depends(get_session, max_concurrency=2)],
    ) -> None: ...

    return app


def drawing(html: str) -> ElementTree.Element:
    """The SVG of a card, parsed."""
    (svg,) = re.findall(r"<svg .*?</svg>", html, re.DOTALL)
    return ElementTree.fromstring(svg)


def test_it_says_in_words_who_asked_for_what() -> None:
    """A line a step: its number, its name, when it exits, who gets it."""
    assert str(dependency_graph(make_app(), "/items")).splitlines() == [
        "What GET /items depends on",
        "1  get_settings  for 2 and 3",
        "2  check_key     for 4 (which gets no value)",
        "3  get_session   exits after the answer, 2 at once, for 4",
        "4  list_items    the endpoint",
    ]


def test_the_drawing_has_a_box_a_step_and_an_arrow_a_need() -> None:
    """Four steps, four needs; the arrow without a value is dashed; the words are its name."""
    card = dependency_graph(make_app(), "/items")
    svg = drawing(card.html)
    lines = [path for path in svg.iter("path") if path.get("fill") == "none"]
    assert len(list(svg.iter("rect"))) == 4
    assert len(lines) == 4
    dashed = [bool(line.get("stroke-dasharray")) for line in lines]
    assert dashed == [False, False, True, False]
    assert unescape(svg.get("aria-label", "")).split("; ") == str(card).splitlines()[1:]


def test_lines_that_meet_on_the_way_have_lanes_of_their_own() -> None:
    """Two lines lie on top of each other only where one ends and the other begins."""
    svg = drawing(dependency_graph(make_app(), "/items").html)
    spans: dict[float, list[tuple[float, float]]] = {}
    for path in svg.iter("path"):
        if path.get("fill") == "none":
            top, bottom = (float(y) for y in re.findall(r"(?:M\S+ |V)([\d.]+)", path.get("d", "")))
            (lane,) = re.findall(r"Q([\d.]+) ", path.get("d", ""))[:1]
            spans.setdefault(float(lane), []).append((top, bottom))
    for lane in spans.values():
        starts = {top for top, _ in lane}
        for top, bottom in lane:
            assert not any(top < other < bottom for other in starts)


def test_names_are_cut_in_the_drawing_and_escaped() -> None:
    """A long name is whole in the words; markup in a name stays text."""
    app = make_app()
    app.dependency_overrides[get_settings] = lambda: "test"

    @app.get("/long")
    async def an_endpoint_whose_name_is_longer_than_its_box_could_ever_be() -> None: ...

    assert "&lt;lambda&gt;" in dependency_graph(app, "/items").html
    assert "in place of get_settings" in str(dependency_graph(app, "/items"))
    card = dependency_graph(app, "/long")
    assert "an_endpoint_whose_name_is_longer_than_its_box_could_ever_be" in str(card)
    (name,) = [text.text for text in drawing(card.html).iter("text") if "an_" in (text.text or "")]
    assert name is not None
    assert name.endswith("…")


def test_an_unknown_route_is_told_with_the_known_ones() -> None:
    """The error names the routes there are."""
    with pytest.raises(LookupError, match=r"no route POST /items. Its routes: GET /items\."):
        dependency_graph(make_app(), "/items", "post")
    with pytest.raises(LookupError, match="Its routes: none"):
        dependency_graph(FastAPI(), "/items")

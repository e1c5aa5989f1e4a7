"""The `{coverage}` directive: what the chapters cover, counted while the book is built.

It writes Markdown and has it parsed, so that links and labels resolve as anywhere else.
"""

from collections.abc import Iterable, Sequence

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from workbook.chapters import Chapter, chapters
from workbook.coverage import Page, Section, report

DOCUMENTATION = "https://fastapi.tiangolo.com/"


class CoverageTables(SphinxDirective):
    """`{coverage}` with one argument: `overview`, `sections` or `topics`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        for chapter in chapters():
            self.env.note_dependency(str(chapter.path))
        found = report()
        lines = {
            "overview": lambda: overview(chapters(), found.sections, found.pages),
            "sections": lambda: section_rows(found.sections),
            "topics": lambda: topic_rows(found.pages),
        }[self.arguments[0]]()
        parsed = nodes.container(classes=["wb-coverage"])
        self.state.nested_parse(
            StringList(lines, self.get_source_info()[0]), self.content_offset, parsed
        )
        return [parsed]


def overview(
    places: Iterable[Chapter], sections: Sequence[Section], pages: Sequence[Page]
) -> list[str]:
    """A Markdown table with a row for each chapter: sections and topics, covered of all."""
    rows = []
    for place in places:
        mine = [one.covered for one in sections if one.chapter == place.number]
        shown = [one.covered for one in pages if one.chapter == place.number]
        link = f"[{place.number} · {place.title}](../chapters/{place.stem}.ipynb)"
        rows.append((link, f"{sum(mine)} of {len(mine)}", f"{sum(shown)} of {len(shown)}"))
    every = [one.covered for one in sections], [one.covered for one in pages]
    rows.append(("**All**", *(f"**{sum(one)} of {len(one)}**" for one in every)))
    return table(("Chapter", "Sections", "Topics"), rows)


def section_rows(sections: Iterable[Section]) -> list[str]:
    """A Markdown table of the sections; a covered one links to its place."""
    rows = [
        (
            one.key,
            f"[{one.topic}](#guide-{one.key.replace('.', '-')})" if one.covered else one.topic,
            "covered" if one.covered else "not yet",
        )
        for one in sections
    ]
    return table(("Section", "Topic", "State"), rows)


def topic_rows(pages: Iterable[Page]) -> list[str]:
    """A Markdown table of the documentation's pages and the chapter that covers each."""
    rows = [
        (
            f"[{one.page}]({DOCUMENTATION}{one.page.removesuffix('index')})",
            str(one.chapter),
            "covered" if one.covered else "not yet",
        )
        for one in pages
    ]
    return table(("Page of the documentation", "Chapter", "State"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("coverage", CoverageTables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

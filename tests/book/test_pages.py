"""The built pages: all of them there, and every link between them leads somewhere."""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def table_of_contents() -> list[str]:
    """The documents that `_toc.yml` names, in order."""

    def files(entry: object) -> Iterator[str]:
        if isinstance(entry, list):
            for one in entry:
                yield from files(one)
        elif isinstance(entry, dict):
            yield from (value for key, value in entry.items() if key in ("root", "file"))
            for value in entry.values():
                yield from files(value)

    return list(files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))


@dataclass
class Page(HTMLParser):
    """What a page links to and what can be linked to in it."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and (href := values.get("href")):
            self.links.append(href)
        self.anchors.update(value for name in ("id", "name") if (value := values.get(name)))


def read_pages(html: Path) -> dict[Path, Page]:
    """Every page of a build by its path."""
    pages = {}
    for path in html.rglob("*.html"):
        if "_static" not in path.relative_to(html).parts:
            pages[path] = Page()
            pages[path].feed(path.read_text(encoding="utf-8"))
    return pages


@pytest.mark.parametrize("document", table_of_contents())
def test_every_entry_of_the_contents_is_a_page(book_url: str, document: str) -> None:
    """Each entry of `_toc.yml` is served."""
    with urllib.request.urlopen(f"{book_url}/{document}.html") as response:
        assert response.status == 200


def test_the_contents_hold_twenty_chapters_and_their_solutions() -> None:
    """The numbered chapters are 1 to 20, in order, each with a solution notebook of its name."""
    documents = table_of_contents()
    chapters = [Path(one).name for one in documents if one.startswith("chapters/")]
    solutions = [Path(one).name for one in documents if one.startswith("solutions/")]
    assert [int(stem[:2]) for stem in chapters] == list(range(1, 21))
    assert solutions == chapters


def test_every_link_inside_the_book_leads_somewhere(book_html: Path) -> None:
    """Each internal link has its file, and each `#anchor` its element."""
    pages = read_pages(book_html)
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].anchors
            ):
                broken.append(f"{path.relative_to(book_html)}: {link}")
    assert broken == []


def test_chapters_are_numbered_through_the_parts(book_html: Path) -> None:
    """Numbers run on from part to part: the last chapter is 20."""
    landing = (book_html / "book" / "index.html").read_text(encoding="utf-8")
    assert "20. References" in landing
    assert "5. Dependency injection" in landing


def test_no_page_names_the_machine_it_was_built_on(book_html: Path) -> None:
    """Outputs and links hold no absolute path of the build."""
    naming = [
        str(path.relative_to(book_html))
        for path in book_html.rglob("*")
        if path.suffix in (".html", ".js", ".ipynb")
        and str(ROOT) in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert naming == []

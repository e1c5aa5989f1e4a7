"""The audit of the built book finds what a page would load from another server."""

import importlib
import sys
from pathlib import Path

import pytest
from sphinx.testing.util import SphinxTestApp

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"


@pytest.fixture
def remote_loads(monkeypatch: pytest.MonkeyPatch):
    """The extension, imported from where Jupyter Book finds it."""
    monkeypatch.syspath_prepend(EXTENSIONS)
    yield importlib.import_module("remote_loads")
    del sys.modules["remote_loads"]


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/a.js"></script>',
        "<script async src=//cdn.example/a.js></script>",
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        '<link rel="preconnect" href="https://cdn.example">',
        '<link rel="canonical stylesheet" href="https://cdn.example/a.css">',
        '<img alt="" src="HTTPS://cdn.example/a.png">',
        '<img alt="" src="a.png" srcset="a.png 1x, https://cdn.example/a.png 2x">',
        '<iframe src="https://cdn.example/"></iframe>',
        '<video poster="https://cdn.example/a.png"></video>',
        '<object data="https://cdn.example/a.svg"></object>',
        '<svg><use xlink:href="https://cdn.example/a.svg#b"/></svg>',
        '<svg><image href="https://cdn.example/a.png"/></svg>',
        '<p style="background: url(https://cdn.example/a.png)">Text</p>',
        "<style>@import 'https://cdn.example/a.css';</style>",
        '<script type="module">import x from "https://cdn.example/a.mjs"</script>',
        '<script>fetch("https://cdn.example/a.json")</script>',
    ],
)
def test_a_remote_load_in_a_page_is_found(remote_loads, markup: str) -> None:
    """Every way in which a page makes the browser fetch something by itself is seen."""
    (found,) = remote_loads.remote_loads_in_html(f"<!doctype html><body>{markup}</body>")
    assert "cdn.example" in found


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://docs.example/">a link to follow</a>',
        '<link rel="canonical" href="https://book.example/">',
        '<form action="https://docs.example/search"></form>',
        '<script src="../_static/a.js?digest=1"></script>',
        '<img alt="" src="data:image/png;base64,//aaa">',
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#bar"/></svg>',
        "<pre>&lt;script src=&quot;https://cdn.example/a.js&quot;&gt;</pre>",
        "<p>Write fetch('https://api.example/items') in the browser.</p>",
        '<script>const docs = "https://docs.example/"; // a comment</script>',
    ],
)
def test_what_loads_nothing_is_left_alone(remote_loads, markup: str) -> None:
    """Links, namespaces, data addresses and code shown as text are no loads."""
    assert remote_loads.remote_loads_in_html(markup) == []


@pytest.mark.parametrize(
    "rule",
    [
        "a { background: url(https://cdn.example/a.png) }",
        "a { background: url( '//cdn.example/a.png' ) }",
        '@import "https://cdn.example/a.css";',
        "@import url(https://cdn.example/a.css);",
        "@font-face { src: url('https://cdn.example/a.woff2') format('woff2') }",
    ],
)
def test_a_remote_load_in_a_style_sheet_is_found(remote_loads, rule: str) -> None:
    """`url()` and `@import` are seen in CSS, and a comment is not."""
    (found,) = remote_loads.remote_loads_in_css(f"/* url(https://a.example/) */ {rule}")
    assert found.removeprefix("https:").startswith("//cdn.example/a.")


@pytest.mark.parametrize(
    "statement",
    [
        'import "https://cdn.example/a.mjs";',
        'import mermaid from "https://cdn.example/a.mjs";',
        'const a = await import("https://cdn.example/a.mjs");',
        'export * from "https://cdn.example/a.mjs";',
        "fetch(`https://cdn.example/${name}`);",
        'new Worker("https://cdn.example/a.js");',
        'new WebSocket("wss://cdn.example/");',
        'request.open("GET", "https://cdn.example/");',
        'navigator.sendBeacon("https://cdn.example/");',
        'script.src = "https://cdn.example/a.js";',
        'script.setAttribute("src", "https://cdn.example/a.js");',
    ],
)
def test_a_remote_load_in_a_script_is_found(remote_loads, statement: str) -> None:
    """Imports, requests and connections are seen in scripts."""
    (found,) = remote_loads.remote_loads_in_script(f'const name = "a";\n{statement}')
    assert "//cdn.example/" in found


def test_a_whole_folder_is_searched(remote_loads, tmp_path: Path) -> None:
    """Pages, pictures, style sheets and scripts are searched, in folders too."""
    (tmp_path / "page.html").write_text('<img alt="" src="https://a.example/1.png">')
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "look.css").write_text("a{background:url(//b.example/2.png)}")
    (tmp_path / "_static" / "act.js").write_text('fetch("https://c.example/3")')
    (tmp_path / "_static" / "mark.svg").write_text('<svg><image href="http://d.example/4"/></svg>')
    (tmp_path / "notes.txt").write_text('fetch("https://e.example/5")')
    assert sorted(
        (str(path), address) for path, address in remote_loads.remote_loads(tmp_path)
    ) == [
        ("_static/act.js", "https://c.example/3"),
        ("_static/look.css", "//b.example/2.png"),
        ("_static/mark.svg", "http://d.example/4"),
        ("page.html", "https://a.example/1.png"),
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Sphinx 7's own, when it starts
@pytest.mark.slow
def test_a_build_warns_of_a_remote_load(remote_loads, tmp_path: Path) -> None:
    """The extension turns a remote load into a Sphinx warning, which `-W` makes an error."""
    (tmp_path / "index.rst").write_text(
        "Title\n=====\n\n.. raw:: html\n\n   <script src='https://cdn.example/a.js'></script>\n"
    )
    settings = {"extensions": ["remote_loads"], "html_theme": "basic"}
    (tmp_path / "conf.py").write_text("")
    app = SphinxTestApp("html", srcdir=tmp_path, confoverrides=settings)
    app.build()
    printed = app.warning.getvalue()
    app.cleanup()
    assert "index.html loads https://cdn.example/a.js" in printed

"""Cards: what a lesson's tools show, as HTML and as the same words in plain text.

The HTML carries its own few style rules, because a notebook's output brings no style sheet.
It needs no script, works in JupyterLab and in the book, light and dark, and says in words
whatever it also says by colour.
"""

from dataclasses import dataclass
from html import escape

from workbook.findings import Finding, Outcome, Result

_STYLE = """
.wb-card{--wb-line:#57606a;--wb-soft:#f6f8fa;--wb-ink:#1f2328;border:1px solid #d0d7de;
border-left:.35rem solid var(--wb-line);border-radius:6px;padding:.7rem 1rem;margin:.5rem 0;
background:var(--wb-soft);color:var(--wb-ink);font-size:14px;line-height:1.5;max-width:48rem;
overflow-wrap:anywhere}
.wb-card *{color:inherit}
.wb-card .wb-title{font-weight:600;margin:0 0 .35rem;font-size:1em}
.wb-card p{margin:.35rem 0}.wb-card .wb-message{white-space:pre-wrap}
.wb-card ul,.wb-card ol{margin:.35rem 0;padding-left:1.4rem}
.wb-card dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem;margin:.5rem 0}
.wb-card dt{font-weight:600;margin:0}.wb-card dd{margin:0}
.wb-card code,.wb-card pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
font-size:.92em;background:transparent;border:0;padding:0;white-space:pre-wrap}
.wb-card summary{cursor:pointer}
.wb-card progress{width:8rem;vertical-align:middle}
.wb-card .wb-scroll{overflow-x:auto;overflow-wrap:normal}
.wb-card table{border-collapse:collapse;margin:.35rem 0}
.wb-card th,.wb-card td{text-align:left;padding:.15rem .8rem .15rem 0;background:transparent}
.wb-passed{--wb-line:#1a7f37}.wb-not-yet{--wb-line:#9a6700}.wb-raised{--wb-line:#cf222e}
.wb-ask{--wb-line:#0969da}
[data-theme="dark"] .wb-card,[data-jp-theme-light="false"] .wb-card{--wb-soft:#161b22;
--wb-ink:#e6edf3;border-color:#3d444d;border-left-color:var(--wb-line)}
[data-theme="dark"] .wb-passed,[data-jp-theme-light="false"] .wb-passed{--wb-line:#3fb950}
[data-theme="dark"] .wb-not-yet,[data-jp-theme-light="false"] .wb-not-yet{--wb-line:#d29922}
[data-theme="dark"] .wb-raised,[data-jp-theme-light="false"] .wb-raised{--wb-line:#f85149}
[data-theme="dark"] .wb-ask,[data-jp-theme-light="false"] .wb-ask{--wb-line:#4493f8}
@media(max-width:480px){.wb-card dl{grid-template-columns:1fr}}
"""

_MARKS = {Outcome.PASSED: "✓", Outcome.NOT_YET: "✗", Outcome.RAISED: "✗"}
_WORDS = {Outcome.PASSED: "met", Outcome.NOT_YET: "not yet", Outcome.RAISED: "raised"}


@dataclass(frozen=True)
class Card:
    """Something to show: in HTML where that can be shown, in text everywhere else."""

    html: str
    text: str

    def bundle(self) -> dict[str, str]:
        """The MIME bundle from which a notebook chooses."""
        return {"text/html": self.html, "text/plain": self.text}

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.bundle()

    def __repr__(self) -> str:
        return self.text


def card(title: str, *, body: str, text: str, kind: str = "") -> Card:
    """Frame an HTML body and its text twin under a title.

    Args:
        title: plain text, escaped here.
        body: HTML, escaped by the caller.
        text: the same in plain text.
        kind: the look: `passed`, `not-yet`, `raised`, `ask`, or nothing.
    """
    classes = "wb-card" + (f" wb-{kind}" if kind else "")
    html = (
        f'<div class="{classes}" role="group" aria-label="{escape(title)}">'
        f'<style>{_STYLE}</style><p class="wb-title">{escape(title)}</p>{body}</div>'
    )
    return Card(html, f"{title}\n{text}".rstrip())


def notice(title: str, *paragraphs: str, kind: str = "") -> Card:
    """A card of plain sentences; words between backquotes are set as code."""
    body = "".join(f"<p>{inline(paragraph)}</p>" for paragraph in paragraphs if paragraph)
    return card(title, body=body, text="\n".join(filter(None, paragraphs)), kind=kind)


def inline(text: str) -> str:
    """Escape a sentence for HTML and set what stands between backquotes as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def result_card(result: Result) -> Card:
    """The card of a check: the outcome, each requirement, and the first thing to mend."""
    exercise = result.exercise
    title = f"{result.outcome.capitalize()}: {exercise.title}"
    if result.findings:
        title += f" ({result.points} of {exercise.points} points)"
    html, text = [], []
    if result.message:
        html.append(f"<p>{inline(result.message)}</p>")
        text.append(result.message)
    if result.findings:
        rows = [
            f"<li>{_MARKS[one.outcome]} {inline(one.requirement.text)}"
            f" <em>({_WORDS[one.outcome]})</em></li>"
            for one in result.findings
        ]
        html.append(f'<ul style="list-style:none;padding-left:.2rem">{"".join(rows)}</ul>')
        text += [
            f"  {_MARKS[one.outcome]} {one.requirement.text} ({_WORDS[one.outcome]})"
            for one in result.findings
        ]
    first = next((one for one in result.findings if one.outcome is not Outcome.PASSED), None)
    if first is not None:
        facts = list(_facts(first))
        html.append(f'<p class="wb-message">{inline(first.message)}</p>')
        html.append(
            "<dl>"
            + "".join(
                f"<dt>{name}</dt><dd><code>{escape(fact)}</code></dd>" for name, fact in facts
            )
            + "</dl>"
        )
        text += ["", first.message, *(f"  {name + ':':<11}{fact}" for name, fact in facts)]
    if result.next_step:
        html.append(f"<p>{inline(result.next_step)}</p>")
        text += ["", result.next_step]
    kind = {
        Outcome.PASSED: "passed",
        Outcome.NOT_YET: "not-yet",
        Outcome.RAISED: "raised",
        Outcome.NOT_ATTEMPTED: "",
    }[result.outcome]
    return card(title, body="".join(html), text="\n".join(text), kind=kind)


def _facts(finding: Finding) -> list[tuple[str, str]]:
    facts = [
        ("sent", finding.sent),
        ("came back", finding.came_back),
        ("expected", finding.expected),
        ("where", finding.where),
    ]
    return [(name, fact) for name, fact in facts if fact]

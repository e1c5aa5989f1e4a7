"""The colours of a timeline and its style sheet, for the light and the dark theme.

The themes are those of the HTML book (`html[data-theme]`), of JupyterLab
(`[data-jp-theme-light]`) and of the notebooks of VS Code (`.vscode-dark`).
"""

INK, MUTED, GRID, ERROR = "#1c2430", "#525c6b", "#d5dae1", "#b3261e"

# Stroke and fill of a bar, in the light and in the dark theme. Text stands on the fill in the
# ink of the theme: the fills are chosen for a contrast above 7:1 with it.
COLOURS = (
    ("#1f6feb", "#cfe0fc", "#6aa5ff", "#16345f"),  # blue
    ("#a15c00", "#fbe3c2", "#e6a23c", "#4d3410"),  # amber
    ("#0b7a5c", "#c4ecdf", "#3fc79f", "#0e4234"),  # green
    ("#8a3ab9", "#ecd9f7", "#c78bec", "#43235a"),  # violet
    ("#0f7490", "#c9e9f1", "#4fbcd9", "#10404e"),  # teal
    ("#b0306a", "#f8d4e3", "#ef86b4", "#561c38"),  # rose
    ("#5f6b00", "#e8edb5", "#b9c64a", "#3a4107"),  # olive
)
GREY = ("#7a8494", "#e9ecf1", "#8b95a5", "#2a313b")

QUIET = "internal"
"""The kind whose bars are drawn in grey: there, but not what the figure is about."""

# A kind that has a name here always has the same colour, in every figure of the book.
_COLOUR_OF_KIND = {
    "endpoint": 0,
    "dependency": 1,
    "exit": 1,
    "sql": 2,
    "middleware": 3,
    "body": 4,
    "validation": 4,
    "serialization": 4,
    "routing": 6,
    "send": 6,
    "stream": 6,
    "handler": 5,
    "background": 5,
}


def _style() -> str:
    def palette(first: int) -> str:
        return "".join(
            f"--wb-line{n}:{colour[first]};--wb-fill{n}:{colour[first + 1]};"
            for n, colour in enumerate([*COLOURS, GREY])
        )

    light = f"--wb-ink:{INK};--wb-muted:{MUTED};--wb-grid:{GRID};--wb-error:{ERROR};" + (
        f"--wb-paper:#ffffff;{palette(0)}"
    )
    dark = "--wb-ink:#e9edf3;--wb-muted:#aab4c2;--wb-grid:#3a424e;--wb-error:#ff9d94;" + (
        f"--wb-paper:#161a20;{palette(2)}"
    )
    bars = "".join(
        f".wb-timeline .wb-bar{n}{{stroke:var(--wb-line{n});fill:var(--wb-fill{n})}}"
        for n in range(len(COLOURS) + 1)
    )
    return (
        f".wb-timeline{{{light}"
        "color:var(--wb-ink);background:var(--wb-paper);border:1px solid var(--wb-grid);"
        "border-radius:8px;padding:12px;margin:8px 0;max-width:820px;box-sizing:border-box;"
        "font:14px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
        'html[data-theme="dark"] .wb-timeline,[data-jp-theme-light="false"] .wb-timeline,'
        f".vscode-dark .wb-timeline{{{dark}}}"
        # The theme of the book puts HTML outputs on a light box in its dark mode.
        'html[data-theme="dark"] .text_html:has(>.wb-timeline)'
        "{background:none!important;padding:0!important}"
        ".wb-timeline figcaption{color:inherit;font:inherit;font-weight:600;text-align:left;"
        "margin:0 0 8px}"
        ".wb-timeline .wb-drawing{container-type:inline-size}"
        ".wb-timeline svg{display:block;width:100%;height:auto;filter:none!important;"
        "font-family:inherit}"
        ".wb-timeline .wb-narrow{display:none;max-width:460px}"
        "@container (max-width:619px){.wb-timeline .wb-wide{display:none}"
        ".wb-timeline .wb-narrow{display:block}}"
        ".wb-timeline .wb-ink{fill:var(--wb-ink)}.wb-timeline .wb-muted{fill:var(--wb-muted)}"
        ".wb-timeline .wb-error{fill:var(--wb-error)}"
        ".wb-timeline .wb-grid{stroke:var(--wb-grid)}"
        f"{bars}.wb-timeline .wb-failed{{stroke:var(--wb-error);stroke-width:2}}"
        ".wb-timeline details{margin:8px 0 0;font-size:13px}"
        ".wb-timeline summary{cursor:pointer;color:var(--wb-muted)}"
        ".wb-timeline .wb-table{overflow-x:auto}"
        ".wb-timeline table{border-collapse:collapse;margin:8px 0 0;color:inherit;"
        "background:none;font-size:13px;width:auto}"
        ".wb-timeline tr,.wb-timeline tbody tr:nth-child(odd),.wb-timeline tbody tr:hover"
        "{background:none}"
        ".wb-timeline th,.wb-timeline td{text-align:left;padding:3px 12px 3px 0;border:0;"
        "border-bottom:1px solid var(--wb-grid);white-space:pre;color:inherit}"
    )


STYLE = _style()
"""What each figure brings with it; the same text each time, so that it may be there twice."""


def colour_of(kind: str) -> int:
    """The number of a kind's colour: fixed for known kinds, and the same each time for others."""
    if kind == QUIET:
        return len(COLOURS)
    return _COLOUR_OF_KIND.get(kind, sum(kind.encode()) % len(COLOURS))

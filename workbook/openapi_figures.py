"""Show what an app says about itself: its OpenAPI document as a table, and what changed in it.

In the HTML book the table is followed by Swagger UI, drawn from the same document
(`book/_ext/swagger_ui.py`); in a notebook the table is all there is.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI

from workbook.cards import Card, card

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The keys of an OpenAPI path item that are operations."""

_BODIES = {
    "application/json": "JSON body",
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "form with files",
}

# In the element itself: JupyterLab's own rule for tables is stronger than a card's.
_CELL = "text-align:left;vertical-align:top"
_HEAD = ("Operation", "Summary", "Takes", "Answers")


def openapi_table(app: FastAPI) -> Card:
    """Show each operation of an app, what it takes and what it answers.

    Args:
        app: its `openapi()` is the document that is shown, at this moment.
    """
    document = app.openapi()
    models = document.get("components", {}).get("schemas", {})
    rows = [_row(*one, models) for one in _operations(document)]
    info = document["info"]
    title = f"{info['title']} {info['version']}: {len(rows)} operations"
    head = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in _HEAD)
    body = "".join(
        f'<tr><td style="{_CELL}"><code style="white-space:nowrap">{escape(row[0])}</code></td>'
        + "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in row[1:])
        + "</tr>"
        for row in rows
    )
    # No `<` inside: the document must not be able to end the element that holds it.
    data = json.dumps(document).replace("<", "\\u003c")
    html = (
        f'<div class="wb-scroll" role="region" aria-label="{escape(title)}, table" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
        f'<script type="application/json" class="wb-openapi">{data}</script>'
    )
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEAD, *rows)
    ]
    return card(title, body=html, text="\n".join(lines))


def openapi_diff(before: FastAPI, after: FastAPI) -> Card:
    """Show the lines in which the OpenAPI documents of two apps differ.

    Args:
        before, after: apps that differ in what is to be shown, such as one decorator argument.
    """
    lines = list(_changed(before.openapi(), after.openapi()))
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    title = f"In the OpenAPI document: {_count(added)} more, {_count(removed)} less"
    names = {"+": "ins", "-": "del"}
    marked = "\n".join(
        f'<{name} style="text-decoration:none;font-weight:600">{escape(line)}</{name}>'
        if (name := names.get(line[0]))
        else escape(line)
        for line in lines
    )
    text = "\n".join(lines) or "no difference"
    return card(title, body=f'<pre style="margin:0">{marked or text}</pre>', text=text)


def _count(lines: int) -> str:
    return f"{lines or 'no'} line{'' if lines == 1 else 's'}"


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a unified diff, with `⋮` in place of the line numbers."""
    was, now = (json.dumps(one, indent=2).splitlines() for one in (before, after))
    for number, line in enumerate(difflib.unified_diff(was, now, n=2, lineterm="")):
        if number < 2:
            continue  # the names of two files
        yield " ⋮" if line.startswith("@@") else line


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _row(
    method: str, path: str, operation: Mapping[str, Any], models: Mapping[str, Any]
) -> tuple[str, str, str, str]:
    takes = [f"{one['name']} ({one['in']})" for one in operation.get("parameters", [])]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        shape = _shape(content.get("schema", {}))
        if shape.startswith("Body_"):  # the name that FastAPI gives to a body of single values
            shape = ", ".join(models[shape].get("properties", {}))
        takes.append(f"{shape} ({_BODIES.get(media_type, media_type)})".lstrip())
    answers = [
        f"{status} {_answer(response)}".rstrip()
        for status, response in operation.get("responses", {}).items()
    ]
    summary = operation.get("summary", "")
    if operation.get("deprecated"):
        summary += " (deprecated)"
    return f"{method.upper()} {path}", summary, ", ".join(takes), ", ".join(answers)


def _answer(response: Mapping[str, Any]) -> str:
    for media_type, content in response.get("content", {}).items():
        if "itemSchema" in content:
            return f"{_shape(content['itemSchema'])}, one by one"
        return _shape(content.get("schema", {})) or media_type
    return ""


def _shape(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two: the name of a model, a type, a list of either."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {})) or 'anything'}"
    if "anyOf" in schema:
        return " or ".join(filter(None, map(_shape, schema["anyOf"])))
    return schema.get("type", "")

"""A hostile notebook, told in a few lines."""

from dataclasses import dataclass

EXERCISES = ("bounded_pages", "tag_search", "my_account")
FULL = "4/3/4"
NOTHING = "0/0/0"

SETUP = """\
import asyncio, builtins, ctypes, gc, io, json, os, signal, socket, sys, threading, time
from typing import Annotated

import httpx
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from workbook import check, client, hint, progress, quiz


def refused(attempt, *arguments):
    try:
        result = attempt(*arguments)
    except (OSError, ImportError, AttributeError, ValueError, LookupError, RuntimeError):
        return
    raise SystemExit(f"it worked: {result!r}")
"""

PAGES = """
bounded_pages = FastAPI()


@bounded_pages.get("/items")
async def read_page(
    skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> list[int]:
    return list(range(1, 251))[skip : skip + limit]
"""

TAGS = """
tag_search = FastAPI()


@tag_search.get("/items")
async def search(tag: Annotated[list[str] | None, Query()] = None) -> list[str]:
    has = {"tea": {"hot", "leaf"}, "cup": {"new"}, "pot": {"new", "hot"}}
    return [name for name in has if has[name] >= set(tag or [])]
"""

ACCOUNT = """
my_account = FastAPI()


@my_account.get("/users/me")
async def find_me() -> dict[str, str]:
    return {"name": "Ada", "role": "owner"}


@my_account.get("/users/{user_id}")
async def find_user(user_id: int) -> dict[str, int]:
    return {"user_id": user_id}
"""

WRONG_PAGES, WRONG_TAGS, WRONG_ACCOUNT = (f"\n{name} = FastAPI()\n" for name in EXERCISES)


@dataclass(frozen=True)
class Case:
    """One hostile notebook.

    Attributes:
        name: what it tries.
        cells: its code cells.
        score: the points that its three answers deserve.
        says: what must stand in a note or a message of the mark.
    """

    name: str
    cells: tuple[str, ...]
    score: str
    says: str = ""


def notebook(pages: str, tags: str, account: str, *attacks: str) -> tuple[str, ...]:
    """The cells of a notebook in which the attacks come first."""
    answers = zip(EXERCISES, (pages, tags, account), strict=True)
    checked = [part for name, code in answers for part in (code, f'await check("{name}", {name})')]
    return (SETUP, *attacks, *checked)


def forging(name: str, *attacks: str, says: str = "") -> Case:
    """Every answer is wrong, and the attack is to make them count."""
    cells = notebook(WRONG_PAGES, WRONG_TAGS, WRONG_ACCOUNT, *attacks)
    return Case(name, cells, NOTHING, says)


def harming(name: str, *attacks: str, says: str = "") -> Case:
    """Every answer is right and keeps its points, whatever cells of its own the attack takes."""
    return Case(name, notebook(PAGES, TAGS, ACCOUNT, *attacks), FULL, says)


def spying(name: str, attack: str) -> Case:
    """The attack stands before the right answers in one cell, and stops it if it works."""
    return Case(name, notebook(attack + PAGES, TAGS, ACCOUNT), FULL)


def second(name: str, answer: str, *, says: str = "", points: int = 0) -> Case:
    """The second of three answers is the attack; the two others are right."""
    return Case(name, notebook(PAGES, answer, ACCOUNT), f"4/{points}/4", says)

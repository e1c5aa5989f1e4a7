"""What makes the lessons interactive: a client, exercises, checks, feedback and x-rays."""

from workbook.browser_tab import BrowserTab, Fetched
from workbook.client import Client, client
from workbook.notebook import (
    arrange,
    check,
    hint,
    next_up,
    progress,
    solution,
    starter,
)
from workbook.predictions import predict
from workbook.quizzes import quiz, review
from workbook.timeline import Bar, timeline
from workbook.xray import XRay, xray

__all__ = [
    "Bar",
    "BrowserTab",
    "Client",
    "Fetched",
    "XRay",
    "arrange",
    "check",
    "client",
    "hint",
    "next_up",
    "predict",
    "progress",
    "quiz",
    "review",
    "solution",
    "starter",
    "timeline",
    "xray",
]

"""Serve an app together with a list of what its routes depend on.

Whether three routes share one dependency, no ordinary answer tells. A requirement that needs to
know asks the app for `LISTING`.
"""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from workbook.adapters import WrongKind, asgi_app, kind
from workbook.asgi import ASGIApp, Receive, Scope, Send
from workbook.dependency_steps import steps_by_route

LISTING = "/-/dependencies"
"""Answers, for each route such as `"GET /items"`, the list of its steps as objects."""


def listed(value: Any) -> ASGIApp:
    """Take a FastAPI app; what is served answers `GET LISTING` by itself, all else by the app.

    Raises:
        workbook.adapters.WrongKind: for anything that is no FastAPI app.
    """
    app = asgi_app(value)
    if not isinstance(app, FastAPI):
        raise WrongKind(f"This is {kind(app)}. Pass the app: `FastAPI()`.")

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == LISTING:
            routes = steps_by_route(app)
            listing = {name: [asdict(step) for step in steps] for name, steps in routes.items()}
            await JSONResponse(listing)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return served

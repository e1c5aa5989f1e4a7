"""Every route of the shop, under the version that it belongs to."""

from fastapi import FastAPI

from lesson_app.api import health
from lesson_app.api.openapi import API_PROBLEMS
from lesson_app.api.v1 import auth, chat, events, exports, items, orders, tickets, users
from lesson_app.api.v2 import items as items_v2

VERSIONS = {
    "/api/v1": (items, orders, auth, users, tickets, chat, events, exports),
    "/api/v2": (items_v2,),
}


def include_routes(app: FastAPI) -> None:
    """Give an app its routes, apart from those that depend on its settings.

    One by one, and not by a router for each version: FastAPI searches for the route of a request
    once more at every level of routers. See `benchmarks/README.md`.
    """
    app.include_router(health.router)
    for prefix, modules in VERSIONS.items():
        for module in modules:
            app.include_router(module.router, prefix=prefix, responses=API_PROBLEMS)

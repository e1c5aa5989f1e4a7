"""Mounting the admin pages on a shop."""

import logging
from types import new_class

from fastapi import FastAPI
from sqladmin import Admin, ModelView
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette import status
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lesson_app.admin.authentication import PATH, ShopAuthentication
from lesson_app.admin.views import VIEWS
from lesson_app.config import Settings
from lesson_app.core.exceptions import ShopError


class ShopAdmin(Admin):
    """The pages, with an answer to a deletion that does not say of what."""

    async def _delete(self, request: Request) -> None:
        if "pks" not in request.query_params:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, "Say what to delete: ?pks=1,2")
        await super()._delete(request)


def add_admin(app: FastAPI, settings: Settings) -> async_sessionmaker[AsyncSession]:
    """Mount the pages under /admin.

    Returns:
        What they read the database with. The lifespan gives it an engine.
    """
    sessions = async_sessionmaker(expire_on_commit=False)
    admin = ShopAdmin(
        app,
        session_maker=sessions,
        base_url=PATH,
        title="Shop",
        authentication_backend=ShopAuthentication(settings),
    )
    for view in VIEWS:
        admin.add_view(_own(view))
    logging.getLogger("sqladmin.application").addFilter(_is_bug)
    return sessions


def _is_bug(record: logging.LogRecord) -> bool:
    """Leave out what a page says to its user; SQLAdmin logs that as an error."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ShopError | HTTPException)


def _own(view: type[ModelView]) -> type[ModelView]:
    # SQLAdmin keeps the sessions on the class of a view, where two apps would share them.
    return new_class(view.__name__, (view,), {"model": view.model})

"""What the admin pages show of each table, and what they change."""

import re
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError
from sqladmin import ModelView
from sqlalchemy import Select, false
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette import status
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lesson_app.core.exceptions import ShopError
from lesson_app.crud import item as item_crud
from lesson_app.models import Item, Notification, Order, Role, User
from lesson_app.schemas.fields import MAX_INTEGER
from lesson_app.schemas.item import ItemUpdate
from lesson_app.services import accounts

_NUMBER = re.compile("[1-9][0-9]{0,9}")


class NotValid(ShopError):
    """A value of a form that the API would not take either."""

    title = "Not valid"


class ShopView(ModelView):
    """A table that is read. What a view can change, it says itself."""

    can_create: ClassVar[bool] = False
    can_edit: ClassVar[bool] = False
    can_delete: ClassVar[bool] = False
    # A spreadsheet runs what looks like a formula, and people choose their names themselves.
    can_export: ClassVar[bool] = False
    page_size: ClassVar[int] = 25

    # SQLAdmin hands what stands in an address to the database as it is. This one function of its
    # own finds a row for every page: details, form and deletion.
    def _stmt_by_identifier(self, identifier: str) -> Select[Any]:
        if not _NUMBER.fullmatch(identifier) or int(identifier) > MAX_INTEGER:
            raise HTTPException(status.HTTP_404_NOT_FOUND)
        return super()._stmt_by_identifier(identifier)

    def search_query(self, stmt: Select[Any], term: str) -> Select[Any]:
        """Find what holds a text. Nothing holds the character that PostgreSQL does not store."""
        return stmt.where(false()) if "\0" in term else super().search_query(stmt, term)

    async def get_object_filepath(self, identifier: str, column_name: str) -> Path:
        """Refuse to send a file: no column holds the path of one."""
        raise HTTPException(status.HTTP_404_NOT_FOUND)

    @staticmethod
    def _begin(request: Request) -> Any:
        sessions: async_sessionmaker[AsyncSession] = request.state.sessions
        return sessions.begin()


# Columns are named one by one, so that a new one is not shown by accident: the hash of a password
# is in no list and in no form.


class UserView(ShopView, model=User):
    """Accounts: their role, and whether they are active."""

    can_edit = True
    icon = "fa-solid fa-user"
    column_list = (User.id, User.email, User.display_name, User.role, User.is_active)
    column_details_list = (
        User.id, User.email, User.display_name, User.role, User.is_active,
        User.password_changed_at, User.created_at, User.updated_at,
    )  # fmt: skip
    column_searchable_list = (User.email, User.display_name)
    column_sortable_list = (User.id, User.email)
    form_columns = (User.role, User.is_active)
    # The choices are what is stored, `plain`, and so must be what is chosen at first.
    form_args: ClassVar[dict[str, dict[str, Any]]] = {"role": {"coerce": str}}

    async def update_model(self, request: Request, pk: str, data: dict[str, Any]) -> User:
        """Change what an account may do, as the API does: the last administrator stays one."""
        async with self._begin(request) as session:
            return await accounts.change_access(
                session, int(pk), role=Role(data["role"]), is_active=data["is_active"]
            )


class ItemView(ShopView, model=Item):
    """What is for sale."""

    can_edit = True
    can_delete = True
    icon = "fa-solid fa-tag"
    column_list = (Item.id, Item.name, Item.price, Item.stock, Item.owner_id)
    column_details_list = (
        Item.id, Item.name, Item.description, Item.price, Item.stock, Item.owner_id,
        Item.version, Item.created_at, Item.updated_at,
    )  # fmt: skip
    column_searchable_list = (Item.name,)
    column_sortable_list = (Item.id, Item.name, Item.price)
    form_columns = (Item.name, Item.description, Item.price, Item.stock)

    async def update_model(self, request: Request, pk: str, data: dict[str, Any]) -> Item:
        """Change an item by the rules of the API."""
        try:
            update = ItemUpdate.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise NotValid(f"{first['loc'][0]}: {first['msg']}") from None
        async with self._begin(request) as session:
            return await item_crud.update_item(session, int(pk), update)

    async def delete_model(self, request: Request, pk: Any) -> None:
        """Delete an item that was never sold."""
        async with self._begin(request) as session:
            await item_crud.delete_item(session, int(pk))


class OrderView(ShopView, model=Order):
    """What was bought. An order moves by the API, where stock is given back."""

    icon = "fa-solid fa-cart-shopping"
    column_list = (Order.id, Order.buyer_id, Order.status, Order.created_at)
    column_details_list = (*column_list, Order.updated_at)
    column_sortable_list = (Order.id, Order.created_at)


class NotificationView(ShopView, model=Notification):
    """The outbox: what was not sent, and why."""

    icon = "fa-solid fa-envelope"
    column_list = (
        Notification.id, Notification.topic, Notification.attempts,
        Notification.due_at, Notification.sent_at,
    )  # fmt: skip
    column_details_list = (*column_list, Notification.created_at, Notification.last_error)
    column_sortable_list = (Notification.id, Notification.due_at)


VIEWS = (UserView, ItemView, OrderView, NotificationView)

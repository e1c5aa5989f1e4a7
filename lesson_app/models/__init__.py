"""The tables. Import models from here: it registers all of them on `Base.metadata`."""

from lesson_app.database import Base
from lesson_app.models.item import Item
from lesson_app.models.notification import Notification
from lesson_app.models.order import Order, OrderLine, OrderStatus
from lesson_app.models.refresh_token import RefreshToken
from lesson_app.models.stored_file import StoredFile
from lesson_app.models.user import Role, User, email_key

__all__ = [
    "Base",
    "Item",
    "Notification",
    "Order",
    "OrderLine",
    "OrderStatus",
    "RefreshToken",
    "Role",
    "StoredFile",
    "User",
    "email_key",
]

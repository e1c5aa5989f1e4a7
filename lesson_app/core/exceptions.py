"""What can go wrong in a shop, in the shop's own words.

These exceptions know nothing of HTTP; `lesson_app.api.errors` says which answer each becomes.
"""

from collections.abc import Collection, Sequence
from typing import ClassVar


class ShopError(Exception):
    """Something that the shop refuses to do. The message is for the person who asked."""

    title: ClassVar[str]
    """The kind of problem in a few words, the same for every case."""


class NotFound(ShopError):
    """What was asked for does not exist."""


class Conflict(ShopError):
    """What was asked for does not fit with what is stored."""


class InvalidField(ShopError):
    """One field of what was sent has a value that only the database could judge."""

    field: ClassVar[str]
    """The name of that field."""

    place: ClassVar[str] = "body"
    """The part of a message where it stands."""


class NotAuthenticated(ShopError):
    """It is not known who asks."""


class InvalidToken(NotAuthenticated):
    """There is no token, or it is not good, or not good any more."""

    title = "Not authenticated"

    def __init__(self) -> None:
        # One text for every reason: a forger learns nothing, and an owner has one thing to do.
        super().__init__("The token is missing or not valid. Log in to get a new one.")


class WrongCredentials(NotAuthenticated):
    """The address and the password do not belong together, or the account is not active."""

    title = "Wrong credentials"

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong.")


class Forbidden(ShopError):
    """It is known who asks, and they may not do this."""

    title = "Forbidden"


class MissingScope(Forbidden):
    """The token, or the role of its user, does not allow this."""

    title = "Missing scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope '{scope}'.")
        self.scope = scope


class NotYourItem(Forbidden):
    """The item is somebody else's."""

    title = "Not your item"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"The item {item_id} belongs to somebody else.")


class TooManyRequests(ShopError):
    """This was asked for too often in a short time."""

    title = "Too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests. Try again in {retry_after} seconds.")
        self.retry_after = retry_after
        """After how many seconds it makes sense to try again."""


class Busy(ShopError):
    """The shop can't do it now: others are in the way, or a server that it needs does not answer."""

    title = "Busy"

    retry_after: ClassVar[int] = 1
    """After how many seconds it makes sense to try again."""

    def __init__(self) -> None:
        super().__init__("The shop is busy right now, and nothing was changed. Try again.")


class NotReady(ShopError):
    """The app cannot do its work now."""

    title = "Not ready"

    def __init__(self, failing: Sequence[str]) -> None:
        super().__init__(f"Not ready: {', '.join(failing)}.")


class UserNotFound(NotFound):
    """No user has this id."""

    title = "User not found"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"No user has the id {user_id}.")


class EmailTaken(Conflict):
    """The email address has an account already."""

    title = "Email taken"

    def __init__(self) -> None:
        super().__init__("This email address has an account already.")


class LastAdministrator(Conflict):
    """The only active administrator cannot be taken away."""

    title = "Last administrator"

    def __init__(self) -> None:
        super().__init__("This is the last active administrator. Appoint another one first.")


class WrongPassword(InvalidField):
    """The current password, asked for before a change, is not the right one."""

    title = "Wrong password"
    field = "current_password"

    def __init__(self) -> None:
        super().__init__("This is not the current password.")


class ItemNotFound(NotFound):
    """No item has this id."""

    title = "Item not found"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"No item has the id {item_id}.")


class DuplicateItem(Conflict):
    """The owner already has an item of this name."""

    title = "Duplicate item"

    def __init__(self, name: str) -> None:
        super().__init__(f"This owner already has an item named {name!r}.")


class DuplicateItems(Conflict):
    """The owner already has an item of one of several names."""

    title = "Duplicate items"

    def __init__(self) -> None:
        super().__init__("This owner already has an item of one of these names. None was added.")


class ItemChanged(Conflict):
    """Someone else changed or deleted the item between the read and the write."""

    title = "Item changed meanwhile"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"The item {item_id} was changed meanwhile. Read it again, then retry.")


class ItemSold(Conflict):
    """The item stands in an order, and the books keep it."""

    title = "Item sold"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"The item {item_id} was sold already. Set its stock to 0 instead.")


class OutOfDate(ShopError):
    """The client named the version that it wants to change, and it is not the current one."""

    title = "Out of date"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"The item {item_id} has another version now. Read it again, then retry.")


class OrderNotFound(NotFound):
    """No order has this id, or it is none that the user may see: both look the same."""

    title = "Order not found"

    def __init__(self, order_id: int) -> None:
        super().__init__(f"No order has the id {order_id}.")


class UnknownItem(InvalidField):
    """An order names an item that does not exist."""

    title = "Unknown item"
    field = "lines"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"No item has the id {item_id}.")


class OutOfStock(Conflict):
    """Fewer units are left than an order asks for."""

    title = "Out of stock"

    def __init__(self, item_id: int) -> None:
        super().__init__(f"Not enough is left of the item {item_id}.")


class TooManyBuyers(Conflict):
    """Others changed the same rows first, each time that this was tried."""

    title = "Too many buyers"

    def __init__(self) -> None:
        super().__init__("Too many people buy the same things right now. Try again.")


class WrongOrderStatus(Conflict):
    """An order cannot go from where it is to where it was asked to go."""

    title = "Wrong order status"

    def __init__(self, order_id: int, status: str, wanted: str) -> None:
        super().__init__(f"The order {order_id} is {status} and cannot become {wanted}.")


class KeyReused(InvalidField):
    """An idempotency key came a second time, with another order."""

    title = "Key reused"
    place = "header"
    field = "idempotency-key"

    def __init__(self) -> None:
        super().__init__("This key belongs to another order of yours. Make a new key.")


class StoredFileNotFound(NotFound):
    """No file has this id, or it is none that the user may see: both look the same."""

    title = "File not found"

    def __init__(self, file_id: int) -> None:
        super().__init__(f"No file has the id {file_id}.")


class FileTooLarge(ShopError):
    """An uploaded file has more bytes than the shop stores."""

    title = "File too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"A file has at most {max_bytes} bytes.")


class UnsupportedFileType(ShopError):
    """The bytes of an uploaded file are of no type that the shop accepts."""

    title = "Unsupported file type"

    def __init__(self, accepted: Collection[str]) -> None:
        super().__init__(
            "Only these types are accepted, and the bytes of the file decide which it is: "
            + ", ".join(sorted(accepted))
        )

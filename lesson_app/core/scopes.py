"""What an access token allows: its scopes.

A scope is a promise of the client, "I ask for no more than this"; a role is a fact about the
user. A request may do what both allow.
"""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a token can allow."""

    SHOP = "shop"
    ADMIN = "admin"


SCOPES = {
    Scope.SHOP: "Use your own account: buy, sell, upload, chat.",
    Scope.ADMIN: "Manage all accounts, items and orders. For administrators.",
}
"""Each scope with what a person should know before granting it."""

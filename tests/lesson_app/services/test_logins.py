"""Logins, without HTTP."""

from lesson_app.models import User
from lesson_app.services.logins import Caller, TokenPair


def test_a_pair_of_tokens_does_not_show_them():
    """What lands in a log by its repr is not a login."""
    pair = TokenPair("access", "refresh", frozenset({"shop", "admin"}))
    assert repr(pair) == "TokenPair(scopes=['admin', 'shop'])"


def test_what_a_caller_may_change():
    """One's own things; an administrator also those of others."""
    user = User(id=2)
    plain = Caller(user, "a" * 32, frozenset({"shop"}))
    admin = Caller(user, "a" * 32, frozenset({"shop", "admin"}))
    assert [plain.may_change(2), plain.may_change(3)] == [True, False]
    assert [admin.may_change(2), admin.may_change(3)] == [True, True]

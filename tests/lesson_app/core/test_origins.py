"""Which pages may open a WebSocket."""

import pytest

from lesson_app.core.origins import may_connect

ALLOWED = ["https://shop.example", "http://localhost:3000"]


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        (None, "api.example", True),
        ("https://shop.example", "api.example", True),
        ("http://localhost:3000", "api.example", True),
        ("https://api.example", "api.example", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://evil.example", "api.example", False),
        ("https://shop.example.evil.example", "api.example", False),
        ("https://shop.example:444", "api.example", False),
        ("http://shop.example", "api.example", False),
        ("null", "api.example", False),
        ("null", None, False),
        ("", "", False),
        ("http://[", "api.example", False),
        ("https://api.example@evil.example", "api.example", False),
    ],
)
def test_audit_15_3_the_origin_is_checked(origin: str | None, host: str | None, expected: bool):
    """Audit 15.3: the shop's own pages and those of the listed sites may connect, and other programs."""
    assert may_connect(origin, host, ALLOWED) is expected

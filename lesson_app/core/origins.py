"""May a page of this origin open a WebSocket?

A browser asks no preflight for a WebSocket and sends cookies along, so the server has to look at
the `Origin` header itself. Source: RFC 6455, section 10.2.
"""

from collections.abc import Sequence


def may_connect(origin: str | None, host: str | None, allowed_origins: Sequence[str]) -> bool:
    """Say whether a handshake is allowed.

    Args:
        origin: its `Origin` header. A browser always sends one; other programs need not, and
            could write into it what they like.
        host: its `Host` header. The shop's own pages have the same host.
        allowed_origins: the other sites whose pages may connect, `Settings.cors_origins`.
    """
    if origin is None or origin in allowed_origins:
        return True
    # No parser: what a browser sends needs none, and what somebody else writes may break one.
    return bool(host) and origin.partition("://")[2] == host

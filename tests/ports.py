"""Ports for servers that a test starts."""

import random
import socket


def free_port() -> int:
    """Return a port where nobody listens, and which nobody gets who asks for any.

    Linux gives those from 32768 on, to servers that bind port 0 and to every connection that is
    opened. One of them can be gone in the seconds before a server is started on it.
    """
    while True:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port

"""Does the shop in this container answer? Exits with 0 only if `/health` says 200.

Part of the image, which has no curl. Not `urllib`, which would ask a proxy and follow redirects.
"""

import os
import sys
from http.client import HTTPConnection

SECONDS = 3


def main() -> int:
    """Ask, under a name that the shop answers to; a server that is away raises."""
    host = os.environ.get("SHOP_ALLOWED_HOSTS", "*").split(",")[0].strip()
    connection = HTTPConnection("localhost", int(os.environ.get("PORT", "8000")), timeout=SECONDS)
    # "*" and "*.shop.example" stand for any name.
    connection.request("GET", "/health", headers={"Host": host.replace("*", "health")})
    return 0 if connection.getresponse().status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())

"""Saying that an operation has a successor, so that programs notice and not only readers.

Sources: RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`), RFC 5829 (`successor-version`).
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from fastapi import Request, Response

from lesson_app.api.openapi import headers


@dataclass(frozen=True)
class Deprecation:
    """A dependency that marks the answers of an operation: `dependencies=[Depends(it)]`.

    Those of the endpoint, that is: an error has the headers of its own answer only.

    Attributes:
        since: from when on the operation should not be used in new programs, in UTC.
        sunset: when it may stop to answer, in UTC.
        successor: the name of the function that answers instead.
    """

    since: datetime
    sunset: datetime
    successor: str

    def __call__(self, request: Request, response: Response) -> None:
        """Add the headers."""
        response.headers["Deprecation"] = f"@{self.since.timestamp():.0f}"
        response.headers["Sunset"] = format_datetime(self.sunset, usegmt=True)
        successor = request.url_for(self.successor).path
        response.headers.append("Link", f'<{successor}>; rel="successor-version"')

    @property
    def documented(self) -> dict[str, Any]:
        """What OpenAPI says of the headers: `responses={200: it.documented}`."""
        return headers(
            {
                "Deprecation": "Since when this operation is deprecated, in seconds since 1970",
                "Sunset": "When it may stop to answer",
                "Link": "What to use instead",
            }
        )

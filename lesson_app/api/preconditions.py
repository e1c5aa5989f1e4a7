"""Changing only the version that the client has seen: `ETag` and `If-Match`.

Source: RFC 9110, sections 8.8.3 and 13.1.1.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')

Versions = frozenset[int] | None
"""Versions of which one must be the current one, or None for any."""


def set_etag(response: Response, version: int) -> None:
    """Name the version that a response shows."""
    response.headers["ETag"] = f'"{version}"'


def get_expected_versions(
    if_match: Annotated[
        str | None,
        Header(
            max_length=1000,
            description="Change the item only if its version is this one: the `ETag` of an "
            "answer. Otherwise the answer is 412.",
            examples=['"3"'],
        ),
    ] = None,
) -> Versions:
    """Read `If-Match`. What is no tag of ours matches no version, and so nothing is changed."""
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(
        # A weak tag never matches: it says "much the same", and a change needs "exactly this".
        int(tag)
        for weak, tag in _TAG.findall(if_match)
        if not weak and tag.isdecimal() and len(tag) < 12
    )


ExpectedVersions = Annotated[Versions, Depends(get_expected_versions)]

"""What `If-Match` may look like, and which versions it names."""

import pytest

from lesson_app.api.preconditions import get_expected_versions


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"3"', {3}),
        ('"3", "12"', {3, 12}),
        ('W/"3"', set()),
        ('W/"3", "4"', {4}),
        ("3", set()),
        ('"three"', set()),
        ('"²"', set()),
        ('"-3"', set()),
        ('""', set()),
        ("", set()),
        ('"' + "9" * 900 + '"', set()),
    ],
)
def test_which_versions_are_named(header: str | None, expected: set[int] | None):
    """Strong tags that could be ours; what is none matches nothing, so that nothing is changed."""
    assert get_expected_versions(header) == expected

"""Telling a file from its bytes."""

import pytest

from lesson_app.core.media_types import Sniffer


def sniff(*pieces: bytes) -> str | None:
    sniffer = Sniffer()
    for piece in pieces:
        sniffer.feed(piece)
    return sniffer.media_type()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF87a\x01\0", "image/gif"),
        (b"GIF89a\x01\0", "image/gif"),
        (b"RIFF\x0a\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x0a\0\0\0WAVEfmt ", None),
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        ("Grüße, 世界 🫖\r\n\tEnd\f".encode(), "text/plain"),
        (b"<script>alert(1)</script>", "text/plain"),
        (b"", "text/plain"),
        (b"MZ\x90\0\x03", None),
        (b"PK\x03\x04", None),
        (b"\x7fELF", None),
        (b"text with a NUL\0", None),
        (b"\x1b[31mred", None),
        (b"latin-1: \xe9t\xe9", None),
        (b" %PDF-1.7 not at the start \xff", None),
    ],
)
def test_the_bytes_decide(content: bytes, media_type: str | None):
    """Magic numbers at the very start, or UTF-8 text without control characters."""
    assert sniff(content) == media_type


@pytest.mark.parametrize(
    ("content", "media_type"),
    [("Grüße 🫖".encode(), "text/plain"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"a\xc3", None)],
)
def test_pieces_of_any_size_give_the_same_answer(content: bytes, media_type: str | None):
    """A character or a signature may be cut in two."""
    assert sniff(*(content[i : i + 1] for i in range(len(content)))) == media_type


def test_text_is_text_to_the_end():
    """A program behind a megabyte of text is no text."""
    assert sniff(b"a" * 2**20, b"\0\0") is None
    assert sniff(b"a" * 2**20, b"\xff", b"more text") is None

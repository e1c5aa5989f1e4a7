"""What a file is, told from its bytes: what the client says about it is a claim.

Source of the signatures: WHATWG, "MIME Sniffing", section 6, and RFC 9649 for WebP.
"""

import codecs
import re

_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_LONGEST = 16

# What no text has: control characters, except tab, line feed, form feed and carriage return.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")

SUFFIXES = {
    "application/pdf": (".pdf",),
    "image/gif": (".gif",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "text/csv": (".csv",),
    "text/plain": (".txt", ".text", ".log", ".md"),
}
"""The endings of a file's name that go with each type, the usual one first."""


class Sniffer:
    """Reads a file piece by piece, keeps a few bytes of it, and says what it is."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_text = True

    def feed(self, piece: bytes) -> None:
        """Look at the next piece of the file."""
        if len(self._head) < _LONGEST:
            self._head += piece[:_LONGEST]
        self._check_text(piece, final=False)

    def media_type(self) -> str | None:
        """Return the type of the whole file: text is UTF-8 to the end. None is none we know."""
        for signature, media_type in _SIGNATURES:
            if signature.match(self._head):
                return media_type
        self._check_text(b"", final=True)
        return "text/plain" if self._is_text else None

    def _check_text(self, piece: bytes, *, final: bool) -> None:
        if not self._is_text:
            return
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self._is_text = False
        else:
            self._is_text = _NOT_TEXT.search(piece) is None

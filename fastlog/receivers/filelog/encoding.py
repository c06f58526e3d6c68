"""The encodings of log files: which the kernels read as they are, which are decoded first."""

from __future__ import annotations

import codecs

NATIVE = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "utf-8-raw": "utf-8-raw",
    "utf8-raw": "utf-8-raw",
    "nop": "nop",
}
"""The collector's names that need no decoding → the framer's name. It reads ASCII as UTF-8."""

# "utf-16" without an order is little-endian there, and a byte order mark is text.
_WIDE = {"utf-16": "utf-16-le", "utf16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}

# The collector's library has these with the extensions that the WHATWG gives them.
_EXTENDED = {"big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}

# It has no character for these: the C1 controls in the parts of ISO 8859, four bytes in the code page 932.
_MISSING = {
    **{f"iso8859-{part}": range(0x80, 0xA0) for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "shift_jis": range(0xF8F0, 0xF8F4),
}

# Python has these, the IANA register doesn't have them as character sets.
_NOT_TEXT = frozenset(("idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf-7", "mbcs", "oem"))


class Transcoder:
    """Blocks of a file in another encoding, made UTF-8."""

    def __init__(self, name: str) -> None:
        """Raises ValueError when ``name`` is no encoding of text, or one that is not written in units of one size."""
        lowered = name.lower()
        self._codec = _WIDE.get(lowered, lowered)
        try:
            info = codecs.lookup(self._codec)
        except LookupError:
            info = None
        if info is None or info.name in _NOT_TEXT or not info._is_text_encoding:
            raise ValueError(
                f"{name!r} is not an encoding; use utf-8, utf-8-raw, ascii, utf-16le, utf-16be, nop or a name from the"
                " IANA register of character sets"
            )
        self._codec = _EXTENDED.get(info.name, self._codec)
        self._missing = dict.fromkeys(_MISSING.get(info.name, ()), "\ufffd")
        newline = "\n".encode(self._codec)
        if self._codec not in _WIDE.values() and newline != b"\n":
            raise ValueError(f"{name!r} does not write a line feed as one byte; use utf-8, utf-16le or utf-16be")
        self._unit = len(newline)

    def text(self, data: bytes) -> bytes:
        """As UTF-8 what is whole of ``data``: a character that is cut at its end is left out."""
        return self._utf8(codecs.getincrementaldecoder(self._codec)("replace").decode(data))

    def length(self, data: bytes, text: bytes) -> int:
        """How many bytes of ``data`` the beginning ``text`` of its :meth:`text` was made of."""
        size = len(text.decode("utf-8").encode(self._codec, "replace"))
        if size <= len(data):
            decoder = codecs.getincrementaldecoder(self._codec)("replace")
            if self._utf8(decoder.decode(data[:size])) == text and not decoder.getstate()[0]:
                return size
        low, high = 0, len(data)
        while low < high:  # something was replaced: there is no shorter way
            middle = (low + high) // 2
            if len(self.text(data[:middle])) < len(text):
                low = middle + 1
            else:
                high = middle
        return low

    def whole(self, size: int) -> int:
        """The largest part of ``size`` bytes that doesn't cut a code unit."""
        return size - size % self._unit

    def decode(self, data: bytes) -> bytes:
        """As UTF-8, with U+FFFD for what is no character."""
        return self._utf8(data.decode(self._codec, "replace"))

    def _utf8(self, text: str) -> bytes:
        return (text.translate(self._missing) if self._missing else text).encode("utf-8", "replace")

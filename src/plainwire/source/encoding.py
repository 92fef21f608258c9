"""How a file's bytes are text: UTF-8, or UTF-16 where its byte order mark says so.

The Unicode Standard, section 23.8 (version 16). PowerShell 5 writes UTF-16 with such a mark.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)  # the first begins as UTF-16 does


def encoding_of(data: bytes) -> tuple[str, int]:
    """The name of the encoding, and how many bytes of a mark stand before the text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, len(mark)
    return "utf-8", 0


def text_of(data: bytes) -> str:
    """The text, one newline a line; what is none in the encoding as the replacement character."""
    name, start = encoding_of(data)
    text = data[start:].decode(name, "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def unread_encoding(data: bytes) -> str:
    """The encoding of a text that is not read, or an empty string for others and for no text.

    Without a mark a text in UTF-16 shows by its every second byte, as far as it is ASCII.
    """
    if data.startswith(_UTF_32):
        return "UTF-32"
    if encoding_of(data)[0] != "utf-8":
        return ""
    pairs = list(zip(data[:400:2], data[1:400:2], strict=False))
    for letters in (
        [low for low, high in pairs if not high],
        [low for high, low in pairs if not high],
    ):
        if len(letters) > 3 and sum(map(_is_ascii_text, letters)) > 0.9 * len(pairs):
            return "UTF-16 without a byte order mark"
    return ""


def _is_ascii_text(byte: int) -> bool:
    return byte in b"\t\r\n" or 31 < byte < 127

"""What answers a ClientHello when it is not TLS: told from its first bytes."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal

Kind = Literal["http", "text", "sslv2", "binary"]

TEXT = frozenset(string.printable.encode())
RECORD_TYPES = range(20, 25)


@dataclass(frozen=True, slots=True)
class NotTls:
    """The peer spoke, and it was no TLS record. ``reason`` is short and holds no peer bytes."""

    kind: Kind
    reason: str

    @property
    def is_plain_text(self) -> bool:
        """True if a protocol in clear answered, so that no TLS listener is there."""
        return self.kind in ("http", "text")


def recognise(start: bytes) -> NotTls | None:
    """What the first bytes of an answer are. Returns None if they can be a TLS record's.

    Five bytes settle it; with fewer, as after an early end, it says what they allow.
    """
    if _starts_record(start):
        return None
    if start[:5].upper() == b"HTTP/":
        return NotTls("http", "answered in plain HTTP")
    # RFC 9113, 3.4: the server's preface is a SETTINGS frame (type 4) on stream 0.
    if start[:2] == b"\0\0" and start[3:4] == b"\x04":
        return NotTls("http", "answered in plain HTTP/2")
    if all(byte in TEXT for byte in start[:5]):
        return NotTls("text", "answered in plain text")
    # The SSL 2.0 draft's record header of two bytes, then ERROR (0) or SERVER-HELLO (4).
    if start[0] & 0x80 and start[2:3] in (b"\0", b"\x04"):
        return NotTls("sslv2", "answered in SSLv2")
    return NotTls("binary", "answered in something that is neither TLS nor text")


def _starts_record(start: bytes) -> bool:
    return not start or (
        start[0] in RECORD_TYPES
        and start[1:2] in (b"", b"\x03")
        and (len(start) < 3 or start[2] <= 4)
    )

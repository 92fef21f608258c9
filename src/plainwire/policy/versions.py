"""The protocol versions of TLS and its forerunners, with the words that reports use."""

from __future__ import annotations

from enum import IntEnum


class Version(IntEnum):
    """A ProtocolVersion code point: RFC 6101 (SSLv3), 2246, 4346, 5246, 8446."""

    SSL_3_0 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304

    def __str__(self) -> str:
        return WORDS[self]


WORDS = {
    Version.SSL_3_0: "SSLv3",
    Version.TLS_1_0: "TLSv1.0",
    Version.TLS_1_1: "TLSv1.1",
    Version.TLS_1_2: "TLSv1.2",
    Version.TLS_1_3: "TLSv1.3",
}


def version_name(code: int) -> str:
    """The report's word for a version, or its hexadecimal code point, such as ``0x7f1c``."""
    return str(Version(code)) if code in WORDS else f"0x{code:04x}"

"""SSLv2's first two messages (the SSL 2.0 draft of 1995, sections 1.1, 2.5 and 2.6).

    2-byte record header: 1 bit that says so, 15 bits of length.
    3-byte record header: 1 bit 0, 1 bit is_escape, 14 bits of length; 1 byte of padding length.

    char MSG-CLIENT-HELLO = 1              char MSG-SERVER-HELLO = 4
    char CLIENT-VERSION[2]                 char SESSION-ID-HIT
    char CIPHER-SPECS-LENGTH[2]            char CERTIFICATE-TYPE
    char SESSION-ID-LENGTH[2]              char SERVER-VERSION[2]
    char CHALLENGE-LENGTH[2]               char CERTIFICATE-LENGTH[2]
    char CIPHER-SPECS-DATA[...]            char CIPHER-SPECS-LENGTH[2]
    char SESSION-ID-DATA[...]              char CONNECTION-ID-LENGTH[2]
    char CHALLENGE-DATA[16..32]            char CERTIFICATE-DATA[...], CIPHER-SPECS-DATA[...],
                                           CONNECTION-ID-DATA[...]

A server lists in its hello all the suites that it shares with the client's: one answer tells all.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.model import WireError
from plainwire.wire.not_tls import recognise
from plainwire.wire.presentation import Cursor

WHERE = "the SSL 2.0 draft, section 2.6, SERVER-HELLO"
VERSION = 2
ERROR, CLIENT_HELLO, SERVER_HELLO = 0, 1, 4
# Three bytes each. SSL_CK_NULL_WITH_MD5 and SSL_CK_RC4_64_WITH_MD5 are SSLeay's.
SUITES = {
    0x010080: "SSL_CK_RC4_128_WITH_MD5",
    0x020080: "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    0x030080: "SSL_CK_RC2_128_CBC_WITH_MD5",
    0x040080: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
    0x050080: "SSL_CK_IDEA_128_CBC_WITH_MD5",
    0x060040: "SSL_CK_DES_64_CBC_WITH_MD5",
    0x060140: "SSL_CK_DES_64_CBC_WITH_SHA",
    0x0700C0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
    0x0701C0: "SSL_CK_DES_192_EDE3_CBC_WITH_SHA",
    0x080080: "SSL_CK_RC4_64_WITH_MD5",
    0x000000: "SSL_CK_NULL_WITH_MD5",
}


@dataclass(frozen=True, slots=True)
class ServerHello2:
    """``certificate`` is DER, empty if there was none; ``suites`` are codes of three bytes."""

    certificate: bytes
    suites: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The suites' SSL_CK names."""
        return tuple(SUITES.get(code, f"0x{code:06x}") for code in self.suites)


@dataclass(frozen=True, slots=True)
class Error2:
    """An ERROR message: SSLv2 is spoken, and what was offered will not do."""

    code: int


@dataclass(frozen=True, slots=True)
class Other2:
    """No SSLv2 came: a record of TLS (most servers answer with an alert) or another protocol."""

    reason: str


def client_hello_2(challenge: bytes) -> bytes:
    """A CLIENT-HELLO on the wire that offers every suite; the challenge is 16 bytes."""
    specs = b"".join(code.to_bytes(3, "big") for code in SUITES)
    lengths = b"".join(size.to_bytes(2, "big") for size in (len(specs), 0, len(challenge)))
    body = bytes([CLIENT_HELLO]) + VERSION.to_bytes(2, "big") + lengths + specs + challenge
    return (0x8000 | len(body)).to_bytes(2, "big") + body


def read_answer(data: bytes) -> ServerHello2 | Error2 | Other2 | None:
    """What a server said to a CLIENT-HELLO. Returns None while more bytes are needed.

    Raises:
        WireError: if it is SSLv2 and breaks the grammar above.
    """
    if len(data) < 5:
        return None
    other = recognise(data)
    if other is None:
        return Other2("answered with a record of TLS")
    is_short = bool(data[0] & 0x80)
    at = 2 if is_short else 3
    size = int.from_bytes(data[:2], "big") & (0x7FFF if is_short else 0x3FFF)
    padding = 0 if is_short else data[2]
    if other.is_plain_text or data[at] not in (ERROR, SERVER_HELLO) or padding > size:
        return Other2(other.reason)
    if len(data) < at + size:
        return None
    message = data[at : at + size - padding]
    if message[:1] == bytes([ERROR]):
        return Error2(int.from_bytes(message[1:3], "big"))
    return parse_server_hello_2(message[1:])


def parse_server_hello_2(body: bytes) -> ServerHello2:
    """A SERVER-HELLO after its message type.

    Raises:
        WireError: if it breaks the grammar above.
    """
    cursor = Cursor(body, WHERE)
    cursor.take(2)
    if (version := cursor.number(2)) != VERSION:
        raise WireError(f"{WHERE}: version 0x{version:04x}")
    sizes = [cursor.number(2) for _ in range(3)]
    certificate, specs, _ = (cursor.take(size) for size in sizes)
    cursor.end()
    if len(specs) % 3:
        raise WireError(f"{WHERE}: {len(specs)} bytes of suites of 3 bytes each")
    codes = (int.from_bytes(specs[at : at + 3], "big") for at in range(0, len(specs), 3))
    return ServerHello2(certificate, tuple(dict.fromkeys(codes)))

"""The dialogues of protocols that speak in binary messages: LDAP, PostgreSQL, MySQL."""

from __future__ import annotations

from plainwire.model import WireError
from plainwire.wire.starttls.dialogue import MAX_REPLY, RefusedError, Script

# RFC 4511, 4.14.1: ExtendedRequest 1.3.6.1.4.1.1466.20037 with message id 1, in BER.
START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
# PostgreSQL's frontend protocol, "SSLRequest": length 8, code 80877103.
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
# MySQL's capability flags: CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION.
PROTOCOL_41, SSL, SECURE_CONNECTION = 0x0200, 0x0800, 0x8000
UTF8MB4 = 45


def ldap(host: str) -> Script:
    """LDAP (RFC 4511, 4.14): the StartTLS operation; resultCode 0 lets TLS begin."""
    said = yield START_TLS, ber
    content = said[ber_header(said)[0] :]
    _, number = _element(content, 0x02)
    response, _ = _element(content[number:], 0x78)  # [APPLICATION 24] ExtendedResponse
    code, _ = _element(response, 0x0A)
    if code != b"\x00":
        raise RefusedError(f"LDAP result {int.from_bytes(code[:4], 'big')}")
    return b""


def ber(buffer: bytes) -> int | None:
    """One element of BER with a definite length.

    Raises:
        WireError: if it is no SEQUENCE, or longer than any reply.
    """
    if buffer and buffer[0] != 0x30:
        raise WireError("RFC 4511, 4.1.1: an LDAPMessage is a SEQUENCE")
    if len(buffer) < 2 or (buffer[1] & 0x80 and len(buffer) < 2 + (buffer[1] & 0x7F)):
        return None
    header, length = ber_header(buffer)
    return header + length if len(buffer) >= header + length else None


def ber_header(data: bytes) -> tuple[int, int]:
    """How long an element's header is, and its content.

    Raises:
        WireError: if the length is indefinite, too long, or cut.
    """
    if len(data) < 2:
        raise WireError("RFC 4511, 5.1: an element of BER is cut")
    if not data[1] & 0x80:
        return 2, data[1]
    size = data[1] & 0x7F
    octets = data[2 : 2 + size]
    length = int.from_bytes(octets, "big")
    if not 0 < size <= 4 or len(octets) < size or length > MAX_REPLY:
        raise WireError("RFC 4511, 5.1: a length that is indefinite or too long")
    return 2 + size, length


def _element(data: bytes, tag: int) -> tuple[bytes, int]:
    """The content of the element at the head, and how long the element is."""
    header, length = ber_header(data)
    if data[0] != tag or len(data) < header + length:
        raise WireError(f"RFC 4511, 4.1.1: no element 0x{tag:02x} where one has to be")
    return data[header : header + length], header + length


def postgres(host: str) -> Script:
    """PostgreSQL: SSLRequest, answered by one byte, ``S`` or ``N``."""
    said = yield SSL_REQUEST, lambda buffer: 1 if buffer else None
    if said == b"N":
        raise RefusedError("the server answered N: no TLS")
    if said == b"E":
        raise RefusedError("the server answered with an error: it knows no TLS")
    if said != b"S":
        raise WireError(f"PostgreSQL, SSLRequest: answered {said!r}, neither S nor N")
    return b""


def mysql(host: str) -> Script:
    """MySQL: the server's greeting with CLIENT_SSL; an SSLRequest is not answered in clear."""
    said = yield b"", packet
    payload = said[4:]
    if payload[:1] == b"\xff":
        raise RefusedError("the server answered with an error")
    if payload[:1] != b"\x0a":
        raise WireError("MySQL, Protocol::Handshake: not version 10")
    _, found, rest = payload[1:].partition(b"\x00")
    # Thread id (4), authentication data (8), filler (1), then the lower capability flags.
    if not found or len(rest) < 15:
        raise WireError("MySQL, Protocol::HandshakeV10: cut")
    if not int.from_bytes(rest[13:15], "little") & SSL:
        raise RefusedError("the server does not offer TLS")
    flags = PROTOCOL_41 | SSL | SECURE_CONNECTION
    body = flags.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + bytes([UTF8MB4])
    body += bytes(23)
    return len(body).to_bytes(3, "little") + bytes([said[3] + 1 & 0xFF]) + body


def packet(buffer: bytes) -> int | None:
    """One packet of MySQL: a length of three bytes, a number, the payload.

    Raises:
        WireError: if it is longer than any greeting.
    """
    if len(buffer) < 4:
        return None
    length = 4 + int.from_bytes(buffer[:3], "little")
    if length > MAX_REPLY:
        raise WireError(f"MySQL: a packet of {length} bytes for a greeting")
    return length if len(buffer) >= length else None

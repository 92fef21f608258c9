"""Whether a TLS 1.2 server staples an OCSP response, read off its first flight in clear.

    struct { CertificateStatusType status_type;
             select (status_type) { case ocsp: OCSPStatusRequest; } request; }
    CertificateStatusRequest;                                     (RFC 6066, section 8)

A server that staples sends a CertificateStatus message after its Certificate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.alerts import Alert
from plainwire.wire.hello import client_hello
from plainwire.wire.not_tls import NotTls
from plainwire.wire.records import Handshake, HandshakeType, MessageReader

STATUS_REQUEST = (5, b"\x01\x00\x00\x00\x00")
MAX_FLIGHT = 256 * 1024


def staple_hello(
    random: bytes,
    suites: Iterable[int],
    groups: Iterable[int],
    schemes: Iterable[int],
    server_name: str | None,
) -> bytes:
    """A TLS 1.2 ClientHello that asks for a staple, as bytes on the wire."""
    hello = client_hello(
        Version.TLS_1_2,
        random=random,
        suites=suites,
        groups=groups,
        schemes=schemes,
        server_name=server_name,
    )
    extensions = (STATUS_REQUEST, *(hello.extensions or ()))
    return replace(hello, extensions=extensions).to_bytes()


class FlightReader:
    """Bytes of a server's first flight to whether a staple is in it, however they are cut."""

    def __init__(self) -> None:
        self._messages = MessageReader()
        self._count = 0

    def feed(self, data: bytes) -> bool | None:
        """True once a staple came, False once the flight is over without one; None before.

        Raises:
            WireError: if the server refuses the hello, speaks no TLS, breaks the grammar, or sends
                more than `MAX_FLIGHT` bytes.
        """
        self._count += len(data)
        if self._count > MAX_FLIGHT:
            raise WireError(f"RFC 5246, section 7.3: a flight of more than {MAX_FLIGHT} bytes")
        for message in self._messages.feed(data):
            match message:
                case Handshake(type=HandshakeType.CERTIFICATE_STATUS):
                    return True
                case Handshake(type=HandshakeType.SERVER_HELLO_DONE):
                    return False
                case Alert(level=2) | NotTls():
                    raise WireError("RFC 5246, section 7.4.1.3: no ServerHello")
        return None

"""The messages of TLS 1.3 that are encrypted (RFC 8446, 4.3.1, 4.4.3, 4.6.1, 4.6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plainwire.model import WireError
from plainwire.wire import extensions as ext
from plainwire.wire.handshake.offer_13 import Ticket13
from plainwire.wire.handshake.protection_13 import SUITES
from plainwire.wire.presentation import Cursor, code_points, vectors

SIGNED_BY_SERVER = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


@dataclass(frozen=True, slots=True)
class EncryptedExtensions:
    """``alpn`` is the protocol chosen; ``groups`` those that the server prefers, or None."""

    extensions: Mapping[int, bytes]
    alpn: str | None
    is_early_data_accepted: bool
    groups: tuple[int, ...] | None


def parse_encrypted_extensions(body: bytes) -> EncryptedExtensions:
    """``Extension extensions<0..2^16-1>``.

    Raises:
        WireError: if it breaks that grammar, or an extension's own.
    """
    where = "RFC 8446, section 4.3.1, EncryptedExtensions"
    cursor = Cursor(body, where)
    found = ext.parse(cursor.vector(2))
    cursor.end()
    groups = None
    if ext.SUPPORTED_GROUPS in found:
        groups = code_points(Cursor(found[ext.SUPPORTED_GROUPS], where).vector(2), where)
    return EncryptedExtensions(found, chosen_protocol(found), ext.EARLY_DATA in found, groups)


def chosen_protocol(extensions: Mapping[int, bytes]) -> str | None:
    """The one protocol of ALPN that a server chose (RFC 7301, 3.1); None if it chose none.

    Raises:
        WireError: if it is not exactly one.
    """
    if ext.ALPN not in extensions:
        return None
    where = "RFC 7301, section 3.1, application_layer_protocol_negotiation"
    cursor = Cursor(extensions[ext.ALPN], where)
    names = vectors(1, cursor.vector(2), where)
    cursor.end()
    if len(names) != 1:
        raise WireError(f"{where}: {len(names)} protocols chosen")
    return names[0].decode("ascii", "backslashreplace")


def parse_certificate_verify(body: bytes) -> tuple[int, bytes]:
    """``SignatureScheme algorithm; opaque signature<0..2^16-1>``.

    Raises:
        WireError: if it breaks that grammar.
    """
    cursor = Cursor(body, "RFC 8446, section 4.4.3, CertificateVerify")
    scheme, signature = cursor.number(2), cursor.vector(2)
    cursor.end()
    return scheme, signature


def parse_ticket_13(body: bytes, suite: int, resumption_secret: bytes) -> Ticket13:
    """A NewSessionTicket, with the PSK that it stands for.

    struct { uint32 ticket_lifetime; uint32 ticket_age_add; opaque ticket_nonce<0..255>;
             opaque ticket<1..2^16-1>; Extension extensions<0..2^16-2>; } NewSessionTicket;

    Raises:
        WireError: if it breaks that grammar.
    """
    where = "RFC 8446, section 4.6.1, NewSessionTicket"
    cursor = Cursor(body, where)
    lifetime_s, age_add = cursor.number(4), cursor.number(4)
    nonce, ticket, found = cursor.vector(1), cursor.vector(2), ext.parse(cursor.vector(2))
    cursor.end()
    size = None
    if ext.EARLY_DATA in found:
        early = Cursor(found[ext.EARLY_DATA], where)
        size = early.number(4)
        early.end()
    algorithm = SUITES[suite][0]
    psk = algorithm.expand_label(resumption_secret, "resumption", nonce, algorithm.size)
    return Ticket13(suite, lifetime_s, age_add, nonce, ticket, psk, size)


def parse_key_update(body: bytes) -> bool:
    """Whether the peer wants ours too: ``enum { update_not_requested(0), update_requested(1) }``.

    Raises:
        WireError: if it is anything else.
    """
    if body not in (b"\0", b"\1"):
        raise WireError("RFC 8446, section 4.6.3: a KeyUpdate of another kind")
    return body == b"\1"

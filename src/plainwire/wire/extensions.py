"""ClientHello extensions: a builder each, `(code point, data)` (RFC 8446, section 4.2).

struct {
    ExtensionType extension_type;     // 2 bytes
    opaque extension_data<0..2^16-1>;
} Extension;
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from plainwire.model import WireError
from plainwire.wire.presentation import Cursor, numbers, vector

Extension = tuple[int, bytes]

SERVER_NAME = 0
STATUS_REQUEST = 5
SUPPORTED_GROUPS = 10
EC_POINT_FORMATS = 11
SIGNATURE_ALGORITHMS = 13
HEARTBEAT = 15
ALPN = 16
SIGNED_CERTIFICATE_TIMESTAMP = 18
PADDING = 21
ENCRYPT_THEN_MAC = 22
EXTENDED_MASTER_SECRET = 23
SESSION_TICKET = 35
PRE_SHARED_KEY = 41
EARLY_DATA = 42
SUPPORTED_VERSIONS = 43
COOKIE = 44
PSK_KEY_EXCHANGE_MODES = 45
CERTIFICATE_AUTHORITIES = 47
SIGNATURE_ALGORITHMS_CERT = 50
KEY_SHARE = 51
RENEGOTIATION_INFO = 0xFF01


def parse(block: bytes) -> dict[int, bytes]:
    """The extensions in a block, by code point.

    Raises:
        WireError: if it breaks the grammar above or repeats an extension.
    """
    cursor = Cursor(block, "RFC 8446, section 4.2, extensions")
    found: dict[int, bytes] = {}
    while cursor.left:
        code, data = cursor.number(2), cursor.vector(2)
        if code in found:
            raise WireError(f"RFC 8446, section 4.2: extension {code} twice")
        found[code] = data
    return found


def server_name(name: str | None) -> tuple[Extension, ...]:
    """SNI: ``ServerName { name_type host_name(0); opaque HostName<1..2^16-1>; }``.

    ``name`` is an A-label. Returns () for None and for IP literals, which RFC 6066, section 3
    does not permit; a trailing dot is left out as the same section asks.

    Raises:
        UnicodeEncodeError: if the name is not ASCII.
    """
    bare = (name or "").rstrip(".")
    if not bare or _is_ip(bare):
        return ()
    entry = b"\0" + vector(2, bare.encode("ascii"))
    return ((SERVER_NAME, vector(2, entry)),)


@lru_cache(maxsize=64)
def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def supported_groups(groups: Iterable[int]) -> Extension:
    """``NamedGroup named_group_list<2..2^16-1>`` (RFC 8446, 4.2.7)."""
    return SUPPORTED_GROUPS, vector(2, numbers(2, groups))


def ec_point_formats() -> Extension:
    """``ECPointFormat ec_point_format_list<1..2^8-1>``: uncompressed(0) (RFC 8422, 5.1.2)."""
    return EC_POINT_FORMATS, vector(1, b"\0")


def signature_algorithms(schemes: Iterable[int]) -> Extension:
    """``SignatureScheme supported_signature_algorithms<2..2^16-2>`` (RFC 8446, 4.2.3)."""
    return SIGNATURE_ALGORITHMS, vector(2, numbers(2, schemes))


def signature_algorithms_cert(schemes: Iterable[int]) -> Extension:
    """``SignatureScheme supported_signature_algorithms<2..2^16-2>`` of chains (RFC 8446, 4.2.3)."""
    return SIGNATURE_ALGORITHMS_CERT, vector(2, numbers(2, schemes))


def alpn(protocols: Iterable[str]) -> Extension:
    """``ProtocolName protocol_name_list<2..2^16-1>`` (RFC 7301, 3.1)."""
    names = b"".join(vector(1, protocol.encode("ascii")) for protocol in protocols)
    return ALPN, vector(2, names)


def supported_versions(versions: Iterable[int]) -> Extension:
    """``ProtocolVersion versions<2..254>`` (RFC 8446, 4.2.1)."""
    return SUPPORTED_VERSIONS, vector(1, numbers(2, versions))


def key_share(shares: Iterable[tuple[int, bytes]] = ()) -> Extension:
    """``KeyShareEntry client_shares<0..2^16-1>`` of (group, key) (RFC 8446, 4.2.8).

    With none, a server that speaks TLS 1.3 answers HelloRetryRequest: the version, suite and
    group without public key work on either side.
    """
    entries = b"".join(numbers(2, [group]) + vector(2, key) for group, key in shares)
    return KEY_SHARE, vector(2, entries)


def psk_key_exchange_modes() -> Extension:
    """``PskKeyExchangeMode ke_modes<1..255>``: psk_dhe_ke(1) (RFC 8446, 4.2.9)."""
    return PSK_KEY_EXCHANGE_MODES, vector(1, b"\x01")


def extended_master_secret() -> Extension:
    """Empty (RFC 7627, section 5.1)."""
    return EXTENDED_MASTER_SECRET, b""


def session_ticket(ticket: bytes = b"") -> Extension:
    """The ticket to resume with; empty: the client can take one and has none (RFC 5077, 3.2)."""
    return SESSION_TICKET, ticket


def renegotiation_info(verify_data: bytes = b"") -> Extension:
    """``opaque renegotiated_connection<0..255>``, empty at first (RFC 5746, 3.2)."""
    return RENEGOTIATION_INFO, vector(1, verify_data)


def status_request() -> Extension:
    """A staple is asked for: ``ocsp(1)``, no responders named, no extensions (RFC 6066, 8)."""
    return STATUS_REQUEST, b"\x01\x00\x00\x00\x00"


def signed_certificate_timestamp() -> Extension:
    """Empty: SCTs are asked for (RFC 6962, 3.3.1)."""
    return SIGNED_CERTIFICATE_TIMESTAMP, b""


def encrypt_then_mac() -> Extension:
    """Empty (RFC 7366, section 2)."""
    return ENCRYPT_THEN_MAC, b""


def heartbeat() -> Extension:
    """``peer_not_allowed_to_send(2)``: asks nothing of the server but its word (RFC 6520, 2)."""
    return HEARTBEAT, b"\x02"


def cookie(data: bytes) -> Extension:
    """The cookie extension of a HelloRetryRequest, sent back as it came (RFC 8446, 4.2.2)."""
    return COOKIE, data


def grease(value: int) -> Extension:
    """An extension that no server knows, with a reserved code point such as 0x0A0A (RFC 8701)."""
    return value, b""


def padding(length: int) -> Extension:
    """``length`` zero bytes (RFC 7685, section 3)."""
    return PADDING, bytes(length)


def early_data() -> Extension:
    """Empty: early data follows (RFC 8446, 4.2.10)."""
    return EARLY_DATA, b""


def pre_shared_key(identity: bytes, obfuscated_age: int, binder: bytes) -> Extension:
    """One identity and its binder, always the last extension (RFC 8446, 4.2.11).

    struct { opaque identity<1..2^16-1>; uint32 obfuscated_ticket_age; } PskIdentity;
    opaque PskBinderEntry<32..255>;
    struct { PskIdentity identities<7..2^16-1>; PskBinderEntry binders<33..2^16-1>; } OfferedPsks;
    """
    identities = vector(2, identity) + obfuscated_age.to_bytes(4, "big")
    return PRE_SHARED_KEY, vector(2, identities) + vector(2, vector(1, binder))

"""ClientHello and ServerHello (RFC 5246, 7.4.1; RFC 8446, 4.1.2 and 4.1.3; RFC 6101, 5.6.1).

struct {                                             struct {
    ProtocolVersion legacy_version;                      ProtocolVersion legacy_version;
    Random random;                     // 32 bytes       Random random;
    opaque legacy_session_id<0..32>;                     opaque legacy_session_id_echo<0..32>;
    CipherSuite cipher_suites<2..2^16-2>;                CipherSuite cipher_suite;
    opaque compression_methods<1..2^8-1>;                uint8 legacy_compression_method;
    Extension extensions<0..2^16-1>;   // may be absent  Extension extensions<0..2^16-1>;
} ClientHello;                                       } ServerHello;
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from plainwire.model import WireError
from plainwire.policy.suites import RENEGOTIATION_SCSV
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.presentation import Cursor, numbers, vector
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Record

# RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest".
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. ``extensions`` None leaves the block out altogether, as SSLv3 has it.

    ``random`` is 32 bytes; ``suites`` are code points in the order of preference.
    """

    legacy_version: int
    random: bytes = field(repr=False)
    suites: tuple[int, ...]
    extensions: tuple[ext.Extension, ...] | None = None
    session_id: bytes = field(repr=False, default=b"")
    compression: tuple[int, ...] = (0,)

    def to_handshake(self) -> bytes:
        """The handshake message, header included.

        Raises:
            ValueError: if ``random`` is not 32 bytes.
            OverflowError: if a list is longer than its length field can say.
        """
        if len(self.random) != 32:
            raise ValueError("a random is 32 bytes")
        body = self.legacy_version.to_bytes(2, "big") + self.random + vector(1, self.session_id)
        body += vector(2, numbers(2, self.suites)) + vector(1, numbers(1, self.compression))
        if self.extensions is not None:
            block = b"".join(
                code.to_bytes(2, "big") + vector(2, data) for code, data in self.extensions
            )
            body += vector(2, block)
        return Handshake(HandshakeType.CLIENT_HELLO, body).to_bytes()

    @property
    def _length(self) -> int:
        """How many bytes `to_handshake` comes to."""
        block = sum(4 + len(data) for _, data in self.extensions or ())
        lists = len(self.session_id) + 2 * len(self.suites) + len(self.compression)
        return 4 + 2 + 32 + 1 + 2 + 1 + lists + (0 if self.extensions is None else 2 + block)

    def to_bytes(self) -> bytes:
        """The hello in one record.

        The record's version is TLS 1.0, the initial hello's for compatibility (RFC 8446, 5.1),
        and SSLv3 in a hello of SSLv3.
        """
        version = min(self.legacy_version, Version.TLS_1_0)
        return Record(ContentType.HANDSHAKE, version, self.to_handshake()).to_bytes()

    def padded(self) -> ClientHello:
        """The same hello, padded to 512 bytes if its message would have 256 to 511.

        F5 BIG-IP's old firmware reads the length's high byte 1 as SSLv2's CLIENT-HELLO and
        hangs (RFC 7685, section 4). A hello without extensions cannot be padded.
        """
        length = self._length
        if self.extensions is None or not 256 <= length < 512:
            return self
        # At least one byte: IBM WebSphere refuses a last extension that is empty (RFC 7685, 4).
        filler = ext.padding(max(1, 512 - length - 4))
        return replace(self, extensions=(*self.extensions, filler))


def client_hello(
    version: Version,
    *,
    random: bytes,
    suites: Iterable[int],
    groups: Iterable[int],
    schemes: Iterable[int],
    server_name: str | None = None,
    session_id: bytes = b"",
    key_shares: Iterable[tuple[int, bytes]] = (),
    protocols: tuple[str, ...] = (),
    extra: Iterable[ext.Extension] = (),
    compression: tuple[int, ...] = (0,),
    grease: int | None = None,
) -> ClientHello:
    """A hello that offers exactly one version, with the extensions that version expects.

    ``groups``, ``schemes``, ``key_shares`` (group, key) and ``protocols`` (ALPN) are offered
    where the version knows them; ``extra`` are further extensions, which SSLv3 has none of;
    ``grease`` is one of RFC 8701's values, such as 0x0A0A.
    """
    offered = (() if grease is None else (grease,)) + tuple(suites)
    if version == Version.SSL_3_0:
        offered = (*offered, RENEGOTIATION_SCSV)
        return ClientHello(version, random, offered, None, session_id, compression)
    block: tuple[ext.Extension, ...] = () if grease is None else (ext.grease(grease),)
    block += ext.server_name(server_name)
    if version < Version.TLS_1_3:
        offered = (*offered, RENEGOTIATION_SCSV)
        block += (ext.extended_master_secret(), ext.session_ticket(), ext.ec_point_formats())
    else:
        block += (ext.psk_key_exchange_modes(), ext.supported_versions([version]))
        block += (ext.key_share(key_shares),)
    if protocols:
        block += (ext.alpn(protocols),)
    block += tuple(extra)
    if version >= Version.TLS_1_2:
        block += (ext.signature_algorithms(schemes),)
    # Last, because it is never empty (see `padded`).
    block += (ext.supported_groups(groups),)
    legacy = min(version, Version.TLS_1_2)
    return ClientHello(legacy, random, offered, block, session_id, compression).padded()


@dataclass(frozen=True, slots=True)
class ServerHello:
    """What a server chose. ``version`` is the one negotiated, supported_versions included.

    ``selected_group`` is TLS 1.3's; None where there is no key_share. ``extensions`` maps code
    points to data.
    """

    version: int
    suite: int
    is_retry_request: bool = False
    selected_group: int | None = None
    compression: int = 0
    extensions: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}))
    session_id: bytes = field(repr=False, default=b"")
    random: bytes = field(repr=False, default=b"")


def parse_server_hello(body: bytes) -> ServerHello:
    """The ServerHello or HelloRetryRequest in a handshake message's body.

    Raises:
        WireError: if it breaks the grammar above, repeats an extension, or has
            supported_versions or key_share of the wrong size.
    """
    cursor = Cursor(body, "RFC 8446, section 4.1.3, ServerHello")
    legacy_version, random = cursor.number(2), cursor.take(32)
    session_id = cursor.vector(1)
    if len(session_id) > 32:
        raise WireError(f"RFC 8446, section 4.1.3: a session id of {len(session_id)} bytes")
    suite, compression = cursor.number(2), cursor.number(1)
    found = ext.parse(cursor.vector(2)) if cursor.left else {}
    cursor.end()
    is_retry = random == RETRY_RANDOM
    return ServerHello(
        version=_negotiated(legacy_version, found),
        suite=suite,
        is_retry_request=is_retry,
        selected_group=_selected_group(found, is_retry),
        compression=compression,
        extensions=MappingProxyType(found),
        session_id=session_id,
        random=random,
    )


def _negotiated(legacy_version: int, found: Mapping[int, bytes]) -> int:
    """``ProtocolVersion selected_version`` of supported_versions, if there (RFC 8446, 4.2.1)."""
    if ext.SUPPORTED_VERSIONS not in found:
        return legacy_version
    cursor = Cursor(found[ext.SUPPORTED_VERSIONS], "RFC 8446, section 4.2.1, supported_versions")
    version = cursor.number(2)
    cursor.end()
    return version


def _selected_group(found: Mapping[int, bytes], is_retry: bool) -> int | None:
    """``NamedGroup selected_group`` of a retry, else a KeyShareEntry's (RFC 8446, 4.2.8)."""
    if ext.KEY_SHARE not in found:
        return None
    cursor = Cursor(found[ext.KEY_SHARE], "RFC 8446, section 4.2.8, key_share")
    group = cursor.number(2)
    if not is_retry:
        cursor.vector(2)
    cursor.end()
    return group

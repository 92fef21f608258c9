"""TLS 1.3's record protection (RFC 8446, section 5.2).

    struct { opaque content[length]; ContentType type; uint8 zeros[length_of_padding]; }
    TLSInnerPlaintext;

The record outside says application_data and TLS 1.2; its header is the additional data.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.handshake.key_schedule import Hash
from plainwire.wire.records import ContentType, Record

SHA256, SHA384 = Hash("sha256"), Hash("sha384")
# Each suite's hash and length of key (RFC 8446, B.4).
SUITES = {
    0x1301: (SHA256, 16),
    0x1302: (SHA384, 32),
    0x1303: (SHA256, 32),
    0x1304: (SHA256, 16),
    0x1305: (SHA256, 16),
}
MAX_CONTENT = 2**14


def _aead(suite: int, key: bytes) -> AESGCM | AESCCM | ChaCha20Poly1305:
    if suite == 0x1303:
        return ChaCha20Poly1305(key)
    if suite in (0x1304, 0x1305):
        return AESCCM(key, tag_length=16 if suite == 0x1304 else 8)
    return AESGCM(key)


class Protection13:
    """One direction of a connection under one traffic secret."""

    def __init__(self, suite: int, secret: bytes) -> None:
        self._suite = suite
        self._secret = secret
        self._hash, key_size = SUITES[suite]
        self._aead = _aead(suite, self._hash.expand_label(secret, "key", b"", key_size))
        self._iv = int.from_bytes(self._hash.expand_label(secret, "iv", b"", 12), "big")
        self._sequence = 0

    def seal(self, kind: ContentType, content: bytes, padding: int = 0) -> bytes:
        """One record on the wire; ``content`` is at most 2^14 bytes."""
        inner = content + bytes([kind]) + bytes(padding)
        head = _header(len(inner) + (8 if self._suite == 0x1305 else 16))
        return head + self._aead.encrypt(self._nonce(), inner, head)

    def open(self, record: Record) -> tuple[int, bytes]:
        """The content type and the content of a protected record.

        Raises:
            WireError: if it was not protected with this secret, holds nothing, or too much.
        """
        try:
            head = _header(len(record.fragment))
            inner = self._aead.decrypt(self._nonce(), record.fragment, head)
        except (InvalidTag, ValueError):
            raise WireError("RFC 8446, section 5.2: a record that cannot be decrypted") from None
        content = inner.rstrip(b"\0")
        if not content:
            raise WireError("RFC 8446, section 5.4: a record of padding alone")
        if len(inner) > MAX_CONTENT + 1:
            raise WireError(f"RFC 8446, section 5.2: {len(inner)} bytes in a record")
        return content[-1], content[:-1]

    def updated(self) -> Protection13:
        """The protection after a KeyUpdate (RFC 8446, 7.2)."""
        secret = self._hash.expand_label(self._secret, "traffic upd", b"", self._hash.size)
        return Protection13(self._suite, secret)

    def _nonce(self) -> bytes:
        """The write IV with the record's number in it (RFC 8446, 5.3)."""
        nonce = (self._iv ^ self._sequence).to_bytes(12, "big")
        self._sequence += 1
        return nonce


def _header(length: int) -> bytes:
    kind = bytes([ContentType.APPLICATION_DATA])
    return kind + Version.TLS_1_2.to_bytes(2, "big") + length.to_bytes(2, "big")

"""Record protection of SSLv3 and TLS 1.0 to 1.2 (RFC 5246, section 6.2.3).

    stream:  content || MAC
    block:   [IV] || E(content || MAC || padding)    MAC-then-encrypt
             [IV] || E(content || padding) || MAC     encrypt-then-MAC (RFC 7366)
    AEAD:    [explicit nonce] || E(content)

The MAC is over sequence number, type, version, length and content.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from itertools import accumulate, pairwise

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.handshake.ciphers_12 import Cipher12
from plainwire.wire.records import ContentType, Record

BROKEN = "RFC 5246, section 6.2.3: a record that cannot be decrypted"
Random = Callable[[int], bytes]


def _algorithm(name: str, key: bytes) -> algorithms.AES | decrepit.ARC4:
    """The cipher of a name. Raises `UnsupportedAlgorithm` if `cryptography` has it no more."""
    places = (algorithms, decrepit)
    wanted = {"AES": "AES", "3DES_EDE": "TripleDES", "RC4_128": "ARC4", "CAMELLIA": "Camellia"}
    wanted |= {"SEED": "SEED", "IDEA": "IDEA"}
    # The older home of an algorithm warns of its deprecation; the newer comes first.
    for place in reversed(places):
        if hasattr(place, wanted[name]):
            algorithm: algorithms.AES | decrepit.ARC4 = getattr(place, wanted[name])(key)
            return algorithm
    raise UnsupportedAlgorithm(f"{name} is not in cryptography")


class Protection12:
    """One direction of a connection. ``is_etm``: encrypt-then-MAC was agreed.

    Raises:
        UnsupportedAlgorithm: if `cryptography` has not got the cipher.
    """

    def __init__(
        self,
        cipher: Cipher12,
        version: int,
        keys: tuple[bytes, bytes, bytes],
        random: Random,
        *,
        is_etm: bool = False,
    ) -> None:
        self._cipher, self._version, self._random = cipher, version, random
        self._mac_key, self._key, self._iv = keys
        self._is_etm = is_etm and cipher.mode == "CBC"
        self._sequence = 0
        self._streams: dict[bool, CipherContext] = {}
        self._aead: AESGCM | AESCCM | ChaCha20Poly1305 | None = None
        if cipher.mode == "POLY1305":
            self._aead = ChaCha20Poly1305(self._key)
        elif cipher.mode == "GCM":
            self._aead = AESGCM(self._key)
        elif cipher.is_aead:
            self._aead = AESCCM(self._key, tag_length=8 if cipher.mode == "CCM_8" else 16)
        elif cipher.key_size:
            self._crypt(bytes(cipher.block_size), is_opening=False)  # is it there at all?
            self._streams.clear()

    def seal(self, kind: ContentType, content: bytes) -> bytes:
        """One record on the wire; ``content`` is at most 2^14 bytes."""
        if self._aead:
            fragment = self._seal_aead(kind, content)
        elif self._cipher.mode == "stream":
            fragment = self._stream(content + self._mac(kind, content), is_opening=False)
        else:
            fragment = self._seal_block(kind, content)
        self._sequence += 1
        return Record(kind, self._version, fragment).to_bytes()

    def open(self, record: Record) -> bytes:
        """The content of a protected record.

        Raises:
            WireError: if it was not protected with these keys.
        """
        try:
            if self._aead:
                content = self._open_aead(record)
            elif self._cipher.mode == "stream":
                content = self._checked(record, self._stream(record.fragment, is_opening=True))
            else:
                content = self._open_block(record)
        except (InvalidTag, ValueError):
            raise WireError(BROKEN) from None
        self._sequence += 1
        return content

    def _nonce(self, explicit: bytes) -> bytes:
        if self._cipher.mode == "POLY1305":  # RFC 7905, section 2
            fixed = int.from_bytes(self._iv, "big")
            return (fixed ^ self._sequence).to_bytes(12, "big")
        return self._iv + explicit

    def _seal_aead(self, kind: int, content: bytes) -> bytes:
        assert self._aead
        explicit = b"" if self._cipher.mode == "POLY1305" else self._number
        sealed = self._aead.encrypt(self._nonce(explicit), content, self._head(kind, len(content)))
        return explicit + sealed

    def _open_aead(self, record: Record) -> bytes:
        assert self._aead
        at = 0 if self._cipher.mode == "POLY1305" else 8
        explicit, sealed = record.fragment[:at], record.fragment[at:]
        size = len(sealed) - (8 if self._cipher.mode == "CCM_8" else 16)
        if size < 0:
            raise WireError(BROKEN)
        head = self._head(record.type, size)
        return self._aead.decrypt(self._nonce(explicit), sealed, head)

    @property
    def _has_explicit_iv(self) -> bool:
        return self._version >= Version.TLS_1_1

    @property
    def _mac_size(self) -> int:
        return hashlib.new(self._cipher.mac or "md5", usedforsecurity=False).digest_size

    def _seal_block(self, kind: int, content: bytes) -> bytes:
        size = self._cipher.block_size
        iv = self._random(size) if self._has_explicit_iv else self._iv
        inner = content if self._is_etm else content + self._mac(kind, content)
        count = size - len(inner) % size - 1
        inner += bytes([count]) * (count + 1)
        sealed = self._crypt(iv, is_opening=False).update(inner)
        self._iv = sealed[-size:]
        fragment = iv + sealed if self._has_explicit_iv else sealed
        return fragment + self._mac(kind, fragment) if self._is_etm else fragment

    def _open_block(self, record: Record) -> bytes:
        size, fragment = self._cipher.block_size, record.fragment
        if self._is_etm:
            fragment = self._checked(record, fragment)
        iv, sealed = self._iv, fragment
        if self._has_explicit_iv:
            iv, sealed = fragment[:size], fragment[size:]
        if not sealed or len(sealed) % size or len(iv) != size:
            raise WireError(BROKEN)
        inner = self._crypt(iv, is_opening=True).update(sealed)
        self._iv = sealed[-size:]
        count = inner[-1] + 1
        # RFC 6101, 5.2.3.2: SSLv3's padding is any bytes, less than a block.
        is_padded = self._version == Version.SSL_3_0 or inner[-count:] == inner[-1:] * count
        if count > len(inner) or not is_padded:
            raise WireError(BROKEN)
        return inner[:-count] if self._is_etm else self._checked(record, inner[:-count])

    def _checked(self, record: Record, data: bytes) -> bytes:
        """The content before its MAC."""
        at = len(data) - self._mac_size
        if at < 0 or data[at:] != self._mac(record.type, data[:at]):
            raise WireError(BROKEN)
        return data[:at]

    def _stream(self, data: bytes, *, is_opening: bool) -> bytes:
        return self._crypt(b"", is_opening=is_opening).update(data) if self._key else data

    def _crypt(self, iv: bytes, *, is_opening: bool) -> CipherContext:
        algorithm = _algorithm(self._cipher.name, self._key)
        if self._cipher.mode == "CBC":
            block = Cipher(algorithm, modes.CBC(iv))
            return block.decryptor() if is_opening else block.encryptor()
        if is_opening not in self._streams:
            cipher: Cipher[None] = Cipher(algorithm, None)
            self._streams[is_opening] = cipher.decryptor() if is_opening else cipher.encryptor()
        return self._streams[is_opening]

    @property
    def _number(self) -> bytes:
        return self._sequence.to_bytes(8, "big")

    def _head(self, kind: int, size: int) -> bytes:
        version = self._version.to_bytes(2, "big")
        return self._number + bytes([kind]) + version + size.to_bytes(2, "big")

    def _mac(self, kind: int, content: bytes) -> bytes:
        name = self._cipher.mac or ""
        if self._version != Version.SSL_3_0:
            return hmac.digest(self._mac_key, self._head(kind, len(content)) + content, name)
        # RFC 6101, 5.2.3.1: an HMAC of before HMAC, without the version.
        pad = 48 if name == "md5" else 40
        head = self._number + bytes([kind]) + len(content).to_bytes(2, "big")
        data = self._mac_key + b"\x36" * pad + head + content
        inner = hashlib.new(name, data, usedforsecurity=False).digest()
        data = self._mac_key + b"\x5c" * pad + inner
        return hashlib.new(name, data, usedforsecurity=False).digest()


def protections(
    cipher: Cipher12, version: int, key_block: bytes, random: Random, *, is_etm: bool
) -> tuple[Protection12, Protection12]:
    """The client's and the server's direction, out of the key block (RFC 5246, 6.3).

    Raises:
        UnsupportedAlgorithm: if `cryptography` has not got the cipher.
    """
    ends = [*accumulate((size for size in sizes(cipher) for _ in range(2)), initial=0)]
    parts = [key_block[start:end] for start, end in pairwise(ends)]
    client, server = (
        Protection12(cipher, version, (mac, key, iv), random, is_etm=is_etm)
        for mac, key, iv in (parts[0::2], parts[1::2])
    )
    return client, server


def sizes(cipher: Cipher12) -> tuple[int, int, int]:
    """The lengths of MAC key, key and IV; the key block is twice their sum."""
    mac = hashlib.new(cipher.mac, usedforsecurity=False).digest_size if cipher.mac else 0
    return mac, cipher.key_size, cipher.iv_size

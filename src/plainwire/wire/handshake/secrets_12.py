"""The secrets of SSLv3 and TLS 1.0 to 1.2, and the Finished that proves them.

PRF(secret, label, seed): P_hash with the suite's hash in TLS 1.2 (RFC 5246, section 5), P_MD5 of
the secret's first half xor P_SHA-1 of its second in TLS 1.0 and 1.1 (RFC 2246, section 5). SSLv3
mixes MD5 and SHA-1 in its own ways (RFC 6101, sections 6.1, 6.2.2 and 5.6.9).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from plainwire.policy.versions import Version

MASTER_SIZE = 48
SENDERS = {"client": b"CLNT", "server": b"SRVR"}


def p_hash(name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash of RFC 5246, section 5, cut to ``size`` bytes."""
    out, a = b"", seed
    while len(out) < size:
        a = hmac.digest(secret, a, name)
        out += hmac.digest(secret, a + seed, name)
    return out[:size]


def md5(data: bytes) -> bytes:
    """MD5, for what these versions use it for."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def sha1(data: bytes) -> bytes:
    """SHA-1, likewise."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Secrets12:
    """What one version computes with the hash ``prf`` of its suite (of use in TLS 1.2 alone)."""

    version: int
    prf: str

    def expand(self, secret: bytes, label: str, seed: bytes, size: int) -> bytes:
        """PRF(secret, label, seed); of SSLv3 the mixing, which knows no labels."""
        if self.version == Version.SSL_3_0:
            parts = (
                md5(secret + sha1(bytes([65 + at]) * (at + 1) + secret + seed)) for at in range(26)
            )
            return b"".join(part for part, _ in zip(parts, range(0, size, 16), strict=False))[:size]
        named = label.encode("ascii") + seed
        if self.version >= Version.TLS_1_2:
            return p_hash(self.prf, secret, named, size)
        half = (len(secret) + 1) // 2
        left = p_hash("md5", secret[:half], named, size)
        right = p_hash("sha1", secret[len(secret) - half :], named, size)
        return bytes(a ^ b for a, b in zip(left, right, strict=True))

    def digest(self, messages: bytes) -> bytes:
        """The hash of a transcript (RFC 5246, 7.4.9; RFC 2246, 7.4.9)."""
        if self.version >= Version.TLS_1_2:
            return hashlib.new(self.prf, messages).digest()
        return md5(messages) + sha1(messages)

    def master(self, premaster: bytes, client_random: bytes, server_random: bytes) -> bytes:
        """The master secret (RFC 5246, 8.1)."""
        return self.expand(premaster, "master secret", client_random + server_random, MASTER_SIZE)

    def extended_master(self, premaster: bytes, messages: bytes) -> bytes:
        """The master secret bound to the messages up to ClientKeyExchange (RFC 7627, section 4)."""
        digest = self.digest(messages)
        return self.expand(premaster, "extended master secret", digest, MASTER_SIZE)

    def key_block(
        self, master: bytes, client_random: bytes, server_random: bytes, size: int
    ) -> bytes:
        """What keys are cut from (RFC 5246, 6.3)."""
        return self.expand(master, "key expansion", server_random + client_random, size)

    def verify_data(self, master: bytes, who: str, messages: bytes) -> bytes:
        """The Finished of ``who``, "client" or "server" (RFC 5246, 7.4.9)."""
        if self.version == Version.SSL_3_0:
            ended = messages + SENDERS[who] + master
            inner = md5(ended + b"\x36" * 48), sha1(ended + b"\x36" * 40)
            outer = master + b"\x5c" * 48 + inner[0], master + b"\x5c" * 40 + inner[1]
            return md5(outer[0]) + sha1(outer[1])
        return self.expand(master, f"{who} finished", self.digest(messages), 12)

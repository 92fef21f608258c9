"""Key shares: a public key for each group, and the secret shared with the server's.

Elliptic curves: RFC 8446, 4.2.8.2 and 7.4.2, RFC 7748, RFC 8734; finite fields: RFC 7919; ML-KEM
alone: draft-ietf-tls-mlkem; its hybrids: draft-ietf-tls-ecdhe-mlkem, where both shares and both
secrets are put one after the other in the order of `HYBRIDS`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x448, x25519

from plainwire.model import WireError
from plainwire.wire.handshake.finite_field import FFDHE, FiniteFieldShare, ffdhe_prime
from plainwire.wire.handshake.finite_field import finite_field_share as _in_field

Random = Callable[[int], bytes]

# The first three and 0x0016 are for TLS 1.2 alone, 0x001F to 0x0021 for TLS 1.3 alone.
CURVES: dict[int, type[ec.EllipticCurve]] = {
    0x0013: ec.SECP192R1,
    0x0015: ec.SECP224R1,
    0x0016: ec.SECP256K1,
    0x0017: ec.SECP256R1,
    0x0018: ec.SECP384R1,
    0x0019: ec.SECP521R1,
    0x001A: ec.BrainpoolP256R1,
    0x001B: ec.BrainpoolP384R1,
    0x001C: ec.BrainpoolP512R1,
    0x001F: ec.BrainpoolP256R1,
    0x0020: ec.BrainpoolP384R1,
    0x0021: ec.BrainpoolP512R1,
}
X25519, X448 = 0x001D, 0x001E
MLKEM_768, MLKEM_1024 = 0x0201, 0x0202
HYBRIDS = {
    0x11EB: (0x0017, MLKEM_768),
    0x11EC: (MLKEM_768, X25519),
    0x11ED: (0x0018, MLKEM_1024),
}
KNOWN = frozenset((*CURVES, X25519, X448, MLKEM_768, MLKEM_1024, *HYBRIDS, *FFDHE))
MLKEM_SIZES = {MLKEM_768: 1088, MLKEM_1024: 1568}


class KeyShare(Protocol):
    """A key pair of ours: ``public`` is what a KeyShareEntry holds."""

    @property
    def public(self) -> bytes:
        """Our share, as it goes on the wire."""

    def secret(self, peer_public: bytes) -> bytes:
        """The secret shared with the server's share.

        Raises:
            WireError: if that is no share of the group.
        """


def generate(group: int, random: Random = secrets.token_bytes) -> KeyShare:
    """A new key pair in a group of `KNOWN`.

    Raises:
        KeyError: if the group is not known.
    """
    if group in HYBRIDS:
        first, second = HYBRIDS[group]
        return _Hybrid(generate(first, random), generate(second, random), _answer_size(first))
    if group in FFDHE:
        return _Ffdhe(_in_field(ffdhe_prime(group), 2, random))
    if group in CURVES:
        return _Curve(CURVES[group](), random)
    if group in MLKEM_SIZES:
        return _MlKem(group, random)
    return _Montgomery(group, random)


@cache
def can_complete(group: int) -> bool:
    """Whether a handshake in a group can be completed here.

    The OpenSSL behind `cryptography` may be older than ML-KEM, or built without some curves.
    """
    try:
        return group in FFDHE or bool(generate(group).public)
    except (KeyError, UnsupportedAlgorithm):
        return False


def _answer_size(group: int) -> int:
    """The length of a server's share in the first group of a hybrid."""
    return MLKEM_SIZES.get(group) or 2 * ((CURVES[group]().key_size + 7) // 8) + 1


class _Curve:
    def __init__(self, curve: ec.EllipticCurve, random: Random) -> None:
        # SEC 1, 3.2.1: 64 bits more than the order has, so that no value is likelier; at least 1.
        value = int.from_bytes(random(curve.key_size // 8 + 9), "big")
        self._key = ec.derive_private_key(value % (curve.group_order - 1) + 1, curve)
        numbers = self._key.public_key().public_numbers()
        size = (curve.key_size + 7) // 8
        self.public = b"\4" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")

    def secret(self, peer_public: bytes) -> bytes:
        if peer_public[:1] != b"\4":
            raise WireError("RFC 8446, section 4.2.8.2: a point that is not uncompressed")
        try:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(self._key.curve, peer_public)
        except ValueError:
            raise WireError("RFC 8446, section 4.2.8.2: a point outside its curve") from None
        return self._key.exchange(ec.ECDH(), theirs)


class _Montgomery:
    def __init__(self, group: int, random: Random) -> None:
        self._key: x25519.X25519PrivateKey | x448.X448PrivateKey
        if group == X25519:
            self._key = x25519.X25519PrivateKey.from_private_bytes(random(32))
        elif group == X448:
            self._key = x448.X448PrivateKey.from_private_bytes(random(56))
        else:
            raise KeyError(group)
        self.public = self._key.public_key().public_bytes_raw()

    def secret(self, peer_public: bytes) -> bytes:
        try:
            if isinstance(self._key, x25519.X25519PrivateKey):
                theirs = x25519.X25519PublicKey.from_public_bytes(peer_public)
                return self._key.exchange(theirs)
            return self._key.exchange(x448.X448PublicKey.from_public_bytes(peer_public))
        except ValueError:
            # Of another length, or of small order, which RFC 8446, 7.4.2 refuses.
            raise WireError("RFC 8446, section 7.4.2: no public key of X25519 or X448") from None


class _MlKem:
    def __init__(self, group: int, random: Random) -> None:
        kind = mlkem.MLKEM768PrivateKey if group == MLKEM_768 else mlkem.MLKEM1024PrivateKey
        self._key = kind.from_seed_bytes(random(64))
        self.public = self._key.public_key().public_bytes_raw()

    def secret(self, peer_public: bytes) -> bytes:
        try:
            return self._key.decapsulate(peer_public)
        except ValueError:
            raise WireError("FIPS 203, section 7.3: no ciphertext of ML-KEM") from None


@dataclass(frozen=True, slots=True)
class _Ffdhe:
    share: FiniteFieldShare

    @property
    def public(self) -> bytes:
        return self.share.public

    def secret(self, peer_public: bytes) -> bytes:
        if len(peer_public) != self.share.size:
            raise WireError("RFC 8446, section 4.2.8.1: a share shorter or longer than its prime")
        return self.share.secret(peer_public)


@dataclass(frozen=True, slots=True)
class _Hybrid:
    first: KeyShare = field(repr=False)
    second: KeyShare = field(repr=False)
    first_size: int

    @property
    def public(self) -> bytes:
        return self.first.public + self.second.public

    def secret(self, peer_public: bytes) -> bytes:
        ours = self.first.secret(peer_public[: self.first_size])
        return ours + self.second.secret(peer_public[self.first_size :])

"""Diffie-Hellman over finite fields: RFC 7919's groups, and any (p, g) that a server names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from plainwire.model import WireError

# RFC 7919, appendix A: p = 2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1, each with its X.
FFDHE = {
    0x0100: (2048, 560316),
    0x0101: (3072, 2625351),
    0x0102: (4096, 5736041),
    0x0103: (6144, 15705020),
    0x0104: (8192, 10965728),
}
# Twice the strength of the largest group (RFC 7919, 5.2: 200 bits).
EXPONENT_BYTES = 50
# A larger prime is there to make a client compute: a power takes time with the cube of its size.
MAX_PRIME_BITS = 10240


@cache
def ffdhe_prime(group: int) -> int:
    """The prime of one of RFC 7919's groups, by its code point."""
    bits, x = FFDHE[group]
    return (1 << bits) - (1 << (bits - 64)) + ((_scaled_e(bits - 130) + x) << 64) - 1


def _scaled_e(bits: int) -> int:
    """floor(2^bits e), from e = 1/0! + 1/1! + 1/2! + ... with 64 bits to spare."""
    term = total = 1 << (bits + 64)
    divisor = 1
    while term:
        term //= divisor
        total += term
        divisor += 1
    return total >> 64


@dataclass(frozen=True, slots=True)
class FiniteFieldShare:
    """A private exponent of ours in the group (p, g)."""

    p: int
    g: int
    exponent: int = field(repr=False)

    @property
    def public(self) -> bytes:
        """g^x mod p, as long as p (RFC 8446, 4.2.8.1)."""
        return pow(self.g, self.exponent, self.p).to_bytes(self.size, "big")

    @property
    def size(self) -> int:
        """The length of the prime in bytes."""
        return (self.p.bit_length() + 7) // 8

    def secret(self, peer_public: bytes) -> bytes:
        """The shared secret, as long as p (RFC 8446, 7.4.1).

        Raises:
            WireError: if the peer's value is not between 1 and p - 1.
        """
        theirs = int.from_bytes(peer_public, "big")
        if not 1 < theirs < self.p - 1:
            raise WireError("RFC 7919, section 5.1: a public value outside 1 < Y < p - 1")
        return pow(theirs, self.exponent, self.p).to_bytes(self.size, "big")


def finite_field_share(p: int, g: int, random: Callable[[int], bytes]) -> FiniteFieldShare:
    """A new share in a group that the server names.

    Raises:
        WireError: if no client can compute in it, or the prime is over `MAX_PRIME_BITS`.
    """
    if not 2 < p.bit_length() <= MAX_PRIME_BITS or p % 2 == 0 or not 1 < g < p:
        raise WireError(f"RFC 5246, section 7.4.3: DH in a group of {p.bit_length()} bits")
    return FiniteFieldShare(p, g, int.from_bytes(random(EXPONENT_BYTES), "big") | 1)

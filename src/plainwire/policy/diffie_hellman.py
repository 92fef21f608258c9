"""The Diffie-Hellman primes that many servers share, by their fingerprints.

That a prime is shared is no flaw by itself: the groups of RFC 7919 are meant to be. With 1024 bits
or less it is one, as the precomputation for a prime serves against everybody who uses it (Adrian
et al. 2015, section 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

from plainwire.policy.registries import read_table


@cache
def _names() -> Mapping[str, str]:
    return {row["sha256"]: row["name"] for row in read_table("dh_primes.csv")}


def common_name(prime: int) -> str | None:
    """The name of a prime that many servers share, such as ``modp2048``. Returns None if none."""
    octets = prime.to_bytes((prime.bit_length() + 7) // 8, "big")
    return _names().get(hashlib.sha256(octets).hexdigest())

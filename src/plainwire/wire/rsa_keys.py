"""RSA keys that are weak whatever their size, by computation on the public key alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from math import gcd

from plainwire.model import CertificateFacts, TlsEndpoint

GENERATOR = 65537
SHARED = "shared-prime"
# The primes up to 167, whose product is the least modulus M that the flawed library reduced by.
ROCA_PRIMES = tuple(
    number for number in range(3, 168) if all(number % divisor for divisor in range(2, number))
)
# FIPS 186-5, A.1.1: an exponent is odd and more than 2^16.
LEAST_EXPONENT = 65537


def flaws(modulus: int, exponent: int) -> tuple[str, ...]:
    """What is wrong with an RSA public key beside its size: "roca", "small-exponent", "even"."""
    found = []
    if modulus > 0 and modulus % 2 == 0:
        found.append("even-modulus")
    if is_roca(modulus):
        found.append("roca")
    if exponent < LEAST_EXPONENT or exponent % 2 == 0:
        found.append("small-exponent")
    return tuple(found)


def is_roca(modulus: int) -> bool:
    """True if a modulus has the shape of those of Infineon's RSALib (ROCA, CVE-2017-15361).

    Its primes are k * M + (65537^a mod M) with M a product of small primes, so that the modulus,
    as well, is a power of 65537 modulo each of them. Another modulus is so by chance in about one
    of 10^8 cases (Nemec et al. 2017, sections 2.1 and 3).
    """
    return modulus > 0 and all(modulus % prime in _powers(prime) for prime in ROCA_PRIMES)


@cache
def _powers(prime: int) -> frozenset[int]:
    """The powers of 65537 modulo a prime."""
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * GENERATOR % prime
    return frozenset(found)


def shared_primes(moduli: Collection[int]) -> Mapping[int, int]:
    """The moduli that have a prime in common with another, each with a common factor.

    A whole modulus that comes twice counts once. Batch GCD by product and remainder trees, in
    time quasi-linear in the size of all (Bernstein 2004; Heninger et al. 2012, section 3.2).
    """
    distinct = [number for number in dict.fromkeys(moduli) if number > 1]
    if len(distinct) < 2:
        return {}
    levels = [distinct]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = (below[at : at + 2] for at in range(0, len(below), 2))
        levels.append([pair[0] * pair[1] if len(pair) == 2 else pair[0] for pair in pairs])
    remainders = levels.pop()
    while levels:
        level = levels.pop()
        remainders = [remainders[at // 2] % number**2 for at, number in enumerate(level)]
    found = {}
    for number, remainder in zip(distinct, remainders, strict=True):
        if (factor := gcd(remainder // number, number)) > 1:
            found[number] = factor if factor < number else _with_one(number, distinct)
    return found


def shared_in_run(certificates: Iterable[CertificateFacts]) -> frozenset[str]:
    """The SHA-256 fingerprints of those whose RSA key shares a prime with another's."""
    known = {item.fingerprint_sha256: item.rsa_modulus for item in certificates}
    shared = shared_primes([number for number in known.values() if number])
    return frozenset(name for name, number in known.items() if number in shared)


def marked(endpoint: TlsEndpoint, shared: Collection[str]) -> TlsEndpoint:
    """The endpoint with the certificates of these fingerprints said to share a prime."""

    def mark(item: CertificateFacts) -> CertificateFacts:
        if item.fingerprint_sha256 not in shared or SHARED in item.key_flaws:
            return item
        return replace(item, key_flaws=(*item.key_flaws, SHARED))

    if not endpoint.certificates:
        return endpoint
    chains = (replace(c, chain=tuple(map(mark, c.chain))) for c in endpoint.certificates)
    return replace(endpoint, certificates=tuple(chains))


def _with_one(number: int, others: Collection[int]) -> int:
    """A factor shared with one other modulus, where every prime is shared with some."""
    shared = (gcd(number, other) for other in others if other != number)
    return next((factor for factor in shared if 1 < factor < number), number)

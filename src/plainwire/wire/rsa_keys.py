"""RSA keys that are weak whatever their size, by computation on the public key alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from math import gcd

from plainwire.model import CertificateFacts, Chain, TlsEndpoint

GENERATOR = 65537
SHARED = "shared-prime"
# The keys of a run that are compared: the last of so many costs some 25 ms.
MOST_KEYS = 4000
MOST_BITS = 16384  # OpenSSL's, too (OPENSSL_RSA_MAX_MODULUS_BITS)
MOST_NAMED = 8
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


@dataclass
class RunKeys:
    """The RSA keys that a run met, each compared with those before it.

    Two keys with a prime in common give it away to whoever has both (Heninger et al. 2012, section
    3.2). A run streams its reports, so that a key is compared as it comes: with the product of all
    before, which grows with their number. So only ``most`` are taken; ``left_out`` counts the
    others.
    """

    most: int = MOST_KEYS
    left_out: int = 0
    _places: dict[int, list[str]] = field(default_factory=dict)
    _products: list[tuple[int, int]] = field(default_factory=list)
    _sharing: dict[int, list[int]] = field(default_factory=dict)

    def compared(self, endpoint: TlsEndpoint) -> TlsEndpoint:
        """`marked`, once the keys of the endpoint are among those of the run."""
        place = f"{endpoint.host}:{endpoint.port}"
        for modulus in dict.fromkeys(item.rsa_modulus for item in _certificates(endpoint)):
            if modulus is not None:
                self._meet(modulus, place)
        return self.marked(endpoint)

    def marked(self, endpoint: TlsEndpoint) -> TlsEndpoint:
        """The endpoint with its certificates said to share a prime, as far as is known now.

        The others are named by host and port, at most `MOST_NAMED`.
        """
        found: dict[str, tuple[str, ...]] = {}
        for item in _certificates(endpoint):
            others = self._sharing.get(item.rsa_modulus or 0, ())
            if named := [place for other in others for place in self._places[other]]:
                found[item.fingerprint_sha256] = tuple(sorted(set(named))[:MOST_NAMED])
        chains = endpoint.certificates and tuple(_marked(c, found) for c in endpoint.certificates)
        return replace(endpoint, certificates=chains, shared_primes=found)

    def _meet(self, modulus: int, place: str) -> None:
        if (places := self._places.get(modulus)) is not None:
            if place not in places and len(places) < MOST_NAMED:
                places.append(place)
            return
        if modulus < 4 or modulus.bit_length() > MOST_BITS or len(self._places) >= self.most:
            self.left_out += 1
            return
        if any(gcd(product % modulus, modulus) > 1 for _, product in self._products):
            for other in self._partners(modulus):
                self._sharing.setdefault(modulus, []).append(other)
                self._sharing.setdefault(other, []).append(modulus)
        self._places[modulus] = [place]
        self._take(modulus)

    def _partners(self, modulus: int) -> tuple[int, ...]:
        """Some of those that have a prime in common with it.

        One that divides the other gives away nothing: anybody can have a certificate made for a
        multiple of somebody's modulus.
        """
        shared = (other for other in self._places if 1 < gcd(other, modulus) < min(other, modulus))
        return tuple(islice(shared, MOST_NAMED))

    def _take(self, modulus: int) -> None:
        """Multiply it into the products, which are of as many keys as the bits of their number."""
        count, product = 1, modulus
        while self._products and self._products[-1][0] == count:
            _, other = self._products.pop()
            count, product = 2 * count, product * other
        self._products.append((count, product))


def _certificates(endpoint: TlsEndpoint) -> Iterator[CertificateFacts]:
    return (item for chain in endpoint.certificates or () for item in chain.chain)


def _marked(chain: Chain, found: Mapping[str, tuple[str, ...]]) -> Chain:
    def mark(item: CertificateFacts) -> CertificateFacts:
        if item.fingerprint_sha256 not in found or SHARED in item.key_flaws:
            return item
        return replace(item, key_flaws=(*item.key_flaws, SHARED))

    return replace(chain, chain=tuple(map(mark, chain.chain)))

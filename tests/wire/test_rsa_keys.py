"""Weak RSA keys: moduli made with the flaw, and ones of OpenSSL's without."""

from __future__ import annotations

import random
from math import gcd, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import rsa_key
from plainwire.wire.rsa_keys import (
    ROCA_PRIMES,
    flaws,
    is_roca,
    marked,
    shared_in_run,
    shared_primes,
)
from tls_endpoints import chain, endpoint, leaf

M = 2 * prod(ROCA_PRIMES)
# A seed, so that a run repeats: the keys guard nothing.
RANDOM = random.Random(2017)


def is_prime(number: int) -> bool:
    return number > 3 and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))


def roca_prime(bits: int) -> int:
    """k * M + (65537^a mod M), as Nemec et al. 2017, section 2.1, say that RSALib makes one."""
    while True:
        number = RANDOM.getrandbits(bits - M.bit_length()) * M + pow(
            65537, RANDOM.getrandbits(64), M
        )
        if is_prime(number):
            return number


def prime(bits: int) -> int:
    while True:
        number = RANDOM.getrandbits(bits) | 1 | 1 << bits - 1
        if is_prime(number):
            return number


def test_moduli_of_the_flawed_librarys_shape_are_found():
    for _ in range(20):
        assert is_roca(roca_prime(256) * roca_prime(256))


def test_one_flawed_prime_is_not_enough_and_neither_is_chance():
    assert not any(is_roca(roca_prime(256) * prime(256)) for _ in range(20))
    assert not any(is_roca(RANDOM.getrandbits(2048) | 1) for _ in range(2000))
    numbers = rsa_key(2048).public_key().public_numbers()
    assert flaws(numbers.n, numbers.e) == ()


def test_the_primes_are_those_up_to_167():
    # Nemec et al. 2017, section 2.1: 39 primes, 2 to 167, for keys of 512 to 960 bits.
    assert len(ROCA_PRIMES) == 38 and ROCA_PRIMES[0] == 3 and ROCA_PRIMES[-1] == 167


@pytest.mark.parametrize(
    ("exponent", "is_small"),
    [(3, True), (17, True), (65535, True), (65536, True), (65537, False), (65539, False)],
)
def test_an_exponent_below_65537_is_small(exponent, is_small):
    assert (
        "small-exponent" in flaws(rsa_key(2048).public_key().public_numbers().n, exponent)
    ) == is_small


def test_an_even_modulus_is_no_key():
    assert "even-modulus" in flaws(1 << 2047, 65537)
    assert flaws(0, 65537) == () and not is_roca(-1)


def test_primes_shared_within_a_run_are_found_with_the_factor():
    a, b, c, d, e = (prime(96) for _ in range(5))
    alone = prime(96) * prime(96)
    found = shared_primes([a * b, alone, c * d, a * e])
    assert found == {a * b: a, a * e: a}


def test_a_modulus_whose_primes_are_both_shared_still_has_a_factor():
    a, b, c = (prime(96) for _ in range(3))
    found = shared_primes([a * b, b * c, a * c])
    assert set(found) == {a * b, b * c, a * c}
    assert all(number % factor == 0 and 1 < factor < number for number, factor in found.items())


def test_one_key_at_many_places_shares_nothing():
    number = prime(96) * prime(96)
    assert shared_primes([number, number, number]) == {}
    assert shared_primes([]) == shared_primes([0, 1, 1]) == {}


def test_the_certificates_of_a_run_are_marked():
    a, b, c, d = (prime(96) for _ in range(4))
    moduli = {"aa": a * b, "bb": a * c, "cc": c * d + 2, "dd": None}
    leaves = [leaf(fingerprint_sha256=name, rsa_modulus=n) for name, n in moduli.items()]
    shared = shared_in_run([*leaves, leaves[0]])
    assert shared == {"aa", "bb"}
    run = [endpoint(certificates=(chain(one),)) for one in leaves]
    flaws_ = [marked(marked(one, shared), shared).certificates[0].chain[0].key_flaws for one in run]
    assert flaws_ == [("shared-prime",), ("shared-prime",), (), ()]
    assert marked(endpoint(certificates=None), shared).certificates is None


@given(st.lists(st.integers(2, 1 << 40), max_size=12))
def test_it_is_what_pairs_of_divisors_say(moduli):
    found = shared_primes(moduli)
    distinct = set(moduli)
    assert set(found) == {
        n for n in distinct if any(gcd(n, other) > 1 for other in distinct if other != n)
    }
    assert all(n % factor == 0 and factor > 1 for n, factor in found.items())

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
    RunKeys,
    flaws,
    is_roca,
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


def met(moduli, **options):
    """The run's keys after leaves with these moduli, each at an endpoint of its own, and these."""
    keys = RunKeys(**options)
    run = [
        endpoint(
            port=port, certificates=(chain(leaf(fingerprint_sha256=f"{port:x}", rsa_modulus=n)),)
        )
        for port, n in enumerate(moduli, 1)
    ]
    return keys, [keys.compared(one) for one in run]


def sharing(moduli):
    """The places that share a prime, each with the others' places, once all are known."""
    keys, run = met(moduli)
    told = [keys.marked(one).shared_primes.get(f"{one.port:x}", ()) for one in run]
    return {
        port: [int(place.split(":")[1]) for place in found] for port, found in enumerate(told, 1)
    }


def test_primes_shared_within_a_run_are_found_with_the_others_place():
    a, b, c, d, e = (prime(96) for _ in range(5))
    alone = prime(96) * prime(96)
    assert sharing([a * b, alone, c * d, a * e]) == {1: [4], 2: [], 3: [], 4: [1]}


def test_a_key_that_shares_both_its_primes_names_both_others():
    a, b, c = (prime(96) for _ in range(3))
    assert sharing([a * b, b * c, a * c]) == {1: [2, 3], 2: [1, 3], 3: [1, 2]}


def test_one_key_at_many_places_shares_nothing():
    number = prime(96) * prime(96)
    assert sharing([number, number, number]) == {1: [], 2: [], 3: []}


def test_a_multiple_of_anothers_modulus_says_nothing_of_it():
    """Anybody can have a certificate made for one: it takes no prime."""
    number = prime(96) * prime(96)
    assert sharing([number, number * prime(96)]) == {1: [], 2: []}
    assert sharing([number**2, number]) == {1: [], 2: []}


def test_the_certificates_of_a_run_are_marked_once():
    a, b, c = (prime(96) for _ in range(3))
    keys, run = met([a * b, None, a * c])
    assert [one.certificates[0].chain[0].key_flaws for one in run] == [(), (), ("shared-prime",)]
    again = keys.marked(keys.marked(run[0]))
    assert again.certificates[0].chain[0].key_flaws == ("shared-prime",)
    assert keys.marked(endpoint(certificates=None)).certificates is None


def test_no_more_keys_are_taken_than_the_most_and_the_rest_is_counted():
    a, *others = (prime(96) for _ in range(5))
    keys, run = met([a * other for other in others], most=2)
    assert [bool(one.shared_primes) for one in run] == [False, True, False, False]
    assert keys.left_out == 2
    keys, _ = met([1 << 20000])
    assert keys.left_out == 1


@given(st.lists(st.integers(2, 1 << 40), max_size=8))
def test_it_is_what_pairs_of_divisors_say(moduli):
    distinct = {n for n in moduli if n >= 4}
    expected = {
        port: bool(
            n >= 4 and any(1 < gcd(n, other) < min(n, other) for other in distinct if other != n)
        )
        for port, n in enumerate(moduli, 1)
    }
    assert {port: bool(found) for port, found in sharing(moduli).items()} == expected

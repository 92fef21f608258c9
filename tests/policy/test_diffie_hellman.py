"""Shared Diffie-Hellman primes: made from the RFCs' formulas, and asked of other programs."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from plainwire.policy.diffie_hellman import common_name
from plainwire.policy.registries import read_table
from plainwire.wire import der as asn1


def scaled_pi(bits: int) -> int:
    """floor(2^bits * pi) by Machin's formula."""
    one = 1 << (bits + 64)

    def arctan_of_inverse(x: int) -> int:
        term = total = one // x
        divisor, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> 64


def scaled_e(bits: int) -> int:
    """floor(2^bits * e) by its series."""
    term, total, divisor = 1 << (bits + 64), 0, 0
    while term:
        total += term
        divisor += 1
        term //= divisor
    return total >> 64


# RFC 2409, section 6.1 and 6.2; RFC 3526; RFC 7919, appendix A: prime, size, bits scaled, offset.
FORMULAS: list[tuple[str, int, Callable[[int], int], int]] = [
    ("oakley1-768", 768, scaled_pi, 149686),
    ("oakley2-1024", 1024, scaled_pi, 129093),
    ("modp1536", 1536, scaled_pi, 741804),
    ("modp2048", 2048, scaled_pi, 124476),
    ("modp3072", 3072, scaled_pi, 1690314),
    ("modp4096", 4096, scaled_pi, 240904),
    ("modp6144", 6144, scaled_pi, 929484),
    ("modp8192", 8192, scaled_pi, 4743158),
    ("ffdhe2048", 2048, scaled_e, 560316),
    ("ffdhe3072", 3072, scaled_e, 2625351),
    ("ffdhe4096", 4096, scaled_e, 5736041),
    ("ffdhe6144", 6144, scaled_e, 15705020),
    ("ffdhe8192", 8192, scaled_e, 10965728),
]


@pytest.mark.parametrize(("name", "size", "constant", "offset"), FORMULAS)
def test_a_prime_of_an_rfc_has_the_rfcs_formula(name, size, constant, offset):
    prime = 2**size - 2 ** (size - 64) - 1 + 2**64 * (constant(size - 130) + offset)
    assert prime.bit_length() == size and pow(2, prime - 1, prime) == 1
    assert common_name(prime) == name
    assert common_name(prime + 2) is None


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("modp_2048", "modp2048"),
        ("ffdhe3072", "ffdhe3072"),
        ("dh_1024_160", "rfc5114-1024-160"),
        ("dh_2048_224", "rfc5114-2048-224"),
        ("dh_2048_256", "rfc5114-2048-256"),
    ],
)
def test_openssl_has_the_same_primes(group, name):
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}"]
    pem = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    der = b64decode("".join(pem.splitlines()[1:-1]))
    # RFC 5114's are in the form of X9.42, which begins with p as well.
    assert common_name(asn1.integers(der)[0]) == name


if shutil.which("keytool"):

    @pytest.mark.parametrize(
        ("size", "name"), [(512, "java-512"), (768, "java-768"), (1024, "java-1024")]
    )
    def test_java_has_the_same_primes(size, name, tmp_path: Path):
        store = tmp_path / "store"
        common = ["keytool", "-keystore", str(store), "-storepass", "secret", "-alias", "a"]
        made = ["-genkeypair", "-keyalg", "DSA", "-keysize", str(size), "-dname", "CN=a"]
        subprocess.run([*common, *made, "-sigalg", "SHA1withDSA"], capture_output=True, check=True)
        der = subprocess.run([*common, "-exportcert"], capture_output=True, check=True).stdout
        key = load_der_x509_certificate(der).public_key()
        assert common_name(key.public_numbers().parameter_numbers.p) == name


def test_every_name_is_there_once():
    rows = read_table("dh_primes.csv")
    assert len({row["name"] for row in rows}) == len({row["sha256"] for row in rows}) == len(rows)
    assert common_name(0) is None and common_name(2**1024 - 1) is None

"""The post-quantum verdict."""

import pytest

from plainwire.model import PostQuantum
from plainwire.policy.post_quantum import judged
from tls_endpoints import endpoint, gap


def taking(*groups, **parts):
    return endpoint(groups={"TLSv1.3": groups, "TLSv1.2": ("x25519",)}, **parts)


@pytest.mark.parametrize(
    ("one", "order", "ready", "because"),
    [
        (taking("X25519MLKEM768", "x25519"), None, True, "TLS 1.3 takes X25519MLKEM768"),
        (
            taking("X25519MLKEM768", "x25519"),
            "server",
            True,
            "TLS 1.3 takes X25519MLKEM768, preferred",
        ),
        (
            taking("x25519", "SecP384r1MLKEM1024"),
            "server",
            True,
            "TLS 1.3 takes SecP384r1MLKEM1024, though x25519 is preferred",
        ),
        (
            taking("x25519"),
            None,
            False,
            "TLS 1.3 takes x25519 only: X25519MLKEM768 is missing",
        ),
        (
            taking("x25519", "secp256r1", "x448", "secp521r1", "secp384r1", "ffdhe2048"),
            None,
            False,
            "TLS 1.3 takes x25519, secp256r1, x448, secp521r1 and 2 more only: "
            "X25519MLKEM768 is missing",
        ),
        (
            taking("x25519", "X25519Kyber768Draft00"),
            None,
            False,
            "only X25519Kyber768Draft00, a draft's, which clients no longer offer",
        ),
        (
            endpoint("TLSv1.2"),
            None,
            False,
            "TLS 1.3 is off, and only TLS 1.3 has key exchanges with ML-KEM",
        ),
    ],
)
def test_the_verdict_says_why(one, order, ready, because):
    assert judged(one, order) == PostQuantum(ready, because)


@pytest.mark.parametrize(
    "one",
    [
        endpoint(protocols=None),
        endpoint(groups=None),
        endpoint(groups={"TLSv1.2": ("x25519",)}),
        taking("x25519", inconclusive=(gap("groups"),)),
    ],
)
def test_what_is_not_known_has_no_verdict(one):
    assert judged(one) is None


def test_an_open_question_does_not_hide_a_hybrid_that_was_seen():
    assert judged(taking("X25519MLKEM768", inconclusive=(gap("groups"),))).ready is True

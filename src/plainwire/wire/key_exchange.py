"""ServerKeyExchange: a server's ephemeral public key (RFC 5246, 7.4.3; RFC 8422, 5.4).

struct {
    select (KeyExchangeAlgorithm) {
        case ecdhe: ECCurveType curve_type = named_curve(3); NamedCurve namedcurve;
                    opaque public<1..2^8-1>;
        case dhe:   opaque dh_p<1..2^16-1>; opaque dh_g<1..2^16-1>; opaque dh_Ys<1..2^16-1>;
        case rsa_export: opaque rsa_modulus<1..2^16-1>; opaque rsa_exponent<1..2^16-1>;
    } params;                                    // RFC 4279: a PSK identity hint comes before
    SignatureAndHashAlgorithm algorithm;         // TLS 1.2 only
    opaque signature<0..2^16-1>;                 // neither with anonymous nor with PSK suites
} ServerKeyExchange;
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plainwire.model import WireError
from plainwire.policy.suites import suite_name
from plainwire.policy.versions import Version
from plainwire.wire.presentation import Cursor

NAMED_CURVE = 3
WHERE = "RFC 5246, section 7.4.3, ServerKeyExchange"


@dataclass(frozen=True, slots=True)
class EcdheParameters:
    """An elliptic curve (or X25519, X448) key; ``group`` is a code point."""

    group: int
    public: bytes


@dataclass(frozen=True, slots=True)
class DheParameters:
    """A finite field key: the prime ``p``, the generator ``g``, and the public value."""

    p: int
    g: int
    public: int


@dataclass(frozen=True, slots=True)
class RsaParameters:
    """The short-lived RSA key of an export suite (RFC 2246, 7.4.3)."""

    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A ServerKeyExchange.

    ``scheme`` is the signature scheme: None before TLS 1.2, where the suite says it, and where
    nothing is signed. ``signed`` is the part of the message that ``signature`` covers.
    """

    parameters: EcdheParameters | DheParameters | RsaParameters
    scheme: int | None = None
    signature: bytes = field(repr=False, default=b"")
    signed: bytes = field(repr=False, default=b"")


def key_exchange_word(suite: int) -> str:
    """The key exchange of a suite as its IANA name has it, such as ``DHE_RSA``, ``RSA_EXPORT``."""
    head, mark, _ = suite_name(suite).partition("_WITH_")
    return head.rpartition("TLS_")[2] if mark else ""


def parse_key_exchange(body: bytes, suite: int, version: int) -> KeyExchange | None:
    """The ServerKeyExchange in a message's body, for the suite and version of the ServerHello.

    Returns None where the suite's has another shape (PSK, SRP, GOST, ...), or is not known.

    Raises:
        WireError: if it breaks the grammar above, or describes a curve instead of naming one.
    """
    word = key_exchange_word(suite)
    cursor = Cursor(body, WHERE)
    if word in ("ECDHE_PSK", "DHE_PSK"):
        cursor.vector(2)
    start = len(body) - cursor.left
    parameters = _parameters(cursor, word)
    if parameters is None:
        return None
    signed = body[start : len(body) - cursor.left]
    if "_anon" in word or "PSK" in word:
        cursor.end()
        return KeyExchange(parameters, signed=signed)
    scheme = cursor.number(2) if version >= Version.TLS_1_2 else None
    signature = cursor.vector(2)
    cursor.end()
    return KeyExchange(parameters, scheme, signature, signed)


def _parameters(
    cursor: Cursor, word: str
) -> EcdheParameters | DheParameters | RsaParameters | None:
    if word.startswith("ECDH"):
        if (kind := cursor.number(1)) != NAMED_CURVE:
            raise WireError(f"RFC 8422, section 5.4: a curve of type {kind} instead of a name")
        return EcdheParameters(cursor.number(2), cursor.vector(1))
    if word.startswith("DH"):
        return DheParameters(_integer(cursor), _integer(cursor), _integer(cursor))
    if word.startswith("RSA_EXPORT"):
        return RsaParameters(_integer(cursor), _integer(cursor))
    return None


def _integer(cursor: Cursor) -> int:
    return int.from_bytes(cursor.vector(2), "big")

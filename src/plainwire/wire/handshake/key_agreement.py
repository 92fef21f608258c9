"""ClientKeyExchange of TLS 1.2 and older: ours, and the premaster secret that it carries.

RSA (RFC 5246, 7.4.7.1), DHE (7.4.7.2) and ECDHE (RFC 8422, 5.7), anonymous ones included.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.finite_field import finite_field_share
from plainwire.wire.handshake.groups import KNOWN, Random, generate
from plainwire.wire.handshake.signatures import public_key, rsa_numbers
from plainwire.wire.key_exchange import DheParameters, EcdheParameters, key_exchange_word
from plainwire.wire.presentation import vector

PREMASTER_SIZE = 48


def agree(flight: Flight, offered: int, random: Random) -> tuple[bytes, bytes] | None:
    """The ClientKeyExchange's body and the premaster secret, for a server's whole first flight.

    ``offered`` is the version of our hello. Returns None where the key exchange is not one of
    those above, or its group or key not understood.

    Raises:
        WireError: if the flight lacks what its suite needs, or its key is in no sound group.
    """
    word = key_exchange_word(flight.hello.suite)
    if "PSK" in word or "EXPORT" in word:
        return None
    if word.startswith(("DHE_", "DH_anon", "ECDHE_", "ECDH_anon")):
        return _ephemeral(flight, random)
    return _by_rsa(flight, offered, random) if word == "RSA" else None


def _ephemeral(flight: Flight, random: Random) -> tuple[bytes, bytes] | None:
    if flight.key_exchange is None:
        raise WireError("RFC 5246, section 7.4.3: no ServerKeyExchange")
    match flight.key_exchange.parameters:
        case EcdheParameters(group, public):
            if group not in KNOWN:
                return None
            curve = generate(group, random)
            return vector(1, curve.public), curve.secret(public)
        case DheParameters(p, g, y):
            field = finite_field_share(p, g, random)
            secret = field.secret(y.to_bytes((y.bit_length() + 7) // 8, "big"))
            # RFC 5246, 8.1.2: leading zeros of the secret are left out.
            return vector(2, field.public), secret.lstrip(b"\0")
    return None


def _by_rsa(flight: Flight, offered: int, random: Random) -> tuple[bytes, bytes] | None:
    if not flight.certificates:
        raise WireError("RFC 5246, section 7.4.2: no certificate to encrypt to")
    numbers = rsa_numbers(public_key(flight.certificates[0]))
    if numbers is None:
        return None
    premaster = offered.to_bytes(2, "big") + random(PREMASTER_SIZE - 2)
    filler = nonzero(modulus_size(numbers) - 3 - len(premaster), random)
    # RFC 8017, 7.2.1.
    block = b"\0\2" + filler + b"\0" + premaster
    return encrypted_premaster(numbers, block, flight.hello.version), premaster


def modulus_size(numbers: RSAPublicNumbers) -> int:
    """The length of a modulus in bytes."""
    return (numbers.n.bit_length() + 7) // 8


def nonzero(count: int, random: Random) -> bytes:
    """As many random bytes, none of them zero."""
    return bytes(byte % 255 + 1 for byte in random(count))


def encrypted_premaster(numbers: RSAPublicNumbers, block: bytes, version: int) -> bytes:
    """A ClientKeyExchange with a block of ours, whatever is in it, under the server's key.

    RFC 5246, 7.4.7.1: a vector; SSLv3 had no length before it.
    """
    sealed = pow(int.from_bytes(block, "big"), numbers.e, numbers.n)
    data = sealed.to_bytes(modulus_size(numbers), "big")
    return data if version == Version.SSL_3_0 else vector(2, data)

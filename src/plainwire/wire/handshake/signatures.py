"""Whether a server's signature is good, where `cryptography` can tell.

CertificateVerify of TLS 1.3 (RFC 8446, 4.4.3), ServerKeyExchange of TLS 1.2 (RFC 5246, 7.4.3)
and of the versions before, which name no scheme: MD5 and SHA-1 together with RSA (RFC 4346, 7.4.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from plainwire.model import WireError
from plainwire.wire import der

HASHES: dict[int, Callable[[], hashes.HashAlgorithm]] = {
    0x02: hashes.SHA1,
    0x03: hashes.SHA224,
    0x04: hashes.SHA256,
    0x05: hashes.SHA384,
    0x06: hashes.SHA512,
}
PSS: dict[int, Callable[[], hashes.HashAlgorithm]] = {
    0x0804: hashes.SHA256,
    0x0805: hashes.SHA384,
    0x0806: hashes.SHA512,
    0x0809: hashes.SHA256,
    0x080A: hashes.SHA384,
    0x080B: hashes.SHA512,
}
EC_TLS13: dict[int, Callable[[], hashes.HashAlgorithm]] = {
    0x081A: hashes.SHA256,
    0x081B: hashes.SHA384,
    0x081C: hashes.SHA512,
}
# draft-ietf-tls-mldsa: pure ML-DSA, its context empty.
MLDSA: dict[int, type] = {
    0x0904: mldsa.MLDSA44PublicKey,
    0x0905: mldsa.MLDSA65PublicKey,
    0x0906: mldsa.MLDSA87PublicKey,
}


MIN_RSA_BITS, MAX_RSA_BITS = 512, 16384
# As OpenSSL has it for a large modulus.
MAX_EXPONENT_BITS = 64


def public_key(certificate: bytes) -> object | None:
    """The key in a certificate, by its own type of `cryptography`; None if it is not understood."""
    try:
        return load_der_public_key(der.outline(certificate).public_key)
    except (WireError, ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        return None


def rsa_numbers(key: object) -> rsa.RSAPublicNumbers | None:
    """Modulus and exponent of an RSA key that can be computed with by hand.

    Returns None for another key, and for one that is too short to hold a premaster secret or
    there to make a client compute.
    """
    if not isinstance(key, rsa.RSAPublicKey) or not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return None
    numbers = key.public_numbers()
    return numbers if numbers.e.bit_length() <= MAX_EXPONENT_BITS else None


def is_signed(
    certificate: bytes, scheme: int | None, signature: bytes, content: bytes
) -> bool | None:
    """True if the certificate's key signed ``content``; ``scheme`` is None before TLS 1.2.

    Returns None if key or scheme are not understood. A scheme of another kind of key than the
    certificate's is False.
    """
    key = public_key(certificate)
    try:
        match key:
            case rsa.RSAPublicKey():
                if scheme is None:
                    numbers = rsa_numbers(key)
                    return _is_md5_and_sha1(numbers, signature, content) if numbers else None
                return _checked_rsa(key, scheme, signature, content)
            case ec.EllipticCurvePublicKey() if algorithm := _ecdsa_hash(scheme):
                key.verify(signature, content, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey() if scheme == 0x0807:
                key.verify(signature, content)
            case ed448.Ed448PublicKey() if scheme == 0x0808:
                key.verify(signature, content)
            case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey() if (
                isinstance(key, MLDSA.get(scheme or 0, ()))
            ):
                key.verify(signature, content)
            case dsa.DSAPublicKey() if (scheme or 0x0202) & 0xFF == 2:
                key.verify(signature, content, HASHES[(scheme or 0x0202) >> 8]())
            case _:
                return None if key is None or scheme not in _UNDERSTOOD else False
    except InvalidSignature:
        return False
    except (ValueError, KeyError, UnsupportedAlgorithm):
        return None
    return True


_UNDERSTOOD = frozenset(
    (
        *PSS,
        *EC_TLS13,
        *MLDSA,
        0x0807,
        0x0808,
        *(high << 8 | low for high in HASHES for low in (1, 3)),
    )
)


def _ecdsa_hash(scheme: int | None) -> hashes.HashAlgorithm | None:
    if scheme is None:
        return HASHES[2]()
    if scheme in EC_TLS13:
        return EC_TLS13[scheme]()
    return HASHES[scheme >> 8]() if scheme & 0xFF == 3 and scheme >> 8 in HASHES else None


def _checked_rsa(
    key: rsa.RSAPublicKey, scheme: int, signature: bytes, content: bytes
) -> bool | None:
    if scheme in PSS:
        algorithm = PSS[scheme]()
        salt = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        key.verify(signature, content, salt, algorithm)
    elif scheme & 0xFF == 1 and scheme >> 8 in HASHES:
        key.verify(signature, content, padding.PKCS1v15(), HASHES[scheme >> 8]())
    else:
        return False if scheme in _UNDERSTOOD else None
    return True


def _is_md5_and_sha1(numbers: rsa.RSAPublicNumbers, signature: bytes, content: bytes) -> bool:
    """PKCS #1 block type 1 around both hashes, without a DigestInfo (RFC 4346, 7.4.3)."""
    size = (numbers.n.bit_length() + 7) // 8
    block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    digest += hashlib.sha1(content, usedforsecurity=False).digest()
    return block == b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest

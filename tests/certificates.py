"""Certificates made on the spot, for any test.

    root = issue("Test Root", ca=True)
    issuing = issue("Test Issuing CA", ca=True, by=root)
    leaf = issue("api.example.test", "127.0.0.1", by=issuing)
    leaf.chain_pem, leaf.key_pem      # what a server is given
    leaf.chain                        # what it serves: (leaf, issuing), DER
    root.pem                          # what --ca is given

Everything has a default that makes a good certificate: P-256, SHA-256, valid from yesterday for
90 days (a CA for ten years), serverAuth. `issue` breaks one thing at a time by its keywords.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plainwire.wire import der

PURPOSES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
USAGES = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key and the one that issued it (None: itself)."""

    der: bytes
    key: Any = field(repr=False)
    issuer: Issued | None = field(default=None, repr=False)

    @property
    def pem(self) -> str:
        return self.x509.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def x509(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def path(self) -> tuple[Issued, ...]:
        """From this one to its root, the root included."""
        return (self, *(self.issuer.path if self.issuer else ()))

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What a well configured server sends: the path without its root, DER."""
        return tuple(item.der for item in self.path if item.issuer or item is self)

    @property
    def chain_pem(self) -> str:
        return "".join(item.pem for item in self.path if item.issuer or item is self)


@dataclass(frozen=True)
class PemFiles:
    """A chain (leaf first), its key and the authority behind it, each a PEM file."""

    chain: Path
    key: Path
    ca: Path


@functools.cache
def rsa_key(bits: int = 2048, which: int = 0) -> rsa.RSAPrivateKey:
    """An RSA key, made once a run: ``which`` tells several of one size apart."""
    return rsa.generate_private_key(65537, bits)


def key_sharing_a_prime(other: rsa.RSAPrivateKey) -> rsa.RSAPrivateKey:
    """An RSA key of the same size with one of the other's primes."""
    p, q = other.private_numbers().p, rsa_key(other.key_size, which=1).private_numbers().q
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    parts = d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, *parts, public).private_key()


@functools.cache
def roca_key(bits: int = 1024) -> rsa.RSAPrivateKey:
    """An RSA key with primes of the shape that ROCA (CVE-2017-15361) is about.

    They are k * M + (65537^a mod M) (Nemec et al. 2017, section 2.1), with the M of small keys.
    """
    product = math.prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
    random, primes = secrets.SystemRandom(), set[int]()
    while len(primes) < 2:
        number = random.getrandbits(bits // 2 - product.bit_length()) * product
        number += pow(65537, random.getrandbits(64), product)
        is_prime = all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))
        if is_prime and number.bit_length() == bits // 2 and number % 65537 != 1:
            primes.add(number)
    p, q = primes
    d = pow(65537, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    return numbers.private_key()


def ocsp_response(
    leaf: Issued, status: str = "good", *, this_update: datetime, next_update: datetime
) -> bytes:
    """What the leaf's issuer says of it, as a responder signs it; ``status`` is RFC 6960's word."""
    assert leaf.issuer
    is_revoked = status == "revoked"
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.x509,
        issuer=leaf.issuer.x509,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus[status.upper()],
        this_update=this_update,
        next_update=next_update,
        revocation_time=this_update if is_revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, leaf.issuer.x509)
    made = builder.sign(leaf.issuer.key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def issue(
    *names: str,
    by: Issued | None = None,
    ca: bool = False,
    subject: str | x509.Name | None = None,
    sans: Sequence[str | x509.GeneralName] | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    key: Any = None,
    hash: str = "sha256",
    path_length: int | None = None,
    eku: Sequence[str] | None = None,
    key_usage: Sequence[str] | None = None,
    basic_constraints: bool = True,
    permitted: Sequence[str | x509.GeneralName] | None = None,
    excluded: Sequence[str | x509.GeneralName] | None = None,
    must_staple: bool = False,
    signed_with: Any = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Issued:
    """One certificate.

    ``names`` are host names and IP addresses (for a CA: its common name). ``subject`` is a
    common name or a whole name, and defaults to the first name; ``sans=[]`` leaves the SAN out.
    ``by`` issues it (None: itself). ``key`` is a private key or RSA bits. ``hash`` is "sha256",
    "sha384", "sha1" or "md5" (RSA). ``eku=[]`` leaves the extension out; so do ``key_usage=[]``
    and ``basic_constraints=False``. ``permitted`` and ``excluded`` are name constraints, as DNS
    names or networks. ``signed_with`` is a key that is not the issuer's.
    """
    own_key = rsa_key(key) if isinstance(key, int) else key
    own_key = own_key or ec.generate_private_key(ec.SECP256R1())
    not_before = not_before or datetime.now(UTC).replace(microsecond=0) - DAY
    name = subject if isinstance(subject, x509.Name) else _name(subject or names[0])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.x509.subject if by else name)
        .public_key(own_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after or not_before + DAY * (3650 if ca else 90))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), False)
    )
    signer = by.key if by else own_key
    if by:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(authority, False)
    if basic_constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True)
    usage = key_usage if key_usage is not None else (["key_cert_sign", "crl_sign"] if ca else [])
    if usage:
        builder = builder.add_extension(_usage(usage), True)
    purposes = eku if eku is not None else ([] if ca else ["serverAuth"])
    if purposes:
        listed = x509.ExtendedKeyUsage([PURPOSES[purpose] for purpose in purposes])
        builder = builder.add_extension(listed, False)
    alternative = sans if sans is not None else ([] if ca else names)
    if alternative:
        listed_names = x509.SubjectAlternativeName([_general(item) for item in alternative])
        builder = builder.add_extension(listed_names, False)
    if permitted or excluded:
        subtrees = [
            [_general(item) for item in group] if group else None for group in (permitted, excluded)
        ]
        builder = builder.add_extension(x509.NameConstraints(*subtrees), True)
    if must_staple:
        feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
        builder = builder.add_extension(feature, False)
    for value, is_critical in extensions:
        builder = builder.add_extension(value, is_critical)
    return Issued(_signed(builder, signed_with or signer, hash), own_key, by)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(item: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(item, x509.GeneralName):
        return item
    try:
        parse = ipaddress.ip_network if "/" in item else ipaddress.ip_address
        return x509.IPAddress(parse(item))
    except ValueError:
        return x509.DNSName(item)


def _usage(wanted: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in USAGES})


def _signed(builder: x509.CertificateBuilder, key: Any, name: str) -> bytes:
    if name in WEAK:
        return _signed_weakly(builder, key, name)
    algorithm = None if not hasattr(key, "key_size") else getattr(hashes, name.upper())()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)


# RFC 3279, section 2.2: sha-1WithRSAEncryption, md5WithRSAEncryption. Our library refuses to sign
# with them, so the certificate is made with SHA-256 and its algorithm and signature replaced.
WEAK = {
    "sha1": (bytes.fromhex("300d06092a864886f70d0101050500"), hashes.SHA1()),
    "md5": (bytes.fromhex("300d06092a864886f70d0101040500"), hashes.MD5()),
}


def _signed_weakly(builder: x509.CertificateBuilder, key: Any, name: str) -> bytes:
    algorithm, digest = WEAK[name]
    whole = der.elements(_signed(builder, key, "sha256"))[0]
    fields = der.elements(der.elements(whole.content)[0].content)
    tbs = der.encode(
        der.SEQUENCE,
        b"".join(algorithm if at == 2 else item.raw for at, item in enumerate(fields)),
    )
    signature = key.sign(tbs, padding.PKCS1v15(), digest)
    return der.encode(der.SEQUENCE, tbs + algorithm + der.encode(der.BIT_STRING, b"\0" + signature))

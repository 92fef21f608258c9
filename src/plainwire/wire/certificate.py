"""One certificate: DER bytes into values, as much of them as can be read (RFC 5280).

Imports `cryptography`, which costs a tenth of a second and more: import this module where a
certificate is really looked at, not at start-up.
"""

from __future__ import annotations

import hashlib
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from plainwire.model import CertificateFacts, WireError
from plainwire.wire import der as asn1
from plainwire.wire import rsa_keys

MAX_BYTES = 1 << 16
MAX_EXTENSIONS = 64
MAX_NAMES_SHOWN = 1000
MAX_TEXT = 512

# Everything that cryptography raises for a certificate that breaks a rule.
ODD = (
    ValueError,
    TypeError,
    OverflowError,
    KeyError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)

# RFC 7633: id-pe-tlsfeature, and the number of status_request among the TLS extensions.
TLS_FEATURE, STATUS_REQUEST = bytes.fromhex("06082b06010505070118"), 5

# cryptography names no hash for these two, and none of its kind signs with them any more.
OLD_HASHES = {"1.2.840.113549.1.1.2": "md2", "1.2.840.113549.1.1.3": "md4"}

KEY_TYPES = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",
    "1.2.840.10045.2.1": "ECDSA",
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

# Parts of the certificate that `name_text` makes: serial number 1, no key, no time.
ED25519 = bytes.fromhex("300506032b6570")
EARLIER = bytes.fromhex("a003020102 020101") + ED25519
EMPTY_VALIDITY = bytes.fromhex("301e 170d3236303130313030303030305a 170d3236303130313030303030305a")
NO_KEY = bytes.fromhex("302a") + ED25519 + bytes.fromhex("032100") + bytes(32)

Value = TypeVar("Value", bound=x509.ExtensionType)
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """One certificate with everything that a judgement needs.

    ``subject``, ``issuer`` and ``public_key`` are DER as it stands on the wire, so that they
    compare byte for byte (RFC 5280, 4.1.2.4). ``names`` are its subjectAltNames, all kinds.
    ``is_malformed``: an extension is broken or there twice, or the algorithms disagree.
    ``has_unknown_critical``: a critical extension that nobody here understands (RFC 5280, 4.2:
    must be refused).
    """

    der: bytes = field(repr=False)
    facts: CertificateFacts
    subject: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    names: tuple[x509.GeneralName, ...]
    is_malformed: bool
    has_unknown_critical: bool
    parsed: x509.Certificate
    values: Mapping[type, x509.ExtensionType] = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def extension(self, kind: type[Value]) -> Value | None:
        """The value of an extension. Returns None if it is absent or broken."""
        value = self.values.get(kind)
        return value if isinstance(value, kind) else None

    @property
    def is_ca(self) -> bool:
        """True if basicConstraints says cA (RFC 5280, 4.2.1.9)."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @property
    def is_self_issued(self) -> bool:
        """True if issuer and subject are one name (RFC 5280, 3.2), whoever signed."""
        return self.issuer == self.subject

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The dNSNames among the subjectAltNames."""
        return tuple(name.value for name in self.names if isinstance(name, x509.DNSName))

    @property
    def ip_addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """The iPAddresses among the subjectAltNames that are one address."""
        values = (name.value for name in self.names if isinstance(name, x509.IPAddress))
        return tuple(value for value in values if isinstance(value, IPv4Address | IPv6Address))

    def is_signed_by(self, issuer: Certificate) -> bool:
        """True if the issuer's subject is this issuer and its key made the signature."""
        if self.issuer != issuer.subject:
            return False
        try:
            _verify(self.parsed, issuer.parsed.public_key())
        except (*ODD, InvalidSignature):
            return False
        return True


def _verify(certificate: x509.Certificate, key: object) -> None:
    # cryptography's verify_directly_issued_by refuses SHA-1 and MD5 as if the signature were
    # wrong. Here a weak signature is one reason and a wrong one another.
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    how = certificate.signature_algorithm_parameters
    digest = certificate.signature_hash_algorithm
    match key, how, digest:
        case rsa.RSAPublicKey(), padding.PKCS1v15() | padding.PSS(), hashes.HashAlgorithm():
            key.verify(signature, signed, how, digest)
        case rsa.RSAPublicKey(), None, hashes.MD5():  # the library gives MD5 no padding
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePublicKey(), ec.ECDSA(), _:
            key.verify(signature, signed, how)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey(), None, None:
            key.verify(signature, signed)
        case _:
            raise InvalidSignature


def facts(der: bytes) -> CertificateFacts:
    """What a certificate says, for a report.

    Control and formatting characters in names are escaped, texts cut at `MAX_TEXT` characters
    and names at `MAX_NAMES_SHOWN`. ``key_type`` is a dotted OID and ``key_bits`` 0 where unknown.

    Raises:
        WireError: if the bytes are no certificate at all (RFC 5280, section 4.1).
    """
    return parse(der).facts


@lru_cache(maxsize=128)
def parse(der: bytes) -> Certificate:
    """A certificate from its DER bytes, at most `MAX_BYTES` of them.

    An undecodable extension, a name that is no text, an unknown key or signature algorithm and
    a serial number that is not positive still give a certificate; what was unreadable is left out.

    Raises:
        WireError: if the bytes are no certificate at all (RFC 5280, section 4.1).
    """
    if len(der) > MAX_BYTES:
        raise WireError(f"a certificate of {len(der)} bytes; {MAX_BYTES} are read")
    parts = asn1.outline(der)
    try:
        certificate = _load(der)
        times = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ODD as error:
        raise WireError(f"RFC 5280 4.1: not a certificate: {_readable(str(error))}") from None
    extensions, is_malformed = _extensions(certificate, parts)
    values = {type(item.value): item.value for item in reversed(extensions)}
    alternative = values.get(x509.SubjectAlternativeName)
    names = tuple(alternative) if isinstance(alternative, x509.SubjectAlternativeName) else ()
    key_type, key_bits = _key(certificate, parts)
    numbers = _rsa_numbers(parts.public_key) if key_type == "RSA" else None
    shown = CertificateFacts(
        subject=_name(lambda: certificate.subject, parts.subject),
        issuer=_name(lambda: certificate.issuer, parts.issuer),
        sans=_shown_names(names),
        not_before=times[0],
        not_after=times[1],
        key_type=key_type,
        key_bits=key_bits,
        signature_hash=_signature_hash(certificate),
        fingerprint_sha256=hashlib.sha256(der).hexdigest(),
        must_staple=any(STATUS_REQUEST in _features(raw) for raw in parts.extensions),
        key_flaws=rsa_keys.flaws(*numbers) if numbers else (),
        rsa_modulus=numbers[0] if numbers else None,
        key_sha256=hashlib.sha256(parts.public_key).hexdigest(),
    )
    return Certificate(
        der=der,
        facts=shown,
        subject=parts.subject,
        issuer=parts.issuer,
        public_key=parts.public_key,
        names=names,
        # RFC 5280, 4.1.1.2: both statements of the signature algorithm MUST be the same.
        is_malformed=is_malformed or not parts.is_consistent,
        has_unknown_critical=any(
            item.critical and isinstance(item.value, x509.UnrecognizedExtension)
            for item in extensions
        ),
        parsed=certificate,
        values=values,
    )


def _load(der: bytes) -> x509.Certificate:
    # Serial numbers below one and NULL parameters warn: they are the peer's, not the user's doing.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(der)


def _attempt(read: Callable[[], Read]) -> Read | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except ODD:
        return None


def _extensions(
    certificate: x509.Certificate, parts: asn1.Outline
) -> tuple[list[x509.Extension[x509.ExtensionType]], bool]:
    """The readable extensions, and whether any was not (or there twice: RFC 5280, 4.2)."""
    whole = _attempt(lambda: list(certificate.extensions))
    if whole is not None:
        return whole, False
    # A TLS feature that the library does not know is lawful, yet a KeyError to it.
    others = [raw for raw in parts.extensions[:MAX_EXTENSIONS] if not _features(raw)]
    found: list[x509.Extension[x509.ExtensionType]] = []
    for raw in others:
        found += _attempt(partial(_alone, parts, raw)) or []
    kinds = {item.oid for item in found}
    return found, len(kinds) < len(others) or len(parts.extensions) > MAX_EXTENSIONS


def _features(extension: bytes) -> list[int]:
    """The TLS features that an extension asks for, empty if it is another one (RFC 7633, 4.1)."""
    try:
        kind, *_, value = asn1.elements(asn1.elements(extension)[0].content)
        return asn1.integers(value.content) if kind.raw == TLS_FEATURE else []
    except (WireError, ValueError, IndexError):
        return []


def _alone(parts: asn1.Outline, extension: bytes) -> list[x509.Extension[x509.ExtensionType]]:
    return list(_load(asn1.with_one_extension(parts, extension)).extensions)


def _name(read: Callable[[], x509.Name], raw: bytes) -> str:
    """RFC 4514's text of a name; where that cannot be had its ``#`` form, the DER in hex."""
    text = _attempt(lambda: read().rfc4514_string())
    return _readable(text if text is not None else "#" + raw.hex())


def name_text(name: bytes) -> str:
    """RFC 4514's text of a distinguished name by itself (DER), as `facts` has it of a subject."""
    # The library reads names in certificates alone, so one is put around it.
    body = asn1.encode(asn1.SEQUENCE, EARLIER + name + EMPTY_VALIDITY + name + NO_KEY)
    whole = asn1.encode(asn1.SEQUENCE, body + ED25519 + asn1.encode(asn1.BIT_STRING, bytes(65)))
    return _name(lambda: _load(whole).subject, name)


def _readable(text: str) -> str:
    """Text without control and formatting characters: ``\\xx`` a byte of UTF-8 (RFC 4514, 2.4)."""
    pieces = []
    for character in text[: MAX_TEXT + 1]:
        is_plain = unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        octets = character.encode("utf-8", "surrogatepass")
        pieces.append(character if is_plain else "".join(f"\\{octet:02x}" for octet in octets))
    shown = "".join(pieces)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"


def _shown_names(names: tuple[x509.GeneralName, ...]) -> tuple[str, ...]:
    wanted = [name for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]
    return tuple(_readable(str(name.value)) for name in wanted[:MAX_NAMES_SHOWN])


def _key(certificate: x509.Certificate, parts: asn1.Outline) -> tuple[str, int]:
    oid = _attempt(lambda: certificate.public_key_algorithm_oid.dotted_string) or ""
    kind = KEY_TYPES.get(oid, oid)
    match _attempt(certificate.public_key):
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() | dsa.DSAPublicKey() as key:
            return kind, key.key_size
        case ed25519.Ed25519PublicKey():
            return kind, 256
        case ed448.Ed448PublicKey():
            return kind, 456
        case None:
            return kind, _bits(kind, parts.public_key)
        case _:
            return kind, 0


def _bits(kind: str, public_key: bytes) -> int:
    """The size of a key that cryptography will not load: RSA too small, a curve it lacks."""
    try:
        bits = asn1.elements(asn1.elements(public_key)[0].content)[1].content[1:]
        if kind == "RSA":
            return max(asn1.integers(bits)[0], 0).bit_length()
        # SEC 1, section 2.3.3: an uncompressed point is 04 and both coordinates.
        return (len(bits) - 1) // 2 * 8 if kind == "ECDSA" and bits[:1] == b"\x04" else 0
    except (WireError, IndexError):
        return 0


def _rsa_numbers(public_key: bytes) -> tuple[int, int] | None:
    """Modulus and exponent of an RSA key (RFC 8017, A.1.1). Returns None if it is broken."""
    try:
        modulus, exponent = asn1.integers(
            asn1.elements(asn1.elements(public_key)[0].content)[1].content[1:]
        )
    except (WireError, IndexError, ValueError):
        return None
    return (modulus, exponent) if modulus > 0 and exponent > 0 else None


def _signature_hash(certificate: x509.Certificate) -> str | None:
    oid = _attempt(lambda: certificate.signature_algorithm_oid.dotted_string)
    algorithm = _attempt(lambda: certificate.signature_hash_algorithm)
    return algorithm.name if algorithm is not None else OLD_HASHES.get(oid or "")

"""An authority for development and the certificates it issues: values, no files.

The authority can only vouch for names that nobody can own (and for those it was made for), so
that its stolen key opens nothing on the Internet: name constraints of RFC 5280, section 4.2.1.10.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANIZATION = "plainwire development CA"
# RFC 6761 (localhost, test), RFC 6762 (local), RFC 8375 (home.arpa), ICANN 2024-07-29 (internal).
NOBODYS = ("localhost", "test", "local", "home.arpa", "internal")
LOOPBACK = ("127.0.0.0/8", "::1/128")
# Apple takes at most 825 days of an authority that its user added (support.apple.com/103769).
LIFETIME = timedelta(days=90)
CA_LIFETIME = timedelta(days=5 * 365)
# A clock may be behind: containers and virtual machines after a pause.
_SLACK = timedelta(hours=1)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM, PKCS #8, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def authority(names: Sequence[str], now: datetime) -> Issued:
    """An authority for `NOBODYS`, loopback and these further names (hosts in A-labels, addresses).

    P-256, self-signed, no authorities below it, server certificates alone.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    # Each one's own name: a client that holds two of them must not take one for the other.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    subject = _subject(f"{ORGANIZATION} {mark}")
    permitted = [_subtree(name) for name in (*NOBODYS, *LOOPBACK, *_outside(names))]
    builder = (
        _builder(subject, subject, key, now, CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def server(names: Sequence[str], by: Issued, now: datetime) -> Issued:
    """A server certificate for these names (hosts in A-labels, addresses), valid for `LIFETIME`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject("plainwire development certificate")
    its_key = by.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(subject, by.certificate.subject, key, now, LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(its_key), critical=False
        )
    )
    return Issued(builder.sign(by.key, hashes.SHA256()), key)


def read(certificate: bytes, key: bytes) -> Issued | None:
    """A certificate and its key from PEM; None if they are none, or not each other's."""
    its = certificate_of(certificate)
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return None
    if its is None or not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    return Issued(its, private) if its.public_key() == private.public_key() else None


def certificate_of(pem: bytes) -> x509.Certificate | None:
    """A certificate from PEM; None if it is none."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def is_authority(issued: Issued) -> bool:
    """Is it an authority of `authority`, signed by itself?"""
    return is_ours(issued.certificate) and issued_by(issued, issued)


def issued_by(issued: Issued, by: Issued) -> bool:
    """Did this authority sign the certificate?"""
    try:
        issued.certificate.verify_directly_issued_by(by.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def is_ours(certificate: x509.Certificate) -> bool:
    """Does its issuer bear the name of an authority of `authority`?"""
    return _organization(certificate.issuer) == ORGANIZATION


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The hosts and addresses of a certificate, in its order."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name.value) for name in found if isinstance(name, x509.DNSName | x509.IPAddress)
    )


def permits(by: Issued, name: str) -> bool:
    """May this authority vouch for the name?"""
    constraints = by.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return any(_holds(subtree, name) for subtree in constraints.permitted_subtrees or ())


def _holds(subtree: x509.GeneralName, name: str) -> bool:
    address = _address(name)
    if address is None:
        return isinstance(subtree, x509.DNSName) and _is_below(name, subtree.value)
    network = subtree.value if isinstance(subtree, x509.IPAddress) else None
    # A network of the other version holds no address of this one.
    return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and address in network


def _outside(wanted: Sequence[str]) -> list[str]:
    """Those of the names that `NOBODYS` and `LOOPBACK` do not hold."""
    return [name for name in wanted if not _is_held(name)]


def _is_held(name: str) -> bool:
    address = _address(name)
    if address is not None:
        return address.is_loopback
    return any(_is_below(name, top) for top in NOBODYS)


def _is_below(name: str, top: str) -> bool:
    return name == top or name.endswith(f".{top}")


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _subtree(name: str) -> x509.GeneralName:
    """RFC 5280, section 4.2.1.10: a name and all below it; addresses as a network."""
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name.removeprefix("*."))


def _subject(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _organization(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

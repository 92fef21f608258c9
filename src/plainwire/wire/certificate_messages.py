"""What a server says about certificates: Certificate, CertificateStatus, CertificateRequest, SCTs.

Two shapes of each: TLS 1.2 and older (RFC 5246, 7.4.2 and 7.4.4; RFC 6066, section 8), and
TLS 1.3 (RFC 8446, 4.4.2 and 4.3.2). Certificates and names stay the DER bytes that were sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plainwire.model import WireError
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.presentation import Cursor, code_points, vectors

# A chain of a public server has two to five; more than this means to keep us busy.
MAX_CERTIFICATES = 100
OCSP = 1


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What a server asks of a client's certificate.

    ``types`` are TLS 1.2's ClientCertificateType code points, ``schemes`` signature schemes (none
    before TLS 1.2), ``authorities`` the DER names of the CAs that it trusts; ``context`` is TLS
    1.3's, which the answer repeats.
    """

    types: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    authorities: tuple[bytes, ...] = ()
    context: bytes = b""


@dataclass(frozen=True, slots=True)
class CertificateEntry:
    """A CertificateEntry of TLS 1.3: one certificate, with the staple and the SCTs about it."""

    certificate: bytes
    staple: bytes | None = None
    scts: tuple[bytes, ...] | None = None


def parse_certificates(body: bytes) -> tuple[bytes, ...]:
    """``opaque ASN.1Cert<1..2^24-1>; ASN.1Cert certificate_list<0..2^24-1>`` (RFC 5246, 7.4.2).

    Raises:
        WireError: if it breaks that grammar or holds more than `MAX_CERTIFICATES`.
    """
    where = "RFC 5246, section 7.4.2, Certificate"
    cursor = Cursor(body, where)
    certificates = vectors(3, cursor.vector(3), where)
    cursor.end()
    _check_count(len(certificates))
    return certificates


def parse_certificates_13(body: bytes) -> tuple[CertificateEntry, ...]:
    """A Certificate of TLS 1.3 (RFC 8446, 4.4.2).

    struct { opaque certificate_request_context<0..2^8-1>;
             CertificateEntry certificate_list<0..2^24-1>; } Certificate;
    struct { opaque cert_data<1..2^24-1>; Extension extensions<0..2^16-1>; } CertificateEntry;

    Raises:
        WireError: if it breaks that grammar or holds more than `MAX_CERTIFICATES`.
    """
    where = "RFC 8446, section 4.4.2, Certificate"
    cursor = Cursor(body, where)
    cursor.vector(1)
    block = Cursor(cursor.vector(3), where)
    cursor.end()
    entries: list[CertificateEntry] = []
    while block.left:
        certificate, found = block.vector(3), ext.parse(block.vector(2))
        staple = found.get(ext.STATUS_REQUEST)
        entries.append(
            CertificateEntry(
                certificate, None if staple is None else parse_status(staple), scts_of(found)
            )
        )
        _check_count(len(entries))
    return tuple(entries)


def _check_count(count: int) -> None:
    if count > MAX_CERTIFICATES:
        raise WireError(f"RFC 8446, section 4.4.2: more than {MAX_CERTIFICATES} certificates")


def parse_status(body: bytes) -> bytes:
    """The OCSP response in a CertificateStatus (RFC 6066, section 8), DER.

    struct { CertificateStatusType status_type; opaque OCSPResponse<1..2^24-1>; }

    Raises:
        WireError: if it breaks that grammar or is of another type, which nobody asked for.
    """
    cursor = Cursor(body, "RFC 6066, section 8, CertificateStatus")
    if (kind := cursor.number(1)) != OCSP:
        raise WireError(f"RFC 6066, section 8: a CertificateStatus of type {kind}")
    response = cursor.vector(3)
    cursor.end()
    return response


def scts_of(extensions: Mapping[int, bytes]) -> tuple[bytes, ...] | None:
    """The SCTs in a ServerHello's or CertificateEntry's extensions; None without the extension.

    ``opaque SerializedSCT<1..2^16-1>; SerializedSCT sct_list<1..2^16-1>`` (RFC 6962, 3.3).

    Raises:
        WireError: if it breaks that grammar.
    """
    if ext.SIGNED_CERTIFICATE_TIMESTAMP not in extensions:
        return None
    where = "RFC 6962, section 3.3, SignedCertificateTimestampList"
    cursor = Cursor(extensions[ext.SIGNED_CERTIFICATE_TIMESTAMP], where)
    scts = vectors(2, cursor.vector(2), where)
    cursor.end()
    return scts


def parse_certificate_request(body: bytes, version: int) -> CertificateRequest:
    """A CertificateRequest of TLS 1.2 or older (RFC 5246, 7.4.4; RFC 4346, 7.4.4).

    struct {
        ClientCertificateType certificate_types<1..2^8-1>;
        SignatureAndHashAlgorithm supported_signature_algorithms<2..2^16-2>;   // TLS 1.2 only
        DistinguishedName certificate_authorities<0..2^16-1>;
    } CertificateRequest;

    Raises:
        WireError: if it breaks that grammar.
    """
    where = "RFC 5246, section 7.4.4, CertificateRequest"
    cursor = Cursor(body, where)
    types = tuple(cursor.vector(1))
    is_12 = version >= Version.TLS_1_2
    schemes = code_points(cursor.vector(2), where) if is_12 else ()
    authorities = vectors(2, cursor.vector(2), where)
    cursor.end()
    return CertificateRequest(types, schemes, authorities)


def parse_certificate_request_13(body: bytes) -> CertificateRequest:
    """A CertificateRequest of TLS 1.3 (RFC 8446, 4.3.2; its extensions: 4.2.3 and 4.2.4).

    struct { opaque certificate_request_context<0..2^8-1>; Extension extensions<0..2^16-1>; }

    Raises:
        WireError: if it breaks that grammar.
    """
    where = "RFC 8446, section 4.3.2, CertificateRequest"
    cursor = Cursor(body, where)
    context, found = cursor.vector(1), ext.parse(cursor.vector(2))
    cursor.end()
    schemes = Cursor(found.get(ext.SIGNATURE_ALGORITHMS, b"\0\0"), where)
    names = Cursor(found.get(ext.CERTIFICATE_AUTHORITIES, b"\0\0"), where)
    request = CertificateRequest(
        schemes=code_points(schemes.vector(2), where),
        authorities=vectors(2, names.vector(2), where),
        context=context,
    )
    schemes.end()
    names.end()
    return request

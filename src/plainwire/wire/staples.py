"""A stapled OCSP response judged: what it says of the leaf, and whether a client would believe it.

RFC 6960, section 3.2 lists what a client has to see before it accepts a response: that it is about
this certificate, that the issuer signed it or somebody whom the issuer named for it, and that it
is neither too early nor too old. Nothing is asked of a responder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from plainwire.model import Staple, StapleStatus, WireError
from plainwire.wire import der as asn1
from plainwire.wire.certificate import ODD, Certificate, parse

MAX_BYTES = 1 << 16
# Some responders send a handful about several certificates; more means to keep us busy.
MAX_RESPONSES, MAX_CERTIFICATES = 32, 8
STATUS: dict[ocsp.OCSPCertStatus, StapleStatus] = {
    ocsp.OCSPCertStatus.GOOD: "good",
    ocsp.OCSPCertStatus.REVOKED: "revoked",
    ocsp.OCSPCertStatus.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class JudgedStaple:
    """A staple with the number of SCTs in it (RFC 6962, section 3.3)."""

    staple: Staple
    scts: int = 0


def judge(
    der: bytes, *, leaf: Certificate, issuers: Sequence[Certificate], now: datetime
) -> JudgedStaple:
    """What a stapled response says of the leaf; ``issuers`` are those whose key signed the leaf.

    Whatever the bytes are, the answer is a staple: where nothing can be believed its status is
    "unknown" and its problem says why.
    """
    if len(der) > MAX_BYTES:
        return _unknown(f"a response of {len(der)} bytes; {MAX_BYTES} are read")
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return _unknown(f"the responder answered {response.response_status.name.lower()}")
        return _judged(response, leaf, issuers, now)
    except ODD:
        return _unknown("not a response (RFC 6960, section 4.2.1)")


def _unknown(problem: str) -> JudgedStaple:
    return JudgedStaple(Staple("unknown", None, None, problem))


def _judged(
    response: ocsp.OCSPResponse, leaf: Certificate, issuers: Sequence[Certificate], now: datetime
) -> JudgedStaple:
    if not issuers:
        return _unknown("the leaf's issuer is not known, so nothing vouches for it")
    about = [(one, issuer) for issuer in issuers for one in _about(response, leaf, issuer)]
    if not about:
        return _unknown("about another certificate")
    vouched = [(one, issuer) for one, issuer in about if _is_vouched(response, issuer, now)]
    if not vouched:
        return _unknown("signed neither by the leaf's issuer nor by a responder that it named")
    single = vouched[0][0]
    starts, ends = single.this_update_utc, single.next_update_utc
    staple = Staple(STATUS[single.certificate_status], starts, ends)
    if starts > now:
        staple = replace(staple, problem="not yet valid")
    elif ends is not None and ends < now:
        staple = replace(staple, problem="stale")
    return JudgedStaple(staple, _scts(response))


def _about(
    response: ocsp.OCSPResponse, leaf: Certificate, issuer: Certificate
) -> Iterator[ocsp.OCSPSingleResponse]:
    """The single responses about the leaf: serial number, and hashes of the issuer's name and key.

    RFC 6960, section 4.1.1: CertID.
    """
    for at, single in enumerate(response.responses):
        if at == MAX_RESPONSES:
            return
        if single.serial_number != leaf.parsed.serial_number:
            continue
        algorithm = single.hash_algorithm
        is_name = single.issuer_name_hash == _digest(algorithm, issuer.subject)
        if is_name and single.issuer_key_hash == _digest(algorithm, _key_octets(issuer)):
            yield single


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_octets(issuer: Certificate) -> bytes:
    """The key's BIT STRING without tag, length and unused bits, as CertID hashes it."""
    return asn1.elements(asn1.elements(issuer.public_key)[0].content)[1].content[1:]


def _is_vouched(response: ocsp.OCSPResponse, issuer: Certificate, now: datetime) -> bool:
    """True if the issuer signed the response, or a certificate in it that the issuer made for it.

    RFC 6960, section 4.2.2.2: the delegate is issued by the CA itself and has id-kp-OCSPSigning.
    """
    if _is_signed(response, issuer.parsed.public_key()):
        return True
    for found in response.certificates[:MAX_CERTIFICATES]:
        try:
            delegate = parse(found.public_bytes(Encoding.DER))
        except WireError:
            continue
        usage = delegate.extension(x509.ExtendedKeyUsage)
        if (
            usage is not None
            and ExtendedKeyUsageOID.OCSP_SIGNING in usage
            and delegate.facts.not_before <= now <= delegate.facts.not_after
            and delegate.is_signed_by(issuer)
            and _is_signed(response, found.public_key())
        ):
            return True
    return False


def _is_signed(response: ocsp.OCSPResponse, key: object) -> bool:
    signature, signed = response.signature, response.tbs_response_bytes
    digest = response.signature_hash_algorithm
    try:
        match key, digest:
            case rsa.RSAPublicKey(), hashes.HashAlgorithm():
                key.verify(signature, signed, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey(), hashes.HashAlgorithm():
                key.verify(signature, signed, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey(), None:
                key.verify(signature, signed)
            case _:
                return False
    except (*ODD, InvalidSignature):
        return False
    return True


def _scts(response: ocsp.OCSPResponse) -> int:
    try:
        found = response.single_extensions.get_extension_for_class(x509.SignedCertificateTimestamps)
    except (*ODD, x509.ExtensionNotFound):
        return 0
    return len(list(found.value))

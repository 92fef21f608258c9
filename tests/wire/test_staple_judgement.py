"""Stapled OCSP responses. `openssl ocsp` makes and judges the plain ones; the others are built."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from certificates import DAY, PURPOSES, Issued, issue, rsa_key
from plainwire.model import Staple
from plainwire.wire.certificate import parse
from plainwire.wire.paths import judge as judge_chain
from plainwire.wire.staples import judge

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
NAME = "api.example.test"
PURPOSES["OCSPSigning"] = ExtendedKeyUsageOID.OCSP_SIGNING

ROOT = issue("Root", ca=True, not_before=NOW - 100 * DAY)
ISSUING = issue("Issuing CA", ca=True, by=ROOT, not_before=NOW - 100 * DAY)
LEAF = issue(NAME, by=ISSUING)
OTHER_CA = issue("Issuing CA", ca=True, by=ROOT)


def delegate(by: Issued = ISSUING, **words: object) -> Issued:
    return issue("Responder", **{"by": by, "sans": [], "eku": ["OCSPSigning"], **words})


def response(
    leaf: Issued = LEAF,
    *,
    issuer: Issued = ISSUING,
    signer: Issued = ISSUING,
    certificates: tuple[Issued, ...] = (),
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + DAY,
    certid: hashes.HashAlgorithm | None = None,
) -> bytes:
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.x509,
        issuer=issuer.x509,
        algorithm=certid or hashes.SHA1(),
        cert_status=status,
        this_update=this_update,
        next_update=next_update,
        revocation_time=NOW - 2 * HOUR if is_revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.x509)
    if certificates:
        builder = builder.certificates([one.x509 for one in certificates])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def judged(der: bytes, leaf: Issued = LEAF, issuers: tuple[Issued, ...] = (ISSUING,)) -> Staple:
    found = [parse(one.der) for one in issuers]
    return judge(der, leaf=parse(leaf.der), issuers=found, now=NOW).staple


def openssl_accepts(der: bytes, folder: Path, digest: str) -> bool:
    """Whether `openssl ocsp` verifies a response about the leaf and finds it in time."""
    for name, one in {"leaf": LEAF, "issuer": ISSUING, "root": ROOT}.items():
        (folder / f"{name}.pem").write_text(one.pem)
    (folder / "response.der").write_bytes(der)
    command = ["openssl", "ocsp", "-respin", "response.der", "-issuer", "issuer.pem"]
    command += [
        f"-{digest}",
        "-cert",
        "leaf.pem",
        "-no_nonce",
        "-CAfile",
        "root.pem",
        "-verify_other",
        "issuer.pem",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
    output = done.stdout + done.stderr
    is_ok = "Response verify OK" in output and "leaf.pem: " in output
    return is_ok and "WARNING" not in output and "ERROR" not in output


CASES = {
    "good": (lambda: response(), ("good", None)),
    "revoked": (lambda: response(status=ocsp.OCSPCertStatus.REVOKED), ("revoked", None)),
    "unknown": (lambda: response(status=ocsp.OCSPCertStatus.UNKNOWN), ("unknown", None)),
    "without an end": (lambda: response(next_update=None), ("good", None)),
    "by SHA-256": (lambda: response(certid=hashes.SHA256()), ("good", None)),
    "delegated": (
        lambda: response(signer=(one := delegate()), certificates=(one,)),
        ("good", None),
    ),
    "stale": (
        lambda: response(this_update=NOW - 9 * DAY, next_update=NOW - 2 * DAY),
        ("good", "stale"),
    ),
    "too early": (
        lambda: response(this_update=NOW + DAY, next_update=NOW + 2 * DAY),
        ("good", "not yet valid"),
    ),
    "signed by another": (
        lambda: response(signer=OTHER_CA, certificates=(OTHER_CA,)),
        ("unknown", "signed neither by the leaf's issuer nor by a responder that it named"),
    ),
    "delegate of another": (
        lambda: response(signer=(one := delegate(OTHER_CA)), certificates=(one,)),
        ("unknown", "signed neither by the leaf's issuer nor by a responder that it named"),
    ),
    "delegate without the purpose": (
        lambda: response(signer=(one := delegate(eku=["serverAuth"])), certificates=(one,)),
        ("unknown", "signed neither by the leaf's issuer nor by a responder that it named"),
    ),
    "delegate out of its time": (
        lambda: response(
            signer=(one := delegate(not_before=NOW - 9 * DAY, not_after=NOW - DAY)),
            certificates=(one,),
        ),
        ("unknown", "signed neither by the leaf's issuer nor by a responder that it named"),
    ),
    "signed by the leaf itself": (
        lambda: response(signer=LEAF, certificates=(LEAF,)),
        ("unknown", "signed neither by the leaf's issuer nor by a responder that it named"),
    ),
    "about another leaf": (
        lambda: response(issue(NAME, by=ISSUING)),
        ("unknown", "about another certificate"),
    ),
    "about one of another issuer": (
        lambda: response(issuer=OTHER_CA),
        ("unknown", "about another certificate"),
    ),
}


@pytest.mark.server("openssl")
@pytest.mark.parametrize("name", CASES)
def test_a_staple_is_believed_as_rfc_6960_says_and_openssl_agrees(name, tmp_path):
    make, (status, problem) = CASES[name]
    der = make()
    found = judged(der)
    assert (found.status, found.problem) == (status, problem)
    assert openssl_accepts(der, tmp_path, "sha256" if "256" in name else "sha1") == (
        problem is None
    )


def test_times_are_those_of_the_response():
    assert judged(response()) == Staple("good", NOW - HOUR, NOW + DAY)
    assert judged(response(next_update=None)).next_update is None


def test_an_rsa_issuer_signs_too():
    ca = issue("RSA CA", ca=True, key=rsa_key(2048, 3))
    leaf = issue(NAME, by=ca)
    assert judged(response(leaf, issuer=ca, signer=ca), leaf, (ca,)).status == "good"


def test_a_refusal_of_the_responder_is_no_status():
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    found = judged(der.public_bytes(Encoding.DER))
    assert found == Staple("unknown", None, None, "the responder answered try_later")


def test_without_the_issuer_nothing_vouches():
    assert judged(response(), issuers=()).status == "unknown"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_staple_that_says_nothing(data):
    assert judged(data).status == "unknown"


def test_a_response_cut_anywhere_says_nothing():
    der = response()
    for length in range(len(der)):
        assert judged(der[:length]).status == "unknown"
    assert "bytes" in (judged(b"\x30" * 70_000).problem or "")


def test_a_changed_byte_is_never_believed_to_be_good():
    der = response(status=ocsp.OCSPCertStatus.REVOKED)
    for at in range(len(der)):
        changed = der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :]
        assert judged(changed).status != "good"


def chain_with(staple: bytes | None, *, stapled: bool | None = None, leaf: Issued = LEAF):
    stores = {"ca-file": (ROOT.der,)}
    ders = [leaf.der, ISSUING.der]
    return judge_chain(ders, name=NAME, now=NOW, stores=stores, stapled=stapled, staple=staple)


@pytest.mark.parametrize(
    ("make", "is_checked", "is_revoked"),
    [
        (lambda: None, False, False),
        (lambda: response(), True, False),
        (lambda: response(status=ocsp.OCSPCertStatus.REVOKED), True, True),
        (
            lambda: response(
                status=ocsp.OCSPCertStatus.REVOKED,
                this_update=NOW - 9 * DAY,
                next_update=NOW - DAY,
            ),
            True,
            True,
        ),
        (lambda: response(this_update=NOW - 9 * DAY, next_update=NOW - DAY), False, False),
        (lambda: response(status=ocsp.OCSPCertStatus.UNKNOWN), False, False),
        (
            lambda: response(signer=OTHER_CA, status=ocsp.OCSPCertStatus.REVOKED),
            False,
            False,
        ),
    ],
)
def test_revoked_is_looked_at_only_by_a_staple_that_tells(make, is_checked, is_revoked):
    chain = chain_with(make())
    assert ("revoked" in chain.problems_checked) == is_checked
    assert ("revoked" in chain.problems) == is_revoked


def test_a_staple_is_an_answer_to_must_staple():
    leaf = issue(NAME, by=ISSUING, must_staple=True)
    assert "must_staple_missing" in chain_with(None, stapled=False, leaf=leaf).problems
    assert chain_with(response(leaf), leaf=leaf).problems == ()
    assert "must_staple_missing" in chain_with(response(leaf), leaf=leaf).problems_checked


def test_scts_are_counted_in_the_leaf_and_in_the_staple():
    assert chain_with(None).scts == 0
    scts = bytes.fromhex("0481") + bytes([0xF2]) + b"\x00\xf0" + 2 * (b"\x00\x76" + sct())
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
    leaf = issue(NAME, by=ISSUING, extensions=[(x509.UnrecognizedExtension(oid, scts), False)])
    assert chain_with(None, leaf=leaf).scts == 2


def sct() -> bytes:
    """A SignedCertificateTimestamp of 118 bytes (RFC 6962, section 3.2); nobody verifies it."""
    signature = ec.generate_private_key(ec.SECP256R1()).sign(b"", ec.ECDSA(hashes.SHA256()))
    signature = (signature + bytes(72))[:71]
    return b"\x00" + bytes(32) + bytes(8) + b"\x00\x00" + b"\x04\x03\x00\x47" + signature

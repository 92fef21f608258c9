"""One certificate into values. The truth is `openssl x509`, the RFCs, and what was asked for."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from certificates import Issued, issue, rsa_key
from plainwire.model import CertificateFacts, WireError
from plainwire.wire import der as asn1
from plainwire.wire.certificate import MAX_TEXT, facts, parse

START, END = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ROOT = issue("Root", ca=True)
GOOD = issue("api.example.test", "*.example.test", "127.0.0.1", "2001:db8::1", by=ROOT)


def openssl(certificate: Issued, *words: str) -> str:
    command = ["openssl", "x509", "-noout", *words]
    done = subprocess.run(
        command, input=certificate.pem, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_names_key_times_and_digest_are_read() -> None:
    leaf = issue("api.example.test", "10.1.2.3", by=ROOT, not_before=START, not_after=END, key=2048)
    assert facts(leaf.der) == CertificateFacts(
        subject="CN=api.example.test",
        issuer="CN=Root",
        sans=("api.example.test", "10.1.2.3"),
        not_before=START,
        not_after=END,
        key_type="RSA",
        key_bits=2048,
        signature_hash="sha256",
        fingerprint_sha256=openssl(leaf, "-fingerprint", "-sha256")
        .partition("=")[2]
        .replace(":", "")
        .lower(),
        must_staple=False,
        rsa_modulus=int(openssl(leaf, "-modulus").removeprefix("Modulus="), 16),
        key_sha256=key_sha256_of(leaf),
    )


def key_sha256_of(certificate: Issued) -> str:
    """The SHA-256 of the subjectPublicKeyInfo as `openssl x509 -pubkey` writes it."""
    body = "".join(openssl(certificate, "-pubkey").splitlines()[1:-1])
    return hashlib.sha256(base64.b64decode(body)).hexdigest()


def test_openssl_reads_the_same_subject_and_issuer() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Müller, Söhne + "Co"; <x>'),
            x509.NameAttribute(NameOID.COMMON_NAME, "#a.test"),
        ]
    )
    leaf = issue("a.test", subject=name, by=ROOT)
    words = ("-subject", "-nameopt", "RFC2253,-esc_msb,utf8")
    assert facts(leaf.der).subject == openssl(leaf, *words).removeprefix("subject=")


KEYS = [
    (rsa_key(1024), "RSA", 1024),
    (ec.generate_private_key(ec.SECP384R1()), "ECDSA", 384),
    (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256),
    (ed448.Ed448PrivateKey.generate(), "Ed448", 456),
    (dsa.generate_private_key(1024), "DSA", 1024),
]


@pytest.mark.parametrize(("key", "kind", "bits"), KEYS, ids=[kind for _, kind, _ in KEYS])
def test_every_kind_of_key_is_named_with_its_size(key: object, kind: str, bits: int) -> None:
    shown = facts(issue("a.test", by=ROOT, key=key).der)
    assert (shown.key_type, shown.key_bits) == (kind, bits)


@pytest.mark.parametrize(
    ("how", "kind", "bits"),
    [(["rsa:512"], "RSA", 512), (["ec", "-pkeyopt", "ec_paramgen_curve:secp160r1"], "ECDSA", 160)],
)
def test_a_key_that_our_library_refuses_still_has_its_size(
    how: list[str], kind: str, bits: int
) -> None:
    command = ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=x", "-outform", "DER", "-newkey"]
    made = subprocess.run([*command, *how, "-keyout", "/dev/null"], capture_output=True, check=True)
    shown = facts(made.stdout)
    assert (shown.key_type, shown.key_bits) == (kind, bits)


def test_an_unknown_kind_of_key_is_named_by_its_oid() -> None:
    ec_oid, odd_oid = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d027f")
    shown = facts(GOOD.der.replace(ec_oid, odd_oid))
    assert (shown.key_type, shown.key_bits) == ("1.2.840.10045.2.127", 0)


@pytest.mark.parametrize("hash", ["md5", "sha1", "sha256", "sha384"])
def test_the_signature_hash_is_read_and_the_signature_verifies(hash: str) -> None:
    root = issue("Root", ca=True, key=2048, hash=hash)
    name = openssl(root, "-text").partition("Signature Algorithm: ")[2].partition("\n")[0]
    assert name == f"{hash}WithRSAEncryption"
    assert facts(root.der).signature_hash == hash
    assert parse(root.der).is_signed_by(parse(root.der))
    assert not parse(root.der).is_signed_by(parse(ROOT.der))


def test_must_staple_is_tls_feature_five() -> None:
    assert facts(issue("a.test", must_staple=True).der).must_staple
    other = x509.TLSFeature([x509.TLSFeatureType.status_request_v2])
    assert not facts(issue("a.test", extensions=[(other, False)]).der).must_staple


def test_a_tls_feature_that_is_unknown_hides_nothing() -> None:
    # RFC 7633, 4.1: any TLS extension's number; 23 is extended_master_secret.
    oid = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24")
    value = x509.UnrecognizedExtension(oid, bytes.fromhex("3006020117020105"))
    parsed = parse(issue("a.test", extensions=[(value, False)]).der)
    assert parsed.facts.must_staple
    assert parsed.facts.sans == ("a.test",)
    assert not parsed.is_malformed


def test_only_dns_names_and_addresses_are_shown_and_without_prefix() -> None:
    sans = ["a.test", x509.RFC822Name("me@a.test"), x509.IPAddress(ipaddress.ip_address("::1"))]
    assert facts(issue("a.test", sans=sans).der).sans == ("a.test", "::1")


def test_nothing_in_a_name_can_move_a_terminal() -> None:
    bad = "a\x1b[2J\r\n\u202eb\u2028\x9b\x7f"
    shown = facts(issue("x", subject=bad, sans=["a\x1b[31m\n.test"]).der)
    assert shown.subject == r"CN=a\1b[2J\0d\0a\e2\80\aeb\e2\80\a8\c2\9b\7f"
    assert shown.sans == (r"a\1b[31m\0a.test",)


def test_names_are_bounded() -> None:
    leaf = issue("x", subject="a" * 64, sans=[f"n{i}.test" for i in range(3000)] + ["b" * 5000])
    shown = facts(leaf.der)
    assert len(shown.sans) == 1000
    parts = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "b" * 64) for _ in range(100)]
    subject = facts(issue("x", subject=x509.Name(parts)).der).subject
    assert len(subject) == MAX_TEXT
    assert subject.endswith("b…")


def replaced(certificate: Issued, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in certificate.der
    return certificate.der.replace(old, new)


def test_a_serial_number_that_is_not_positive_is_no_obstacle() -> None:
    whole = asn1.elements(GOOD.der)[0]
    tbs, *rest = asn1.elements(whole.content)
    fields = asn1.elements(tbs.content)
    for serial in (b"\x00", b"\xff"):
        body = b"".join(
            asn1.encode(asn1.INTEGER, serial) if at == 1 else item.raw
            for at, item in enumerate(fields)
        )
        tail = b"".join(item.raw for item in rest)
        odd = asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, body) + tail)
        assert facts(odd).sans == facts(GOOD.der).sans


def test_one_broken_extension_does_not_hide_the_others() -> None:
    unreadable = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x04\x00")
    leaf = issue("a.test", must_staple=True, extensions=[(unreadable, True)])
    parsed = parse(leaf.der)
    assert parsed.is_malformed
    assert parsed.facts.sans == ("a.test",)
    assert parsed.facts.must_staple


def test_an_extension_that_is_there_twice_is_read_once_and_noticed() -> None:
    # RFC 5280, 4.2: a certificate MUST NOT include more than one instance of an extension.
    whole = asn1.outline(issue("a.test", must_staple=True).der)
    doubled = whole.extensions + whole.extensions[:1]
    body = asn1.encode(asn1.EXTENSIONS, asn1.encode(asn1.SEQUENCE, b"".join(doubled)))
    odd = asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, whole.before + body) + whole.after)
    assert parse(odd).is_malformed
    assert parse(odd).facts.must_staple


def test_a_name_that_is_no_text_is_shown_as_hex() -> None:
    odd = replaced(GOOD, b"\x0c\x10api.example.test", b"\x0c\x10\xff\xfe\xfd.example.test")
    shown = facts(odd).subject
    assert re.fullmatch("#30[0-9a-f]+", shown)
    assert "fffefd2e6578" in shown


def test_a_time_that_is_none_is_a_wire_error() -> None:
    leaf = issue("a.test", not_before=START, not_after=END)
    with pytest.raises(WireError, match=r"RFC 5280 4\.1"):
        facts(replaced(leaf, b"260102030405Z", b"261402030405Z"))


def test_a_huge_certificate_is_a_wire_error() -> None:
    with pytest.raises(WireError, match="65536"):
        facts(b"\x30\x84\x00\xff\xff\xff" + bytes(1 << 16))


def test_a_certificate_cut_at_any_byte_is_a_wire_error() -> None:
    for end in range(len(GOOD.der)):
        with pytest.raises(WireError):
            facts(GOOD.der[:end])
    with pytest.raises(WireError):
        facts(GOOD.der + b"\x00")


@given(st.binary(max_size=300))
def test_any_bytes_give_facts_or_a_wire_error(data: bytes) -> None:
    try:
        facts(data)
    except WireError:
        return


FULL = issue(
    "a.test",
    "10.0.0.1",
    ca=True,
    path_length=2,
    must_staple=True,
    permitted=["a.test", "10.0.0.0/8"],
    eku=["serverAuth"],
    sans=["a.test", "10.0.0.1"],
)


@given(st.lists(st.tuples(st.integers(0, len(FULL.der) - 1), st.integers(0, 255)), max_size=4))
def test_a_certificate_with_changed_bytes_gives_facts_or_a_wire_error(
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(FULL.der)
    for at, value in changes:
        data[at] = value
    try:
        parsed = parse(bytes(data))
    except WireError:
        return
    assert isinstance(parsed.facts.key_bits, int)
    assert parsed.is_signed_by(parsed) in (True, False)


def test_every_single_changed_byte_gives_facts_or_a_wire_error() -> None:
    for at in range(len(FULL.der)):
        data = bytearray(FULL.der)
        data[at] ^= 0xFF
        try:
            facts(bytes(data))
        except WireError:
            continue


def test_a_wrong_byte_breaks_the_signature() -> None:
    data = bytearray(GOOD.der)
    data[-1] ^= 1
    assert parse(GOOD.der).is_signed_by(parse(ROOT.der))
    assert not parse(bytes(data)).is_signed_by(parse(ROOT.der))


def test_an_issuer_has_the_name_and_not_only_the_key() -> None:
    renamed = issue("Another Name", ca=True, key=ROOT.key)
    assert not parse(GOOD.der).is_signed_by(parse(renamed.der))

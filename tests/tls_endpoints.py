"""TLS endpoints as a probe would find them, for tests of what is concluded from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from plainwire.model import CertificateFacts, Chain, Gap, TlsEndpoint

CHECKED = (
    "expired",
    "not_yet_valid",
    "self_signed",
    "untrusted_root",
    "incomplete_chain",
    "hostname_mismatch",
    "weak_key",
    "revoked",
)
AT = datetime(2026, 6, 1, tzinfo=UTC)
VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
ALL_1_3 = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")


def leaf(days: int = 90, **changes: object) -> CertificateFacts:
    facts = CertificateFacts(
        subject="CN=api.example.com",
        issuer="CN=CA",
        sans=("api.example.com",),
        not_before=AT,
        not_after=AT + timedelta(days=days),
        key_type="ECDSA",
        key_bits=256,
        signature_hash="sha256",
        fingerprint_sha256="00" * 32,
    )
    return replace(facts, **changes)


def chain(facts: CertificateFacts | None = None, *problems: str, **changes: object) -> Chain:
    made = Chain((facts or leaf(),), problems, CHECKED, ("mozilla",), asked_with={"sni": True})
    return replace(made, **changes)


def endpoint(*on: str, suites: dict[str, tuple[str, ...]] | None = None, **parts) -> TlsEndpoint:
    """A sound server of TLS 1.2 and 1.3, everything known; ``parts`` replace what is given."""
    on = on or ("TLSv1.2", "TLSv1.3")
    usual = {"TLSv1.3": ALL_1_3, "TLSv1.2": (GCM,)}
    ciphers = {v: usual.get(v, (CBC,)) for v in reversed(VERSIONS) if v in on and v != "SSLv2"}
    groups = {v: ("x25519", "secp256r1") for v in ("TLSv1.3", "TLSv1.2") if v in on}
    made = TlsEndpoint(
        "api.example.com",
        443,
        address="192.0.2.1",
        speaks_tls=True,
        protocols={version: version in on for version in VERSIONS},
        ciphers=ciphers | (suites or {}),
        groups=groups,
        signature_algorithms={v: ("rsa_pss_rsae_sha256",) for v in ("TLSv1.2",) if v in on} or None,
        certificates=(chain(),),
        features={
            "compression": False,
            "secure_renegotiation": True,
            "extended_master_secret": True,
            "encrypt_then_mac": False,
        },
    )
    return replace(made, **parts)


def without(parts: dict, *names: str) -> dict:
    return {name: value for name, value in parts.items() if name not in names}


def gap(part: str, question: str = "which?") -> Gap:
    return Gap(part, question, "no answer in 5 s")

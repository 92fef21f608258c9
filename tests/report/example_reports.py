"""Reports that the tests of grading, gate and renderers share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from plainwire.grading import grade
from plainwire.model import (
    CATEGORIES,
    Category,
    CertificateFacts,
    Chain,
    Coverage,
    DhParameters,
    Exchange,
    Finding,
    Gap,
    Handshake,
    Location,
    Operation,
    Origin,
    PostQuantum,
    ProfileVerdict,
    Report,
    Request,
    Severity,
    Skipped,
    Staple,
    Suppression,
    TlsEndpoint,
    Unanswered,
    locations_of,
)

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
HTTP = Origin("http", "api.example.com", 80)
HTTPS = Origin("https", "api.example.com", 443)
USERS = Operation("GET", "/users/{id}")


def exchange(path: str = "/users/1", origin: Origin = HTTP, status: int = 200) -> Exchange:
    return Exchange(
        Request(origin, "GET", path, (("Accept", "*/*"),)),
        status,
        (("Server", "gunicorn"), ("Set-Cookie", "sid=…")),
        address="127.0.0.1",
    )


def finding(id: str, severity: Severity = Severity.HIGH, **parts: object) -> Finding:
    words = {
        "category": "encryption",
        "title": f"The flaw {id}",
        "message": f"{id} is there",
        "cwe": (319,),
        "owasp": ("API8:2023",),
        "references": ("RFC 9325, section 3.2",),
        "remediation": f"Remove {id}.",
        **parts,
    }
    return Finding(id=id, severity=severity, **words)


def plain_http() -> Finding:
    seen = exchange()
    return finding(
        "plain-http-served",
        title="The API answers over plain HTTP",
        message="/users/{id} answers 200 over plain HTTP: anyone on the way can read it "
        "and alter it",
        operation=USERS,
        evidence=(seen,),
        locations=locations_of((seen,)),
        remediation="Refuse plain HTTP for the whole host with a constant 403.",
    )


def weak_hsts() -> Finding:
    seen = exchange("/", HTTPS)
    return finding(
        "weak-hsts",
        Severity.MEDIUM,
        title="HSTS is weak",
        message="max-age is 300 seconds, less than a year",
        cwe=(693,),
        evidence=(seen,),
        locations=locations_of((seen,)),
        remediation="Send Strict-Transport-Security: max-age=31536000 on every answer over https.",
    )


def old_tls() -> Finding:
    hello = Handshake("api.example.com", 443, "TLS 1.0", "ServerHello TLS 1.0")
    return finding(
        "old-tls-version",
        Severity.MEDIUM,
        title="TLS 1.0 or 1.1 is accepted",
        message="TLS 1.0 was negotiated",
        cwe=(326, 757),
        evidence=(hello,),
        locations=locations_of((hello,)),
        cap="B",
        remediation="Accept TLS 1.2 and 1.3 only.",
    )


def tls() -> TlsEndpoint:
    facts = CertificateFacts(
        "CN=api.example.com",
        "CN=Test CA",
        ("api.example.com",),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2027, 1, 30, tzinfo=UTC),
        "ECDSA",
        256,
        "sha256",
        "ab" * 32,
    )
    chain = Chain((facts,), (), ("expired", "hostname_mismatch"), ("ca-file",), (("CN=Test CA",),))
    return TlsEndpoint(
        "api.example.com",
        443,
        "127.0.0.1",
        "api.example.com",
        speaks_tls=True,
        protocols={"TLSv1.2": True, "TLSv1.3": True},
        certificates=(chain,),
        inconclusive=(Gap("versions", "SSLv3", "timed out after 5 s"),),
        connections=6,
        duration_s=0.12345,
    )


LEAF = replace(tls().certificates[0].chain[0], sans=tuple(f"{c}.example.com" for c in "abcdefghij"))
WHOLE = TlsEndpoint(
    "api.example.com",
    25,
    "2001:db8::1",
    "api.example.com",
    "smtp",
    True,
    protocols={"SSLv3": False, "TLSv1.0": True, "TLSv1.2": True, "TLSv1.3": True},
    ciphers={
        "TLSv1.3": ("TLS_AES_128_GCM_SHA256",),
        "TLSv1.2": (
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        ),
        "TLSv1.0": (
            "TLS_RSA_WITH_RC4_128_MD5",
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_NULL_SHA",
        ),
    },
    cipher_order={"TLSv1.2": "server", "TLSv1.0": "client"},
    groups={"TLSv1.3": ("X25519MLKEM768", "x25519"), "TLSv1.2": ()},
    signature_algorithms={"TLSv1.2": ("ecdsa_secp256r1_sha256",)},
    dh=DhParameters(1024, "oakley2-1024", True),
    certificates=(
        Chain(
            (LEAF, LEAF),
            ("expired", "hostname_mismatch"),
            ("expired", "untrusted_root"),
            ("mozilla",),
            (("CN=api.example.com", "CN=Test CA"),),
            staple=Staple("good", datetime(2026, 11, 20, tzinfo=UTC)),
            scts=2,
        ),
        replace(tls().certificates[0], asked_with={"sni": False}, trusted_by=(), paths=()),
    ),
    features={
        "heartbeat": False,
        "early_data": True,
        "alpn": ("h2",),
        "client_certificate": "none",
    },
    vulnerabilities={"heartbleed": True, "robot": False},
    profiles={
        "mozilla-modern": ProfileVerdict(False, ("switch TLSv1.0 off", "remove RC4")),
        "rfc9325": ProfileVerdict(True),
        "pci-dss-4": ProfileVerdict(None, ("whether SSLv2 is accepted is not known",)),
    },
    post_quantum=PostQuantum(True, "X25519MLKEM768 comes first"),
    inconclusive=(Gap("versions", "does it accept SSLv2?", "no answer within 10 s"),),
    connections=44,
    duration_s=0.6,
)


def report(*findings: Finding, unanswered: tuple[Unanswered, ...] = (), **parts: object) -> Report:
    encryption = "findings" if findings else "unanswered" if unanswered else "pass"
    words = {
        "target_kind": "url",
        "target": "https://api.example.com/",
        "started_at": AT,
        "duration_s": 1.41421,
        "requests": 61,
        "connections": 44,
        "grade": grade(findings, is_upper_bound=bool(unanswered), scope=("encryption",)),
        "tls_status": "PASS",
        "tls_reasons": (
            "All endpoints require HTTPS (14 asked)",
            "Valid SSL certificate detected",
        ),
        "categories": tuple(
            Category(name, encryption, 14)
            if name == "encryption"
            else Category(name, "not-tested", 0, "not built yet")
            for name in CATEGORIES
        ),
        "coverage": Coverage(14, 14),
        "findings": findings,
        "unanswered": unanswered,
        "tls": (),
        "tool_version": "0.1.0",
        **parts,
    }
    return Report(**words)


def clean() -> Report:
    return report(tls=(tls(),))


def weak() -> Report:
    """Two flaws that count, one suppressed, a question unanswered, an operation left out."""
    hidden = replace(old_tls(), suppressed=Suppression("old scanners, until they go", "2027-01-31"))
    return report(
        plain_http(),
        weak_hsts(),
        hidden,
        unanswered=(Unanswered("cookie-not-secure", "GET https://api.example.com/login", "reset"),),
        tls_status="FAIL",
        tls_reasons=(
            "Endpoint accessible over HTTP (1 of 14 asked)",
            "No valid SSL certificate found (expired)",
        ),
        coverage=Coverage(
            16, 14, (Skipped(Operation("GET", "/createdb"), "changes state by its name"),) * 2
        ),
    )


def nobody() -> Report:
    """Nothing listens: there is no grade."""
    gap = Unanswered("plain-http-served", "GET http://api.example.com/", "no such host")
    return report(
        unanswered=(gap,), grade=None, tls_status="UNKNOWN", tls_reasons=(), coverage=Coverage(0, 0)
    )


def spot(number: int) -> Location:
    return Location(url=f"http://api.example.com/{number}", method="GET")

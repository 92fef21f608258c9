"""No post-quantum key exchange is offered.

What is recorded today can be read once a quantum computer breaks elliptic curves. Browsers and
current libraries already offer X25519MLKEM768, so that a server that takes it closes this for
most of its traffic, at no change of certificates.

Remedy:

    Update to a stack with ML-KEM (OpenSSL 3.5, Go 1.24) and allow X25519MLKEM768.

Bad:

    post_quantum = PostQuantum(False, "TLS 1.3 takes x25519 only: X25519MLKEM768 is missing")
    groups = {"TLSv1.3": ("x25519",)}

Good:

    post_quantum = PostQuantum(True, "TLS 1.3 takes X25519MLKEM768")
    groups = {"TLSv1.3": ("X25519MLKEM768", "x25519")}

Limits:

    Worth knowing, not a flaw of today. Without TLS 1.3 that is the finding (tls-1-3-missing).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.INFO,
    cwe=(327,),
    references=("FIPS 203", "draft-ietf-tls-ecdhe-mlkem"),
    asks="tls",
)
async def post_quantum_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint of TLS 1.3 that takes no key exchange with ML-KEM."""
    for endpoint in await site.tls("groups"):
        verdict = endpoint.post_quantum
        has_tls_1_3 = "TLSv1.3" in (endpoint.groups or {})
        if verdict is not None and not verdict.ready and has_tls_1_3:
            yield post_quantum_missing.finding(
                verdict.because,
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "ClientHellos of TLSv1.3 with groups of ML-KEM",
                    "no ServerHello that chooses one",
                ),
            )

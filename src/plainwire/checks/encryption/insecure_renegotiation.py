"""Secure renegotiation is not supported.

Without renegotiation_info (RFC 5746) client and server cannot tell a renegotiated session from a
spliced one: an attacker on the way puts a request of his own before the client's (CVE-2009-3555).
Strict clients refuse to connect.

Remedy:

    Update the TLS stack: every one has had it since 2010.

Bad:

    features = {"secure_renegotiation": False}

Good:

    features = {"secure_renegotiation": True}

Limits:

    TLS 1.2 and older; TLS 1.3 has no renegotiation. High where the client can start one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.MEDIUM,
    cwe=(300,),
    references=("RFC 5746", "RFC 9325, section 3.5", "CVE-2009-3555"),
    asks="tls",
)
async def insecure_renegotiation(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint: medium, or high if a client can renegotiate."""
    for endpoint in await site.tls("features"):
        features = endpoint.features or {}
        if features.get("secure_renegotiation") is False:
            starts = features.get("client_renegotiation") is True
            yield insecure_renegotiation.finding(
                "renegotiation_info is not answered"
                + (", and a client can start a renegotiation" if starts else ""),
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a ClientHello with renegotiation_info",
                    "a ServerHello without it",
                ),
                severity=Severity.HIGH if starts else Severity.MEDIUM,
            )

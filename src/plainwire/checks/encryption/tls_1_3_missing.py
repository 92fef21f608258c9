"""TLS 1.3 is not offered.

TLS 1.3 drops everything that was broken in older versions, hides the certificate, saves a round
trip, and is what post-quantum key exchange needs. Clients have had it since 2018.

Remedy:

    Allow TLS 1.3 beside TLS 1.2 (nginx: ssl_protocols TLSv1.2 TLSv1.3; OpenSSL 1.1.1 and later).

Bad:

    ciphers = "ECDHE+AESGCM"
    versions = ("TLSv1.2",)

Good:

    ciphers = "ECDHE+AESGCM"
    versions = ("TLSv1.2", "TLSv1.3")

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check

OLDER = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2")


@check(
    severity=Severity.LOW,
    cwe=(757,),
    references=("RFC 9325, section 3.1.1", "RFC 8446"),
    asks="tls",
)
async def tls_1_3_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that refuses TLS 1.3."""
    for endpoint in await site.tls("versions"):
        on = endpoint.protocols or {}
        newest = next((name for name in reversed(OLDER) if on.get(name)), None)
        if on.get("TLSv1.3") is False and newest:
            yield tls_1_3_missing.finding(
                f"{newest} is the newest version accepted",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a ClientHello of TLSv1.3",
                    "no ServerHello of that version",
                ),
            )

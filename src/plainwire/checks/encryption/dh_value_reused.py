"""One Diffie-Hellman value serves several connections.

A value that is kept makes the exchange as good as static: forward secrecy lasts no longer than it
is kept, and Raccoon (CVE-2020-1968), which needs many exchanges with one value, has its
precondition.

Remedy:

    Use a fresh value for each handshake (OpenSSL 1.0.2f and later do so, SSL_OP_SINGLE_DH_USE),
    or switch DHE suites off.

Bad:

    ciphers = {"TLSv1.2": ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",)}
    dh = DhParameters(2048, "modp2048", reused=True)

Good:

    ciphers = {"TLSv1.2": ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",)}
    dh = DhParameters(2048, "modp2048", reused=False)

Limits:

    Seen within one probe; how long the value is kept is not known. Raccoon needs precise timing
    as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(323,),
    references=("CVE-2020-1968", "RFC 9325, section 7.4"),
    asks="tls",
)
async def dh_value_reused(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that sent one value twice."""
    for endpoint in await site.tls("ciphers"):
        if endpoint.dh is not None and endpoint.dh.reused:
            yield dh_value_reused.finding(
                "the same public value was sent in two handshakes",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "several ClientHellos with DHE suites",
                    "ServerKeyExchanges with one public value",
                ),
            )

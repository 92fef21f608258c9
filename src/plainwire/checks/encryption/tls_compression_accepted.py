"""TLS compression is accepted.

Compression before encryption leaks what is compressed by its length: CRIME (CVE-2012-4929) finds
a cookie or token that is sent beside a guess of the attacker's.

Remedy:

    Switch TLS compression off (Apache: SSLCompression off), or update the stack: OpenSSL has it
    off since 1.1.0.

Bad:

    features = {"compression": True}

Good:

    features = {"compression": False}

Limits:

    A client has to offer compression as well, and current ones do not. Compression of HTTP bodies
    (BREACH) is another matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.MEDIUM,
    cwe=(310,),
    references=("RFC 9325, section 3.3", "CVE-2012-4929"),
    asks="tls",
)
async def tls_compression_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("features"):
        if (endpoint.features or {}).get("compression") is True:
            yield tls_compression_accepted.finding(
                "DEFLATE is chosen where a client offers it",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a ClientHello with DEFLATE (RFC 3749)",
                    "a ServerHello that chooses it",
                ),
            )

"""A key of the certificate chain is too short.

RSA below 2048 bits and elliptic curves below 224 bits give less than 112 bits of security;
1024-bit RSA is within reach of well-funded attackers, who can then pose as the server.

Remedy:

    Make a new key, P-256 or RSA of 2048 bits or more, and have the certificate issued for it.

Bad:

    certificate = issue("api.example.com", by=root, key=1024)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    Keys that are weak in other ways (shared primes, ROCA) are certificate-key-predictable.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(326,),
    references=(
        "NIST SP 800-131A revision 2",
        "RFC 9325, section 4.5",
    ),
    asks="tls",
)
async def certificate_key_weak(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with a short key."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("weak_key"):
            keys = ", ".join(f"{c.key_type} {c.key_bits}" for c in chain.chain)
            yield certificate_key_weak.finding(
                f"keys along the chain: {keys} bits",
                endpoint.shown(chain),
            )

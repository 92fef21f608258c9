"""The server's own certificate is a CA's.

The key on the server can issue certificates for any name. Whoever takes the server takes every
client that trusts this CA.

Remedy:

    Keep the CA's key offline and issue a leaf certificate (CA:FALSE) for the server.

Bad:

    certificate = issue(
        "api.example.com", by=root, ca=True, sans=["api.example.com"], eku=["serverAuth"]
    )

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.MEDIUM,
    cwe=(295,),
    references=("RFC 5280, section 4.2.1.9",),
    asks="tls",
)
async def ca_certificate_served(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf with basicConstraints CA:TRUE."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("ca_as_leaf"):
            yield ca_certificate_served.finding(
                f"{chain.chain[0].subject} is a CA and sits on the server",
                endpoint.shown(chain),
            )

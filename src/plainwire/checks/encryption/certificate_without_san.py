"""The certificate has no subjectAltName.

Clients no longer read the common name: a certificate without subjectAltName is valid for no name
at all.

Remedy:

    Issue the certificate with a subjectAltName that lists its DNS names or IP addresses.

Bad:

    certificate = issue("api.example.com", by=root, sans=[])

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(297,),
    references=(
        "RFC 9525, section 4.1",
        "CA/Browser Forum Baseline Requirements, section 7.1.2.7.12",
    ),
    asks="tls",
)
async def certificate_without_san(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf without a DNS name or an IP address."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("no_san"):
            yield certificate_without_san.finding(
                f"{chain.chain[0].subject} names no DNS name and no IP address",
                endpoint.shown(chain),
            )

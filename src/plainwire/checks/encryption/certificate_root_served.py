"""The chain includes the root.

A client trusts a root because it has it already; sending it costs every handshake a kilobyte.

Remedy:

    Remove the self-signed root from the served chain.

Bad:

    certificate = issue("api.example.com", by=root)
    chain = (certificate.der, root.der)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.INFO,
    cwe=(295,),
    references=("RFC 8446, section 4.4.2",),
    asks="tls",
)
async def certificate_root_served(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with a self-signed certificate behind the leaf."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("root_in_chain"):
            yield certificate_root_served.finding(
                "the chain includes a self-signed root, which no client needs",
                endpoint.shown(chain),
            )

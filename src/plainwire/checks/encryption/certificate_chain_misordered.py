"""The certificate chain is out of order.

Each certificate should certify the one before it. TLS 1.2 requires it and older clients fail
otherwise.

Remedy:

    Order the file: the leaf first, then the certificate that issued it, and so on.

Bad:

    upper = issue("Upper CA", ca=True, by=root)
    lower = issue("Lower CA", ca=True, by=upper)
    certificate = issue("api.example.com", by=lower)
    chain = (certificate.der, upper.der, lower.der)

Good:

    upper = issue("Upper CA", ca=True, by=root)
    lower = issue("Lower CA", ca=True, by=upper)
    certificate = issue("api.example.com", by=lower)

Limits:

    Alternatives at the same height (cross-signed intermediates) may come in any order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(295,),
    references=(
        "RFC 5246, section 7.4.2",
        "RFC 8446, section 4.4.2",
    ),
    asks="tls",
)
async def certificate_chain_misordered(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain that is not in the order of issue."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("wrong_chain_order"):
            yield certificate_chain_misordered.finding(
                "the chain is not in the order of issue: "
                + ", then ".join(c.subject for c in chain.chain),
                endpoint.shown(chain),
            )

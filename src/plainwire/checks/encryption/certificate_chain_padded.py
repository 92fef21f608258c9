"""The chain holds certificates that belong to no path.

Certificates that do not lead up from the leaf cost every handshake bytes and sometimes a round
trip, and are a sign that an old intermediate was left in the file.

Remedy:

    Remove what is not on the way from the leaf to the root, and duplicates.

Bad:

    stray = issue("Stray CA", ca=True, by=root)
    certificate = issue("api.example.com", by=root)
    chain = (certificate.der, stray.der)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    Which one is superfluous for clients with other stores is not known.
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
async def certificate_chain_padded(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with a certificate that is on no way up."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("extra_certs"):
            yield certificate_chain_padded.finding(
                f"the chain of {len(chain.chain)} certificates holds more than the path needs",
                endpoint.shown(chain),
            )

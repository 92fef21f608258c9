"""The certificate chain is incomplete.

The server sends its own certificate without the intermediate that leads to a root. Browsers often
fill the gap from a cache; API clients (curl, Python, Java, mobile) fail, and verification gets
switched off.

Remedy:

    Serve the full chain (fullchain.pem): the leaf, then each intermediate, without the root.

Bad:

    issuing = issue("Issuing CA", ca=True, by=root)
    certificate = issue("api.example.com", by=issuing)
    chain = (certificate.der,)

Good:

    issuing = issue("Issuing CA", ca=True, by=root)
    certificate = issue("api.example.com", by=issuing)

Limits:

    A private root that was not given with --ca looks the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(295,),
    references=("RFC 8446, section 4.4.2",),
    cap="F",
    asks="tls",
)
async def certificate_chain_incomplete(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain that stops before an issuer that nobody has."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("incomplete_chain"):
            yield certificate_chain_incomplete.finding(
                f"the chain stops at {chain.chain[-1].subject}: its issuer "
                f"{chain.chain[-1].issuer} was not served and is in no store",
                endpoint.shown(chain),
            )

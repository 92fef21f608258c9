"""The certificate is not for TLS servers.

The extended key usage names other purposes than serverAuth, or the key usage neither signatures
nor key exchange: clients refuse it, or do not verify.

Remedy:

    Issue the certificate with the extended key usage serverAuth, and digitalSignature where there
    is a key usage.

Bad:

    certificate = issue("api.example.com", by=root, eku=["clientAuth"])

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
    cwe=(295,),
    references=("RFC 5280, sections 4.2.1.3 and 4.2.1.12",),
    cap="F",
    asks="tls",
)
async def certificate_purpose_wrong(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf whose usages leave TLS servers out."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("wrong_eku"):
            yield certificate_purpose_wrong.finding(
                f"{chain.chain[0].subject} is issued for other purposes than TLS servers",
                endpoint.shown(chain),
            )

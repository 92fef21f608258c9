"""The certificate leads to no trusted root.

The chain ends at a root that neither Mozilla's store nor the system's nor --ca holds, or breaks a
rule on the way there (a wrong signature, an issuer that is no CA, a name constraint). Clients
refuse it, or verify nothing.

Remedy:

    Use a certificate from a public CA; for a private one give its root with --ca and to the
    clients.

Bad:

    other = issue("Some Root", ca=True)
    certificate = issue("api.example.com", by=other)
    chain = (certificate.der, other.der)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    Roots that only other clients trust (Apple, Microsoft, Java, a company's) are not known here.
    A chain of more than 32 certificates, or a path of more than 10, is left unanswered where no
    root is found before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(295,),
    references=("RFC 5280, section 6.1",),
    cap="F",
    asks="tls",
)
async def certificate_untrusted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain whose issuers are at hand and lead to no root."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("untrusted_root"):
            broken = "; ".join(chain.path_errors or ())
            yield certificate_untrusted.finding(
                f"no path from {chain.chain[0].subject} to a root of Mozilla's store, "
                "the system's or --ca" + (f": {broken}" if broken else ""),
                endpoint.shown(chain),
            )

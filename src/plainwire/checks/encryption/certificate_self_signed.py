"""The certificate is self-signed.

Nobody vouches for the key, so a client cannot tell this server from one in the middle. Clients
that work with it have verification switched off.

Remedy:

    Use a certificate from a public CA, or from a private one whose root the clients trust (--ca).

Bad:

    certificate = issue("api.example.com")

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    A self-signed certificate that is itself in --ca is trusted and not reported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(295,),
    references=(
        "RFC 5280, section 6.1",
        "RFC 9325, section 4.1",
    ),
    cap="F",
    asks="tls",
)
async def certificate_self_signed(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf that its own key signed and no store names."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("self_signed"):
            yield certificate_self_signed.finding(
                "the leaf certificate is signed by its own key and no store trusts it",
                endpoint.shown(chain),
            )

"""The certificate has expired.

Clients refuse an expired certificate, or were taught to ignore warnings and then accept
anybody's. Whoever must work around it switches verification off, and from then on the connection
can be intercepted.

Remedy:

    Renew the certificate, reload the server, and let renewal run at a third of the lifetime left.

Bad:

    certificate = issue(
        "api.example.com", by=root, not_before=now - days(90), not_after=now - days(1)
    )

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    Judged by the clock of the machine that scans. Renewal itself is not watched here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(298, 295),
    references=("RFC 5280, section 6.1.3",),
    cap="F",
    asks="tls",
)
async def certificate_expired(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with a certificate that is out of date."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("expired"):
            ends = min(c.not_after for c in chain.chain)
            yield certificate_expired.finding(
                f"a certificate of the chain ended on {ends:%Y-%m-%d %H:%M} UTC",
                endpoint.shown(chain),
            )

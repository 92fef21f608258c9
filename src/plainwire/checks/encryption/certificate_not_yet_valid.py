"""The certificate is not valid yet.

Clients refuse a certificate before its first day, as they refuse one after its last: a wrong
clock where it was issued, or one that was put in place too early.

Remedy:

    Serve the certificate that is valid now, and set the clock of the machine that issues.

Bad:

    certificate = issue(
        "api.example.com", by=root, not_before=now + days(2), not_after=now + days(90)
    )

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    Judged by the clock of the machine that scans.
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
async def certificate_not_yet_valid(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with a certificate whose time has not begun."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("not_yet_valid"):
            begins = max(c.not_before for c in chain.chain)
            yield certificate_not_yet_valid.finding(
                f"a certificate of the chain is valid from {begins:%Y-%m-%d %H:%M} UTC only",
                endpoint.shown(chain),
            )

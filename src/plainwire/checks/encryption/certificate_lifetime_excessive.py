"""The certificate is valid for more than 398 days.

A stolen key serves its thief as long as the certificate lasts, and a renewal once in years is
done by hand and forgotten. Some clients refuse it whoever issued it.

Remedy:

    Issue for 90 days or less and renew by machine.

Bad:

    certificate = issue("api.example.com", by=root, not_after=now + days(825))

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    The stricter limits for public CAs, by date of issue, are a check of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(298,),
    references=(
        "CA/Browser Forum ballot SC31 (2020)",
        "Apple HT211025",
    ),
    asks="tls",
)
async def certificate_lifetime_excessive(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf that is valid for more than 398 days."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("validity_too_long"):
            days = (chain.chain[0].not_after - chain.chain[0].not_before).days
            yield certificate_lifetime_excessive.finding(
                f"the certificate is valid for {days} days",
                endpoint.shown(chain),
            )

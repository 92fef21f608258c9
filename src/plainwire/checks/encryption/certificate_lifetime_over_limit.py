"""The certificate lives longer than public CAs may issue it for.

The CA/Browser Forum shortens lifetimes by date of issue (398, 200, 100, then 47 days). A publicly
trusted certificate over its limit is mis-issued: clients may refuse it, and its CA has to revoke
it within days.

Remedy:

    Have the certificate issued again within the limit of its date, and renew by machine.

Bad:

    certificate = issue("api.example.com", by=root, not_after=now + days(390))
    publicly_trusted = True

Good:

    certificate = issue("api.example.com", by=root, not_after=now + days(90))
    publicly_trusted = True

Limits:

    Holds for chains that end at a root of Mozilla's store only; a private CA may issue as it
    likes (certificate-lifetime-excessive says when it is unwise). The date of issue is taken
    from notBefore.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.lifetimes import longest_days


@check(
    severity=Severity.MEDIUM,
    cwe=(298,),
    references=("CA/Browser Forum ballot SC-081v3 (2025-04-11), Baseline Requirements 6.3.2",),
    asks="tls",
)
async def certificate_lifetime_over_limit(site: Site) -> AsyncIterator[Finding]:
    """One finding for each publicly trusted leaf over the limit of its date of issue."""
    for endpoint in await site.tls():
        for chain in endpoint.served:
            leaf = chain.chain[0]
            limit = longest_days(leaf.not_before)
            seconds = (leaf.not_after - leaf.not_before).total_seconds() + 1
            if "mozilla" in chain.trusted_by and seconds > limit * 86_400:
                yield certificate_lifetime_over_limit.finding(
                    f"issued {leaf.not_before:%Y-%m-%d} for {seconds / 86_400:.0f} days, "
                    f"and {limit} are allowed",
                    endpoint.shown(chain),
                )

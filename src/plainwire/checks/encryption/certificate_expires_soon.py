"""The certificate nears its end.

Renewal by machine happens with a third of the lifetime left, or more. A certificate that is past
that point was not renewed when it should have been, and its end takes the API down.

Remedy:

    Find out why renewal did not run, or why the server was not reloaded after it.

Bad:

    certificate = issue(
        "api.example.com", by=root, not_before=now - days(85), not_after=now + days(5)
    )

Good:

    certificate = issue(
        "api.example.com", by=root, not_before=now - days(10), not_after=now + days(80)
    )

Limits:

    Judged by the fraction of the lifetime that is left (a third, a sixth; 30 and 14 days for
    certificates of more than 180 days), by the clock of the machine that scans.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.lifetimes import expiry_stage


@check(
    severity=Severity.MEDIUM,
    cwe=(298,),
    references=("RFC 5280, section 4.1.2.5", "Let's Encrypt, integration guide"),
    asks="tls",
)
async def certificate_expires_soon(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf that is past the time of its renewal: low, then medium."""
    now = site.now()
    for endpoint in await site.tls():
        for chain in endpoint.served:
            leaf = chain.chain[0]
            stage = expiry_stage(leaf.not_before, leaf.not_after, now)
            if stage not in ("warning", "critical"):
                continue
            left, lifetime = leaf.not_after - now, leaf.not_after - leaf.not_before
            yield certificate_expires_soon.finding(
                f"{left.days} of {lifetime.days} days are left, until {leaf.not_after:%Y-%m-%d}",
                endpoint.shown(chain),
                severity=Severity.MEDIUM if stage == "critical" else Severity.LOW,
            )

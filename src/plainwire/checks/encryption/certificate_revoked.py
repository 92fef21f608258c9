"""The certificate was revoked.

Its authority withdrew the certificate, for a stolen key or a mistake in it, and the server itself
says so with the OCSP response that it staples. Clients that look refuse it.

Remedy:

    Have a new certificate issued for a new key, and find out why the old one was revoked.

Bad:

    certificate = issue("api.example.com", by=root)
    staple = ocsp_response(
        certificate, "revoked", this_update=now - days(1), next_update=now + days(6)
    )

Good:

    certificate = issue("api.example.com", by=root)
    staple = ocsp_response(certificate, this_update=now - days(1), next_update=now + days(6))

Limits:

    Told by a stapled response that the issuer vouches for; no responder and no revocation list is
    asked. Without such a response it is not applicable: whether the certificate was revoked is
    not known then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(299, 295),
    references=("RFC 6960, section 2.2", "RFC 6066, section 8"),
    cap="F",
    asks="tls",
)
async def certificate_revoked(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain whose staple says so."""
    endpoints = await site.tls()
    served = [chain for endpoint in endpoints for chain in endpoint.served]
    if served and not any("revoked" in chain.problems_checked for chain in served):
        site.leave_inapplicable("no usable OCSP response is stapled, and no responder is asked")
    for endpoint in endpoints:
        for chain in endpoint.chains_with("revoked"):
            since = chain.staple.this_update if chain.staple else None
            known = f", known since {since:%Y-%m-%d}" if since else ""
            yield certificate_revoked.finding(
                f"the stapled response says that {chain.chain[0].subject} is revoked{known}",
                endpoint.shown(chain),
            )

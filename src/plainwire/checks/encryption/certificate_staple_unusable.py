"""The stapled OCSP response is of no use.

A response that is out of date, about another certificate or signed by a stranger is thrown away
by clients: the server pays for stapling and nobody is protected. With a must-staple certificate
clients refuse to connect.

Remedy:

    Find out why the server does not renew the response (its resolver, its access to the
    responder, its clock), or switch stapling off where the authority no longer has OCSP.

Bad:

    certificate = issue("api.example.com", by=root)
    staple = ocsp_response(certificate, this_update=now - days(9), next_update=now - days(2))

Good:

    certificate = issue("api.example.com", by=root)
    staple = ocsp_response(certificate, this_update=now - days(1), next_update=now + days(6))

Limits:

    Judged by the clock of the machine that scans.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(299,),
    references=("RFC 6960, section 3.2", "RFC 7633"),
    asks="tls",
)
async def certificate_staple_unusable(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain: low, or medium if the certificate demands a staple."""
    for endpoint in await site.tls():
        for chain in endpoint.served:
            if chain.staple is None or chain.staple.problem is None:
                continue
            is_needed = chain.chain[0].must_staple
            yield certificate_staple_unusable.finding(
                f"the response stapled to {chain.chain[0].subject}: {chain.staple.problem}",
                endpoint.shown(chain),
                severity=Severity.MEDIUM if is_needed else Severity.LOW,
            )

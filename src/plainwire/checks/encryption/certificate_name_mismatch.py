"""The certificate is for another name.

A client that checks names refuses the connection; one that works does not check, and takes any
valid certificate from anybody in the middle.

Remedy:

    Issue a certificate whose subjectAltName lists the name that clients use.

Bad:

    certificate = issue("www.example.net", by=root)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    The subject's common name is not looked at, as clients do not look at it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(297, 295),
    references=("RFC 9525, section 6",),
    cap="F",
    asks="tls",
)
async def certificate_name_mismatch(site: Site) -> AsyncIterator[Finding]:
    """One finding for each leaf whose subjectAltName does not cover the name asked for."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("hostname_mismatch"):
            names = ", ".join(chain.chain[0].sans[:5]) or "nothing"
            yield certificate_name_mismatch.finding(
                f"the certificate is for {names}, not for {endpoint.server_name or endpoint.host}",
                endpoint.shown(chain),
            )

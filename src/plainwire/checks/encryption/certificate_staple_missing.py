"""The certificate demands a staple that the server does not send.

A must-staple certificate (RFC 7633) tells clients to refuse a connection without an OCSP response
stapled to it. Clients that honour it cannot connect, and the others get none of its protection.

Remedy:

    Turn OCSP stapling on in the server, or have the certificate issued without must-staple; some
    CAs no longer offer OCSP at all.

Bad:

    certificate = issue("api.example.com", by=root, must_staple=True)

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    A scan looks over TLS 1.2; where a server speaks only TLS 1.3 it is left unanswered. Whether the
    staple is good is another finding (certificate-staple-unusable, certificate-revoked).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.MEDIUM,
    cwe=(295,),
    references=("RFC 7633, section 4.2.3.1", "RFC 6066, section 8"),
    asks="tls",
)
async def certificate_staple_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for each must-staple leaf that came without a staple."""
    for endpoint in await site.tls():
        for chain in endpoint.chains_with("must_staple_missing"):
            yield certificate_staple_missing.finding(
                f"{chain.chain[0].subject} demands a stapled OCSP response and none was sent",
                endpoint.shown(chain),
            )

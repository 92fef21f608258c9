"""TLS 1.0 or TLS 1.1 is accepted.

Both are deprecated (RFC 8996): they rest on MD5 and SHA-1, know no authenticated encryption, and
an attacker on the way can try to bring a client down to them. No current client needs them.

Remedy:

    Allow TLS 1.2 and TLS 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3).

Bad:

    versions = ("TLSv1.1", "TLSv1.2", "TLSv1.3")

Good:

    versions = ("TLSv1.2", "TLSv1.3")

Limits:

    What they open beside (BEAST with CBC in TLS 1.0) is not a finding of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check

OLD = ("TLSv1.0", "TLSv1.1")


@check(
    severity=Severity.MEDIUM,
    cwe=(326, 757),
    references=("RFC 8996", "RFC 9325, section 3.1.1"),
    cap="B",
    asks="tls",
)
async def old_tls_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the old versions that it accepts."""
    for endpoint in await site.tls("versions"):
        accepted = [name for name in OLD if (endpoint.protocols or {}).get(name)]
        if accepted:
            hello = f"a ClientHello of {' and one of '.join(accepted)}"
            yield old_tls_accepted.finding(
                f"{' and '.join(accepted)} accepted",
                Handshake(endpoint.host, endpoint.port, hello, "a ServerHello of that version"),
            )

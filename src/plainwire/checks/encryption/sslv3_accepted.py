"""SSLv3 is accepted.

SSL 3.0 is broken (POODLE, CVE-2014-3566) and must not be used (RFC 7568): its padding lets an
attacker on the way read cookies and tokens byte by byte.

Remedy:

    Allow TLS 1.2 and TLS 1.3 only.

Bad:

    protocols = {"SSLv3": True, "TLSv1.2": True}

Good:

    protocols = {"SSLv3": False, "TLSv1.2": True}

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(327, 757),
    references=("RFC 7568", "CVE-2014-3566"),
    cap="F",
    asks="tls",
)
async def sslv3_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that answers a hello of SSL 3.0."""
    for endpoint in await site.tls("versions"):
        if (endpoint.protocols or {}).get("SSLv3"):
            yield sslv3_accepted.finding(
                "SSLv3 accepted",
                Handshake(
                    endpoint.host, endpoint.port, "a ClientHello of SSLv3", "a ServerHello of SSLv3"
                ),
            )

"""Memory leaks through Heartbleed.

A heartbeat that claims to be longer than it is gets the server's memory in return: private keys,
passwords, other people's requests (CVE-2014-0160). It leaves no trace, and everything that the
server held since 2012 counts as known.

Remedy:

    Update OpenSSL (1.0.1g and later), then replace the key, revoke the certificate, and change
    all passwords.

Bad:

    vulnerabilities = {"heartbleed": True}

Good:

    vulnerabilities = {"heartbleed": False}

Limits:

    Asked only where heartbeat is supported, and only if probes that resemble attacks are allowed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.CRITICAL,
    cwe=(125, 200),
    references=("CVE-2014-0160", "RFC 6520"),
    asks="tls",
)
async def heartbleed_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("vulnerabilities"):
        if (endpoint.vulnerabilities or {}).get("heartbleed") is True:
            yield heartbleed_open.finding(
                "a heartbeat was answered with more bytes than it had",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a heartbeat longer than its payload by the least possible",
                    "more bytes than were sent, dropped unread",
                ),
            )

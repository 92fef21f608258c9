"""Memory leaks through Ticketbleed.

With a session ticket a short session id is echoed with 31 bytes of the server's memory behind it
(F5 BIG-IP, CVE-2016-9244): other sessions' ids and more.

Remedy:

    Update the firmware, or switch session tickets off in the Client SSL profile.

Bad:

    vulnerabilities = {"ticketbleed": True}

Good:

    vulnerabilities = {"ticketbleed": False}

Limits:

    Asked only where tickets are supported, and only if probes that resemble attacks are allowed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(125, 200),
    references=("CVE-2016-9244",),
    asks="tls",
)
async def ticketbleed_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("vulnerabilities"):
        if (endpoint.vulnerabilities or {}).get("ticketbleed") is True:
            yield ticketbleed_open.finding(
                "a session id came back longer than it was sent",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a ticket with a session id of a few bytes",
                    "a longer session id, dropped unread",
                ),
            )

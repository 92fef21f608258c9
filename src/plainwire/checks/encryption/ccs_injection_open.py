"""Handshakes can be taken over by an early ChangeCipherSpec.

The server takes a ChangeCipherSpec before there are keys and goes on with empty ones: an attacker
on the way to a client with the same flaw reads and changes the session (CVE-2014-0224).

Remedy:

    Update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h and later).

Bad:

    vulnerabilities = {"ccs_injection": True}

Good:

    vulnerabilities = {"ccs_injection": False}

Limits:

    Both sides need the flaw for an attack; clients are not seen here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(841,),
    references=("CVE-2014-0224",),
    asks="tls",
)
async def ccs_injection_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("vulnerabilities"):
        if (endpoint.vulnerabilities or {}).get("ccs_injection") is True:
            yield ccs_injection_open.finding(
                "a ChangeCipherSpec before the key exchange was taken",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a ChangeCipherSpec right after the ServerHello",
                    "no unexpected_message alert, but one of the empty keys",
                ),
            )

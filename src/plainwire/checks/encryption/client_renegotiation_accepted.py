"""Clients can renegotiate at will.

Each renegotiation costs the server a handshake's computation and the client next to nothing: one
connection can keep a core busy (CVE-2011-1473), past any limit on connections.

Remedy:

    Switch renegotiation by the client off (OpenSSL: SSL_OP_NO_RENEGOTIATION or NoRenegotiation;
    nginx and Apache do so by themselves).

Bad:

    features = {"client_renegotiation": True}

Good:

    features = {"client_renegotiation": False}

Limits:

    Asked once: a limit on how many are allowed is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(400,),
    references=("RFC 5746, section 1", "CVE-2011-1473"),
    asks="tls",
)
async def client_renegotiation_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("features"):
        if (endpoint.features or {}).get("client_renegotiation") is True:
            yield client_renegotiation_accepted.finding(
                "a renegotiation that the client started was completed",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a renegotiation by the client",
                    "a second handshake",
                ),
            )

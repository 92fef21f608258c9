"""RSA key exchange is an oracle (ROBOT).

The server answers a wrongly padded ClientKeyExchange differently from a right one. With some ten
thousand questions recorded sessions are decrypted, or a signature made with the server's key
(Bleichenbacher 1998; ROBOT 2017).

Remedy:

    Switch RSA key exchange off (OpenSSL: !kRSA), and update the stack.

Bad:

    vulnerabilities = {"robot": True}

Good:

    vulnerabilities = {"robot": False}

Limits:

    Told by the kind of answer only: an oracle by time alone is not looked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(203, 327),
    references=("CVE-2017-13099", "RFC 9325, section 4.1"),
    asks="tls",
)
async def robot_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint."""
    for endpoint in await site.tls("vulnerabilities"):
        if (endpoint.vulnerabilities or {}).get("robot") is True:
            yield robot_open.finding(
                "right and wrong padding are answered differently",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "ClientKeyExchanges with right and with wrong padding",
                    "answers that differ",
                ),
            )

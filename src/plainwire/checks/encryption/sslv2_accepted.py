"""SSLv2 is accepted.

SSL 2.0 has no protection of its handshake and 40-bit keys that anybody breaks. Worse, it opens
newer versions as well: with DROWN (CVE-2016-0800) sessions of TLS 1.2 with the same RSA key are
decrypted.

Remedy:

    Switch SSLv2 off everywhere that the key is used, and allow TLS 1.2 and TLS 1.3 only.

Bad:

    protocols = {"SSLv2": True, "TLSv1.2": True}

Good:

    protocols = {"SSLv2": False, "TLSv1.2": True}

Limits:

    Another service (mail, an old proxy) with the same key and SSLv2 opens this one as well, and
    is not seen here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(327, 757),
    references=("RFC 6176", "CVE-2016-0800"),
    cap="F",
    asks="tls",
)
async def sslv2_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that answers a hello of SSL 2.0."""
    for endpoint in await site.tls("versions"):
        if (endpoint.protocols or {}).get("SSLv2"):
            yield sslv2_accepted.finding(
                "SSLv2 accepted",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a CLIENT-HELLO of SSLv2",
                    "a SERVER-HELLO of SSLv2",
                ),
            )

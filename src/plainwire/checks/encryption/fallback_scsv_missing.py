"""Downgrades by reconnecting are not noticed.

Some clients try an older version when a handshake fails, and an attacker on the way can make it
fail. TLS_FALLBACK_SCSV (RFC 7507) tells the server, which then refuses; this server does not know
it, and it has older versions to be brought down to.

Remedy:

    Switch SSLv3, TLS 1.0 and TLS 1.1 off: with nothing to fall back to it does not matter. Or
    update the stack.

Bad:

    protocols = {"TLSv1.0": True, "TLSv1.2": True}
    features = {"fallback_scsv": False}

Good:

    protocols = {"TLSv1.0": False, "TLSv1.2": True}
    features = {"fallback_scsv": False}

Limits:

    Current clients do not fall back (RFC 9325, section 3.1.3); API clients of the time before
    2015 may.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check

OLD = ("SSLv3", "TLSv1.0", "TLSv1.1")


@check(
    severity=Severity.LOW,
    cwe=(757,),
    references=("RFC 7507",),
    asks="tls",
)
async def fallback_scsv_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint with an older version to fall back to."""
    for endpoint in await site.tls("features"):
        on = endpoint.protocols or {}
        falls_to = [name for name in OLD if on.get(name)]
        is_above = on.get("TLSv1.2") or on.get("TLSv1.3") or len(falls_to) > 1
        if falls_to and is_above and (endpoint.features or {}).get("fallback_scsv") is False:
            yield fallback_scsv_missing.finding(
                f"TLS_FALLBACK_SCSV is not honoured, and {' and '.join(falls_to)} accepted",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    f"a ClientHello of {falls_to[-1]} with TLS_FALLBACK_SCSV",
                    "a ServerHello instead of inappropriate_fallback",
                ),
            )

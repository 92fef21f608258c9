"""One Diffie-Hellman value serves several connections.

A value that is kept makes the exchange as good as static: forward secrecy lasts no longer than it
is kept, and Raccoon (CVE-2020-1968), which needs many exchanges with one value of a prime field,
has its precondition. On a curve it is forward secrecy alone that suffers.

Remedy:

    Use a fresh value for each handshake (OpenSSL 1.0.2f and later do so, SSL_OP_SINGLE_DH_USE),
    or switch DHE suites off.

Bad:

    ciphers = {"TLSv1.2": ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",)}
    dh = DhParameters(2048, "modp2048", reused=True)

Good:

    ciphers = {"TLSv1.2": ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",)}
    dh = DhParameters(2048, "modp2048", reused=False)

Limits:

    Seen within one probe; how long the value is kept is not known. Raccoon needs precise timing
    as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(323,),
    references=("CVE-2020-1968", "RFC 9325, section 7.4"),
    asks="tls",
)
async def dh_value_reused(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint and kind: low for a prime field, info for a curve."""
    for endpoint in await site.tls("ciphers"):
        in_fields = endpoint.dh is not None and endpoint.dh.reused
        on_curves = (endpoint.features or {}).get("ec_point_reused")
        kinds = ("DHE", in_fields, Severity.LOW), ("ECDHE", on_curves, Severity.INFO)
        for suites, is_reused, severity in kinds:
            if is_reused:
                yield dh_value_reused.finding(
                    f"the same public value of {suites} was sent in two handshakes",
                    Handshake(
                        endpoint.host,
                        endpoint.port,
                        f"several ClientHellos with {suites} suites",
                        "ServerKeyExchanges with one public value",
                    ),
                    severity=severity,
                )

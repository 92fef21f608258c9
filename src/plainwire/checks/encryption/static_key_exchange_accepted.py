"""Key exchange without forward secrecy is accepted.

With RSA key transport or static Diffie-Hellman all sessions hang on the certificate's key:
whoever records traffic today and gets the key later reads everything. RSA key transport is also
what Bleichenbacher's attack and its successors (ROBOT) need.

Remedy:

    Allow ECDHE suites only (OpenSSL: !kRSA); every client of the last ten years has them.

Bad:

    ciphers = "AES128-GCM-SHA256:ECDHE+AESGCM"
    certificate = issue("api.example.com", by=root, key=2048)

Good:

    ciphers = "ECDHE+AESGCM"
    certificate = issue("api.example.com", by=root, key=2048)

Limits:

    Whether a client that offers both gets forward secrecy depends on the order of suites.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import named, unbroken

STATIC = ("TLS_RSA_", "TLS_DH_RSA_", "TLS_DH_DSS_", "TLS_ECDH_RSA_", "TLS_ECDH_ECDSA_")


@check(
    severity=Severity.LOW,
    cwe=(326,),
    references=("RFC 9325, section 4.1",),
    asks="tls",
)
async def static_key_exchange_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint: low, or medium if it has nothing better."""
    for endpoint in await site.tls("ciphers"):
        if suites := unbroken(endpoint, *STATIC):
            has_better = bool(unbroken(endpoint, "DHE_", "TLS_AES_", "TLS_CHACHA20_"))
            yield static_key_exchange_accepted.finding(
                ("accepted" if has_better else "nothing but these is accepted")
                + f": {named(suites)}",
                endpoint.chosen(suites),
                severity=Severity.LOW if has_better else Severity.MEDIUM,
            )

"""CBC suites are accepted without encrypt_then_mac.

TLS's CBC mode authenticates before it encrypts, and 25 years of padding oracles came of it
(BEAST, Lucky Thirteen, POODLE's variants). Stacks work around each; one that does not is open.
RFC 9325 allows such suites only together with encrypt_then_mac, which hardly a client offers.

Remedy:

    Allow suites with AES-GCM or ChaCha20-Poly1305 only; clients that lack both are ten years old.

Bad:

    ciphers = {"TLSv1.2": ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",)}
    features = {"encrypt_then_mac": False}

Good:

    ciphers = "ECDHE+AES+SHA1"
    versions = ("TLSv1.2",)

Limits:

    A precondition, not an attack: whether the stack checks the MAC in constant time cannot be
    seen from outside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import named, unbroken


@check(
    severity=Severity.INFO,
    cwe=(327,),
    references=("RFC 9325, section 4.2", "CVE-2013-0169"),
    asks="tls",
)
async def cbc_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint: info, or medium if it has no authenticated encryption."""
    for endpoint in await site.tls("ciphers"):
        suites = unbroken(endpoint, "_CBC_")
        if not suites or (endpoint.features or {}).get("encrypt_then_mac") is not False:
            continue
        has_better = bool(unbroken(endpoint, "_GCM_", "_CCM", "CHACHA20"))
        yield cbc_suite_accepted.finding(
            ("accepted" if has_better else "nothing better than these is accepted")
            + f": {named(suites)}",
            endpoint.chosen(suites),
            severity=Severity.INFO if has_better else Severity.MEDIUM,
        )

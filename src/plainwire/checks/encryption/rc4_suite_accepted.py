"""RC4 is accepted.

RC4's output is biased: a cookie or a token that is sent often enough is recovered from the
ciphertext (CVE-2013-2566, CVE-2015-2808). Its use in TLS is prohibited (RFC 7465).

Remedy:

    Remove RC4 (OpenSSL: !RC4) and prefer suites with AES-GCM or ChaCha20.

Bad:

    ciphers = {"TLSv1.2": ("TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256")}

Good:

    ciphers = {"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}

Limits:

    RC4 of 40 bits is a finding of its own (short-key-suite-accepted).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import broken, named


@check(
    severity=Severity.MEDIUM,
    cwe=(327,),
    references=("RFC 7465", "CVE-2015-2808"),
    asks="tls",
)
async def rc4_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the suites."""
    for endpoint in await site.tls("ciphers"):
        if suites := broken(endpoint, "RC4"):
            yield rc4_suite_accepted.finding(
                f"accepted: {named(suites)}",
                endpoint.chosen(suites),
            )

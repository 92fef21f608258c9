"""Ciphers with 64-bit blocks are accepted.

Triple DES, IDEA and RC2 encrypt in blocks of 64 bits, and after some 32 GB under one key blocks
repeat: SWEET32 (CVE-2016-2183) recovers a cookie from 785 GB in one long connection. Triple DES
is withdrawn (NIST SP 800-131A revision 2).

Remedy:

    Remove Triple DES, IDEA and RC2 (OpenSSL: !3DES:!IDEA:!RC2).

Bad:

    ciphers = {"TLSv1.2": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256")}

Good:

    ciphers = {"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}

Limits:

    How much the server lets through one connection is not asked. Single DES is a finding of its
    own (short-key-suite-accepted).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import broken, named


@check(
    severity=Severity.MEDIUM,
    cwe=(327,),
    references=("CVE-2016-2183", "RFC 9325, section 4.1"),
    asks="tls",
)
async def short_block_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the suites."""
    for endpoint in await site.tls("ciphers"):
        if suites := broken(endpoint, "short block"):
            yield short_block_suite_accepted.finding(
                f"accepted: {named(suites)}",
                endpoint.chosen(suites),
            )

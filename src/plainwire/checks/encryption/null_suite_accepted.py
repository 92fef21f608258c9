"""Suites without encryption are accepted.

A suite with NULL encryption authenticates what it carries and hides none of it: whoever is on the
way reads passwords and tokens from what looks like TLS.

Remedy:

    Remove NULL suites (OpenSSL: !eNULL), and with them any list of suites that begins with ALL.

Bad:

    certificate = issue("api.example.com", by=root, key=2048)
    ciphers = "NULL-SHA256"
    versions = ("TLSv1.2",)

Good:

    ciphers = "ECDHE+AESGCM"

Limits:

    A client has to offer such a suite as well; common ones do not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import broken, named


@check(
    severity=Severity.HIGH,
    cwe=(319, 327),
    references=("RFC 9325, section 4.1",),
    cap="F",
    asks="tls",
)
async def null_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the suites."""
    for endpoint in await site.tls("ciphers"):
        if suites := broken(endpoint, "no encryption"):
            yield null_suite_accepted.finding(
                f"accepted without any encryption: {named(suites)}",
                endpoint.chosen(suites),
            )

"""Suites without authentication are accepted.

An anonymous suite needs no certificate: anybody on the way can be the server, read everything and
change it, and a client that allows it notices nothing.

Remedy:

    Remove anonymous suites (OpenSSL: !aNULL), and any list of suites that begins with ALL.

Bad:

    ciphers = "AECDH-AES128-SHA"
    versions = ("TLSv1.2",)

Good:

    ciphers = "ECDHE+AESGCM"

Limits:

    A client has to offer such a suite as well; browsers do not. Mail servers that encrypt by
    opportunity offer them on purpose (RFC 7672, section 8.2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import broken, named


@check(
    severity=Severity.HIGH,
    cwe=(322, 300),
    references=("RFC 5246, section F.1.1.1", "RFC 9325, section 5.1"),
    cap="F",
    asks="tls",
)
async def anonymous_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the suites."""
    for endpoint in await site.tls("ciphers"):
        if suites := broken(endpoint, "no authentication"):
            yield anonymous_suite_accepted.finding(
                f"accepted without a certificate: {named(suites)}",
                endpoint.chosen(suites),
            )

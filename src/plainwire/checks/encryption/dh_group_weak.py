"""The Diffie-Hellman group is too small.

Discrete logarithms modulo primes of 512 and 768 bits were computed in public, and 1024 bits are
within reach of a state that prepares for one prime and then reads everybody who uses it (Logjam,
CVE-2015-4000). 2048 bits are the least.

Remedy:

    Switch DHE suites off, as ECDHE does the same and faster; or use a group of RFC 7919
    (ffdhe2048).

Bad:

    ciphers = "DHE+AESGCM"
    certificate = issue("api.example.com", by=root, key=2048)
    versions = ("TLSv1.2",)
    dh_bits = 1024

Good:

    ciphers = "DHE+AESGCM"
    certificate = issue("api.example.com", by=root, key=2048)
    versions = ("TLSv1.2",)
    dh_bits = 2048

Limits:

    The smallest group seen counts; a server that chooses by the client may have more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check

LEAST_BITS, SHARED_BITS = 2048, 1024


@check(
    severity=Severity.MEDIUM,
    cwe=(326,),
    references=("RFC 9325, section 4.5", "RFC 7919", "CVE-2015-4000"),
    asks="tls",
)
async def dh_group_weak(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint: medium, or high if the group is within reach."""
    for endpoint in await site.tls("ciphers"):
        group = endpoint.dh
        if group is None or group.bits >= LEAST_BITS:
            continue
        is_near = group.bits < SHARED_BITS or (group.bits == SHARED_BITS and bool(group.common))
        name = f", shared by many servers ({group.common})" if group.common else ""
        yield dh_group_weak.finding(
            f"a Diffie-Hellman group of {group.bits} bits{name}",
            Handshake(
                endpoint.host,
                endpoint.port,
                "a ClientHello with DHE suites",
                f"a ServerKeyExchange with a prime of {group.bits} bits",
            ),
            severity=Severity.HIGH if is_near else Severity.MEDIUM,
        )

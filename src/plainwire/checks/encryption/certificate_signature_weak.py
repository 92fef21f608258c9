"""A certificate is signed with a broken hash.

Collisions of MD5 and SHA-1 have been computed: two certificates with one signature, one of them
harmless and one for your name. Current clients refuse them.

Remedy:

    Have the certificate issued again with SHA-256 or better.

Bad:

    certificate = issue("api.example.com", by=root, hash="sha1")

Good:

    certificate = issue("api.example.com", by=root)

Limits:

    The signature of a root on itself is not judged, as nobody relies on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check

WORDS = ("weak_signature_md5", "weak_signature_sha1")


@check(
    severity=Severity.HIGH,
    cwe=(328, 327),
    references=(
        "RFC 9155",
        "RFC 6151",
    ),
    asks="tls",
)
async def certificate_signature_weak(site: Site) -> AsyncIterator[Finding]:
    """One finding for each chain with an MD5 or SHA-1 signature that a client relies on."""
    for endpoint in await site.tls():
        found = [(w, c) for w in WORDS for c in endpoint.chains_with(w)]
        for word, chain in found:
            yield certificate_signature_weak.finding(
                f"a certificate of the chain is signed with {word.removeprefix('weak_signature_')}",
                endpoint.shown(chain),
            )

"""Handshakes are signed with SHA-1 or MD5 on demand.

A client that offers nothing better gets a handshake signed over MD5 or SHA-1, for which
collisions are computed (SLOTH, CVE-2015-7575). RFC 9155 forbids both in TLS 1.2.

Remedy:

    Limit the signature algorithms to SHA-256 and better (OpenSSL: SignatureAlgorithms; security
    level 2 does so from OpenSSL 3.0 on), or update the stack (Go: 1.25).

Bad:

    signature_algorithms = {"TLSv1.2": ("rsa_pkcs1_sha256", "rsa_pkcs1_sha1")}

Good:

    signature_algorithms = {"TLSv1.2": ("rsa_pkcs1_sha256", "rsa_pss_rsae_sha256")}

Limits:

    Signatures of the handshake, not of certificates (certificate-signature-weak).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(328,),
    references=("RFC 9155", "CVE-2015-7575"),
    asks="tls",
)
async def signature_algorithm_weak(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the algorithms."""
    for endpoint in await site.tls("signature_algorithms"):
        listed = (endpoint.signature_algorithms or {}).items()
        weak = {name: version for version, names in listed for name in names if _is_weak(name)}
        if weak:
            yield signature_algorithm_weak.finding(
                f"accepted: {', '.join(weak)}",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    f"a ClientHello of {next(iter(weak.values()))} with {', '.join(weak)} only",
                    "a ServerKeyExchange signed so",
                ),
            )


def _is_weak(name: str) -> bool:
    return name.endswith(("_sha1", "_md5")) or "_sha1_" in name or "_md5_" in name

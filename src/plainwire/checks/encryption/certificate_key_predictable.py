"""The certificate's RSA key can be computed.

Some keys are weak whatever their size. ROCA (CVE-2017-15361): a chip's library made primes of a
shape that lets them be found for some ten thousand dollars. Shared primes: two keys of machines
with too little randomness at hand have a prime in common, and anybody who has both divides it
out.

Remedy:

    Make a new key with a current library on a machine with enough randomness, have the
    certificate issued for it and the old one revoked; for ROCA replace the chip or its firmware
    first.

Bad:

    certificate = issue("api.example.com", by=root, key=roca_key())

Good:

    certificate = issue("api.example.com", by=root, key=2048)

Limits:

    ROCA is told by a fingerprint that another key has by chance in one of 10^8 cases. Shared
    primes are looked for among the first 4,000 RSA keys of one run of `plainwire tls`; in lines
    that are written as endpoints finish it is the later endpoint's that has the finding, and names
    the earlier. Exponents below 65537 are reported as low: no
    attack by themselves, but a sign of an odd library.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import CertificateFacts, Finding, Severity, Site, TlsEndpoint, check

FLAWS = {
    "roca": (Severity.HIGH, "the modulus has ROCA's fingerprint"),
    "shared-prime": (
        Severity.CRITICAL,
        "the modulus shares a prime with the key of another endpoint",
    ),
    "even-modulus": (Severity.CRITICAL, "the modulus is even"),
    "small-exponent": (Severity.LOW, "the public exponent is below 65537"),
}


@check(
    severity=Severity.HIGH,
    cwe=(338, 326),
    references=("CVE-2017-15361", "Heninger et al. 2012, Mining your Ps and Qs"),
    asks="tls",
)
async def certificate_key_predictable(site: Site) -> AsyncIterator[Finding]:
    """One finding for each flaw of a key in a chain."""
    for endpoint in await site.tls():
        for chain in endpoint.certificates or ():
            found = [(flaw, item) for item in chain.chain for flaw in item.key_flaws]
            for flaw, item in found:
                severity, words = FLAWS.get(flaw, (Severity.HIGH, flaw))
                others = _sharing(endpoint, item) if flaw == "shared-prime" else ()
                words += f": {', '.join(others)}" if others else ""
                yield certificate_key_predictable.finding(
                    f"{item.subject}: {words}", endpoint.shown(chain), severity=severity
                )


def _sharing(endpoint: TlsEndpoint, item: CertificateFacts) -> tuple[str, ...]:
    """Where the other keys are, as "host:port"."""
    return (endpoint.shared_primes or {}).get(item.fingerprint_sha256, ())

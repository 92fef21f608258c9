"""Suites with keys of 40 or 56 bits are accepted.

Export suites and single DES are broken by trying all keys, in hours and on rented machines. Their
mere presence lets an attacker on the way bring better clients down to them: FREAK (CVE-2015-0204)
for RSA_EXPORT, Logjam (CVE-2015-4000) for DHE_EXPORT.

Remedy:

    Remove export suites and DES (OpenSSL: !EXPORT:!DES), by a list of suites to allow rather than
    of ones to forbid.

Bad:

    ciphers = {"TLSv1.0": ("TLS_RSA_EXPORT_WITH_RC4_40_MD5",)}

Good:

    ciphers = {"TLSv1.2": ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",)}

Limits:

    None known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.policy.suite_flaws import broken, named

ATTACKS = {"freak": "FREAK", "logjam": "Logjam"}


@check(
    severity=Severity.HIGH,
    cwe=(326, 327, 757),
    references=("RFC 9325, section 4.1", "CVE-2015-0204", "CVE-2015-4000"),
    cap="F",
    asks="tls",
)
async def short_key_suite_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint, with the suites."""
    for endpoint in await site.tls("ciphers"):
        if suites := broken(endpoint, "short key"):
            open_ = endpoint.vulnerabilities or {}
            attacks = [words for name, words in ATTACKS.items() if open_.get(name)]
            open_to = f" (open to {' and '.join(attacks)})" if attacks else ""
            yield short_key_suite_accepted.finding(
                f"accepted with keys below 112 bits: {named(suites)}{open_to}",
                endpoint.chosen(suites),
            )

"""A TLS context allows deprecated versions or weak suites.

SSL 3, TLS 1.0 and 1.1 are deprecated, and suites without authentication, with RC4, DES or export
keys are broken (RFC 8996, RFC 9325; CWE-327).

Remedy:

    Use ssl.create_default_context() as it is, or raise minimum_version to TLSv1_2.

Bad:

    --- client.py
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)

Good:

    --- client.py
    import ssl
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2

Limits:

    Contexts of libraries that are not Python's ssl are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.policy import cipher_lists

_OLD = re.compile(r"PROTOCOL_(SSLv2|SSLv3|TLSv1|TLSv1_1)$")
_VERSIONS = frozenset({"SSLv3", "TLSv1", "TLSv1_1"})


@rule(
    kind="tls-ctx-weak",
    severity=Severity.MEDIUM,
    cwe=(327, 326),
    references=("RFC 8996", "RFC 9325, section 4.2"),
)
def old_tls_allowed(project: Project) -> Iterator[Finding]:
    """Contexts, version bounds and suite lists of Python's ssl."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            protocol = call.named("protocol", 0) or call.named("ssl_version")
            if protocol and _OLD.search(protocol):
                yield old_tls_allowed.finding(f"{protocol} is deprecated", module.span(call.line))
            elif call.name.endswith(".set_ciphers"):
                suites = call.argument("ciphers", 0)
                if suites is not None and _is_weak(suites.text):
                    yield old_tls_allowed.finding("weak suites are allowed", module.span(call.line))
        for binding in module.bindings:
            is_bound = binding.key in ("minimum_version", "maximum_version")
            if is_bound and binding.source & _VERSIONS:
                yield old_tls_allowed.finding(
                    "a deprecated version is allowed", module.span(binding.line)
                )


def _is_weak(suites: str) -> bool:
    """True for a list with a broken suite, or the level that lets short keys in (ciphers(1))."""
    return "SECLEVEL=0" in suites or bool(cipher_lists.broken(suites))

"""The server is told a TLS version, and does not listen.

gunicorn's `ssl_version` has no effect since version 21, as its settings say: the versions are those
of Python's default context, TLS 1.0 and 1.1 among them where Python is older than 3.10 and OpenSSL
allows it (RFC 8996; CWE-757).

Remedy:

    Set the lowest version in the hook ssl_context(conf, default_ssl_context_factory).

Bad:

    --- gunicorn.conf.py
    import ssl
    bind = "0.0.0.0:443"
    certfile = "/srv/tls/chain.pem"
    keyfile = "/srv/tls/key.pem"
    ssl_version = ssl.PROTOCOL_TLSv1_2

Good:

    --- gunicorn.conf.py
    import ssl
    bind = "0.0.0.0:443"
    certfile = "/srv/tls/chain.pem"
    keyfile = "/srv/tls/key.pem"
    def ssl_context(conf, default_ssl_context_factory):
        context = default_ssl_context_factory()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

Limits:

    The configuration file only. An older gunicorn that the requirements pin listens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_VERSION = re.compile(r"^ssl_version\s*=", re.MULTILINE)
_HOOK = re.compile(r"^(def ssl_context\b|ssl_context\s*=)", re.MULTILINE)
_CERTIFICATE = re.compile(r"^certfile\s*=", re.MULTILINE)
_OLD = re.compile(r"(==|~=|<=?)\s*(1?\d|20)\b(?!\d)|<\s*21\b")


@rule(
    kind="server-weak-tls",
    severity=Severity.INFO,
    cwe=(757,),
    references=("gunicorn, settings, ssl_version", "RFC 8996"),
)
def tls_version_ignored(project: Project) -> Iterator[Finding]:
    """Configurations with a certificate that set ssl_version and have no ssl_context."""
    if _OLD.search(project.requirements.get("gunicorn", "")):
        return
    for file in project.of("gunicorn"):
        if file.environment not in ("production", "staging"):
            continue
        found = _VERSION.search(file.text)
        if found and _CERTIFICATE.search(file.text) and not _HOOK.search(file.text):
            line = file.text.count("\n", 0, found.start()) + 1
            yield tls_version_ignored.finding(
                "gunicorn ignores ssl_version since version 21", file.span(line)
            )

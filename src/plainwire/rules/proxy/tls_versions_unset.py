"""The proxy leaves the TLS versions to its default.

nginx offered TLS 1.0 and 1.1 by default until 1.27.3, and distributions still ship such versions.
Both are deprecated (RFC 8996; CWE-757).

Remedy:

    Set ssl_protocols TLSv1.2 TLSv1.3 at the http or server level.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/ssl/site.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/ssl/site.pem;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    An nginx.conf of the distribution that sets the versions is not seen. Where a script of the
    project writes ssl_protocols, it is taken to write them for every server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, ProxySite, Severity, rule

_WRITTEN = re.compile(r"ssl_protocols\b[^\n]{0,40}TLSv1\.[23]")
_WRITERS = frozenset({"shell", "python", "yaml", "dockerfile", "ini", "terraform"})
_TLS_FILE = re.compile(
    r"^[ \t]*include[ \t]+\S{0,300}?(tls|ssl)[^\s/]{0,300};", re.MULTILINE | re.IGNORECASE
)


@rule(
    kind="proxy-tls-defaults",
    severity=Severity.LOW,
    cwe=(757,),
    references=("RFC 8996", "nginx, ssl_protocols"),
)
def tls_versions_unset(project: Project) -> Iterator[Finding]:
    """TLS server blocks of nginx that name no versions."""
    found = [site for site in project.sites if _is_unset(site, project)]
    if not found or _is_written(project):
        return
    for site in found:
        yield tls_versions_unset.finding(
            "no ssl_protocols: up to nginx 1.27.3 that means TLS 1.0 and 1.1 too",
            next(listen.place for listen in site.listens if listen.has_tls),
            confidence=Confidence.TENTATIVE,
        )


def _is_unset(site: ProxySite, project: Project) -> bool:
    """True if neither the block nor another file that it includes for TLS names versions."""
    if site.program != "nginx" or site.environment not in ("production", "staging"):
        return False
    file = project.file(site.place.path)
    is_included = file is not None and _TLS_FILE.search(file.text)
    return site.has_tls and site.protocols is None and not is_included


def _is_written(project: Project) -> bool:
    """True if a script of the project writes them."""
    return any(
        "ssl_protocols" in one.text and _WRITTEN.search(one.text)
        for one in project.files
        if one.format in _WRITERS and one.environment in ("production", "staging")
    )

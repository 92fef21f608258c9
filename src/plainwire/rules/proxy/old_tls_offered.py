"""The proxy offers TLS versions that are deprecated.

TLS 1.0 and 1.1 rest on MD5 and SHA-1 and lack authenticated encryption; SSL 3.0 and 2.0 are broken
(RFC 8996, RFC 7568; CWE-326, CWE-757).

Remedy:

    Set ssl_protocols TLSv1.2 TLSv1.3.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Server blocks of HTTP only: mail servers that offer STARTTLS are judged otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule

_OLD = re.compile(r"(?<![-\w])\+?(SSLv2|SSLv3|TLSv1(\.[01])?)(?![.\d\w])", re.IGNORECASE)
# Apache's word for every version from TLS 1.0 on, less what is taken away (mod_ssl, SSLProtocol).
_ALL = re.compile(r"(^|\s)\+?all(\s|$)", re.IGNORECASE)


@rule(
    kind="server-weak-tls",
    severity=Severity.MEDIUM,
    cwe=(326, 757),
    references=("RFC 8996", "RFC 7568"),
)
def old_tls_offered(project: Project) -> Iterator[Finding]:
    """Server blocks that name a deprecated version."""
    for site in project.sites:
        setting = site.protocols
        if setting is None or site.environment not in ("production", "staging"):
            continue
        value = setting.value or ""
        old = sorted({m[1] for m in _OLD.finditer(value)})
        is_implied = not old and bool(_ALL.search(value))
        if is_implied:
            taken = {word.lower() for word in value.split()}
            old = [v for v in ("TLSv1", "TLSv1.1") if f"-{v.lower()}" not in taken]
        if old:
            yield old_tls_offered.finding(
                f"{', '.join(old)} can be negotiated",
                setting.place,
                severity=Severity.HIGH if any(v.startswith("SSL") for v in old) else None,
                confidence=Confidence.TENTATIVE if is_implied else Confidence.FIRM,
            )

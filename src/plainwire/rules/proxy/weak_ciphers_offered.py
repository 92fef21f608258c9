"""The proxy offers cipher suites that are broken.

RC4 has biases that show plain text, 3DES has blocks of 64 bits (Sweet32), DES and export suites
fall to exhaustive search, NULL suites encrypt nothing and anonymous ones let anybody be the server
(CWE-327, CWE-326).

Remedy:

    Leave ssl_ciphers out, or name forward-secret suites with AEAD alone, as Mozilla's intermediate
    configuration does.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA:!aNULL:!DES;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL:!MD5:!RC4;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    nginx, Apache and HAProxy, whose frontends are judged by their first bind line with TLS. What
    HIGH, ALL and DEFAULT stand for depends on the OpenSSL of the server, and is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.policy import cipher_lists


@rule(
    kind="server-weak-tls",
    severity=Severity.MEDIUM,
    cwe=(327, 326),
    references=("RFC 9325, section 4.1", "RFC 7465"),
)
def weak_ciphers_offered(project: Project) -> Iterator[Finding]:
    """Server blocks that name a broken suite and do not take it out again."""
    for site in project.sites:
        setting = site.ciphers
        if setting is None or site.environment not in ("production", "staging"):
            continue
        weak = cipher_lists.broken(setting.value or "")
        if weak:
            shown = ", ".join(weak[:4]) + (" and more" if len(weak) > 4 else "")
            yield weak_ciphers_offered.finding(f"{shown} can be negotiated", setting.place)

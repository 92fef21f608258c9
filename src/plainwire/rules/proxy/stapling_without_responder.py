"""The proxy is to staple what the certificate's issuer no longer says.

Let's Encrypt ended OCSP on 2025-08-06: its certificates name no responder. nginx then ignores
`ssl_stapling` with a warning at every start, and clients are told nothing of revocations, which
short lives are for now (CWE-299).

Remedy:

    Take ssl_stapling and ssl_stapling_verify out.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;
      ssl_stapling on;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    The issuer is known by certbot's folder, unless the project names another authority's server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_FOLDER = "/etc/letsencrypt/"
_OTHER = re.compile(r"certbot\b[^\n]{0,300}--server\b|zerossl|buypass|acme\.ssl\.com|dv\.acme-v02")


@rule(
    kind="proxy-tls-defaults",
    severity=Severity.INFO,
    cwe=(299,),
    references=(
        "Let's Encrypt, Ending OCSP Support in 2025 (2024-12-05)",
        "nginx, ngx_http_ssl_module, ssl_stapling",
    ),
)
def stapling_without_responder(project: Project) -> Iterator[Finding]:
    """nginx servers that staple for a certificate of Let's Encrypt."""
    for site in project.sites:
        setting = site.certificate
        if site.staples is None or setting is None or _FOLDER not in (setting.value or ""):
            continue
        if site.environment not in ("production", "staging"):
            continue
        if any(_OTHER.search(file.text) for file in project.files):
            continue
        yield stapling_without_responder.finding(
            "Let's Encrypt's certificates name no OCSP responder", site.staples, setting.place
        )

"""The public server uses a certificate that nobody vouches for.

Clients cannot tell it from an attacker's: they warn, and their users learn to click the warning
away; programs switch verification off (RFC 5280, section 6; CWE-295).

Remedy:

    Use a certificate of a public authority; ACME clients get and renew one without cost.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      # the self-signed certificate
      ssl_certificate /srv/app/cert.pem;
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

    Known by words in the configuration only; the certificate itself is not in the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule

_SAYS = re.compile(r"self[-_ ]?signed|snakeoil", re.IGNORECASE)


@rule(
    kind="ssl-adhoc",
    severity=Severity.LOW,
    cwe=(295,),
    references=("RFC 5280, section 6", "RFC 8555"),
)
def self_signed_certificate(project: Project) -> Iterator[Finding]:
    """TLS server blocks whose certificate is said to be self-signed."""
    for site in project.sites:
        setting = site.certificate
        if setting is None or site.environment not in ("production", "staging"):
            continue
        file = project.file(setting.place.path)
        lines = file.lines if file is not None else []
        around = lines[max(setting.place.line - 3, 0) : setting.place.line]
        if any(_SAYS.search(line) for line in around):
            yield self_signed_certificate.finding(
                "the certificate is self-signed, as its name or the comment beside it says",
                setting.place,
                *(one.place for one in site.listens if one.has_tls),
                confidence=Confidence.TENTATIVE,
            )

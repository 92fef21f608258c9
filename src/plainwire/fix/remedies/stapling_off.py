"""Take stapling out where the certificate's issuer has no OCSP.

nginx ignores `ssl_stapling` for a certificate that names no responder, and warns of it; Let's
Encrypt's name none since OCSP ended there on 2025-08-06.

Condition:

    Right if the certificate is Let's Encrypt's: it lies in certbot's folder, and the project names
    no other authority.

Before:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;
      ssl_stapling on;
      ssl_stapling_verify on;  # as the generator had it
      location / { proxy_pass http://127.0.0.1:8000; }
    }

After:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;
      # as the generator had it
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Directives of the server block itself; ssl_trusted_certificate and resolver stay.
"""

from __future__ import annotations

from plainwire.fix.nginx import nginx
from plainwire.model import Finding, Project, Proposal, remedy

_NAMES = ("ssl_stapling", "ssl_stapling_verify")


@remedy(answers=("stapling-without-responder",), level="conditional")
def stapling_off(finding: Finding, project: Project) -> Proposal | None:
    """Takes both directives out of the server block of the finding."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or file.format != "nginx" or place.line is None:
        return None
    source = nginx(file)
    chain = source.server(place.line)
    if not chain:
        return None
    found = [d for name in _NAMES for d in chain[-1].all(name)]
    other = finding.locations[-1]
    why = f"the certificate lies in certbot's folder ({other.path}:{other.line})"
    edits = tuple(source.without(directive) for directive in found)
    return Proposal("take stapling out", edits, proof=why) if edits else None

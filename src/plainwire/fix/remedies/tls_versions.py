"""Let nginx offer TLS 1.2 and 1.3 only.

TLS 1.0 and 1.1 are deprecated (RFC 8996), SSL 2 and 3 prohibited (RFC 6176, RFC 7568).
nginx offered the former by default until 1.27.3.

Condition:

    Safe: every client that is supported by its maker speaks TLS 1.2 (Mozilla TLS guideline 6.0,
    intermediate), and every nginx since 1.13 knows both words.

Before:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/ssl/site.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }
    server {
      listen 8443 ssl;
      ssl_protocols SSLv3 TLSv1 TLSv1.1 TLSv1.2; # as on the old machine
      location / { proxy_pass http://127.0.0.1:8000; }
    }

After:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/ssl/site.pem;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / { proxy_pass http://127.0.0.1:8000; }
    }
    server {
      listen 8443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3; # as on the old machine
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    The suites are left as they are.
"""

from __future__ import annotations

from plainwire.fix.nginx import Directive, Nginx, nginx
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_GOOD = ("TLSv1.2", "TLSv1.3")


@remedy(answers=("tls-versions-unset", "old-tls-offered"), level="safe")
def tls_versions(finding: Finding, project: Project) -> Proposal | None:
    """Names the versions in the server block, or takes the old ones out of those that are named."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or file.format != "nginx" or place.line is None:
        return None
    source = nginx(file)
    named = source.around(place.line, "ssl_protocols")
    edit = _without_old(source, named[-1]) if named else _named(source, place.line)
    words = "offer TLS 1.2 and 1.3 only"
    return Proposal(words, (edit,)) if edit is not None else None


def _without_old(source: Nginx, directive: Directive) -> Edit | None:
    if not all(word.replace(".", "").isalnum() for word in directive.arguments):
        return None  # a variable or a template's word
    kept = [word for word in directive.arguments if word in _GOOD]
    new = _GOOD if "TLSv1.3" not in kept else kept
    return source.with_arguments(directive, " ".join(new))


def _named(source: Nginx, line: int) -> Edit | None:
    chain = source.server(line)
    if not chain:
        return None
    beside = [
        d
        for name in ("listen", "ssl_certificate", "ssl_certificate_key")
        for d in chain[-1].all(name)
    ]
    last = max(beside, key=lambda d: d.start, default=None)
    return source.after(last, f"ssl_protocols {' '.join(_GOOD)};") if last is not None else None

"""The proxy before the application serves plain HTTP only.

A reverse proxy is where TLS ends; one that listens without it leaves the whole way from the
client in clear, and whoever is on it reads and changes what passes (RFC 9110, section 17; CWE-319).

Remedy:

    Listen on 443 with a certificate, and let port 80 answer with a redirect to https only.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 80;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 80;
      return 301 https://$host$request_uri;
    }
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A load balancer before the proxy that terminates TLS is not seen unless the project's files
    describe it.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule


@rule(
    kind="proxy-http-only",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 17", "nginx, ngx_http_ssl_module"),
)
def proxy_without_tls(project: Project) -> Iterator[Finding]:
    """Production paths through a proxy whose port speaks no TLS and does not redirect."""
    for path in project.paths:
        if path.kind != "proxied" or path.is_encrypted or path.environment != "production":
            continue
        if path.site is None:
            continue
        is_known = path.is_encrypted is False
        yield proxy_without_tls.finding(
            f"{path.site.program} serves plain HTTP and nothing before it is known to use TLS"
            if is_known
            else f"{path.site.program} serves plain HTTP; who publishes it is not known here",
            *path.places,
            severity=Severity.HIGH if is_known else Severity.MEDIUM,
            confidence=Confidence.FIRM if is_known else Confidence.TENTATIVE,
        )

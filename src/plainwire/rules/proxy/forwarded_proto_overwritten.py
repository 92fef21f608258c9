"""A second proxy tells the application the wrong scheme.

The first proxy terminates TLS and says https; the second is asked over plain HTTP, and sets the
header to its own `$scheme`. The application learns http for every request: redirects to https loop,
links and cookies are those of plain HTTP, HSTS is not sent (CWE-693).

Remedy:

    Let the second proxy pass on what the first one says ($http_x_forwarded_proto), and let nobody
    but the first one reach it.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- edge.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://inner:8080;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- inner.conf
    server {
      listen 8080;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- compose.yaml
    services:
      web: {build: .}
      inner:
        image: nginx
        volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
      edge:
        image: nginx
        volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
        ports: ["443:443"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- edge.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://inner:8080;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- inner.conf
    server {
      listen 8080;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
      }
    }
    --- compose.yaml
    services:
      web: {build: .}
      inner:
        image: nginx
        volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
      edge:
        image: nginx
        volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
        ports: ["443:443"]

Limits:

    Where both proxies are of the project and nginx the second one. A load balancer before the first
    is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="proxy-xfp-missing",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("RFC 7239, section 5.4", "nginx, ngx_http_proxy_module, proxy_set_header"),
)
def forwarded_proto_overwritten(project: Project) -> Iterator[Finding]:
    """Proxies behind one that terminates TLS which say their own scheme."""
    seen: set[object] = set()
    for path in project.paths:
        if path.environment != "production" or path.app is None or not path.is_encrypted:
            continue
        if path.tells_https is not False:
            continue
        for relay in path.relays[1:]:
            is_own = relay.forward.headers.get("x-forwarded-proto") == "$scheme"
            if is_own and not relay.listen.has_tls and relay.site.place not in seen:
                seen.add(relay.site.place)
                yield forwarded_proto_overwritten.finding(
                    f"{relay.site.program} is asked over http and says so, though clients use "
                    "https",
                    relay.forward.header_place or relay.forward.place,
                    relay.forward.place,
                    relay.listen.place,
                    path.app.place,
                    *path.places,
                )

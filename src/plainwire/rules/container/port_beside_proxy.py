"""A server's port is published beside the proxy that stands before it.

Clients that use the port pass the proxy by: its TLS, its redirect, its access rules and the
forwarding headers that it sets. What they send is in clear, and they can forge
`X-Forwarded-Proto` and `X-Forwarded-For` to an application that trusts its proxy (CWE-319).

Remedy:

    Remove the published port, or publish it on 127.0.0.1: services of one network reach each other
    without it.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- compose.yaml
    services:
      proxy:
        image: nginx
        volumes:
          - ./nginx.conf:/etc/nginx/conf.d/default.conf
        ports:
          - "443:443"
      web:
        build: .
        ports:
          - "8000:8000"

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- compose.yaml
    services:
      proxy:
        image: nginx
        volumes:
          - ./nginx.conf:/etc/nginx/conf.d/default.conf
        ports:
          - "443:443"
      web:
        build: .
        expose:
          - "8000"

Limits:

    A firewall that closes the port is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Path, Project, Severity, Span, rule


@rule(
    kind="port-bypass",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 17", "Compose specification, ports"),
)
def port_beside_proxy(project: Project) -> Iterator[Finding]:
    """Production paths to a server that a published proxy or a route leads to as well."""
    for path in project.paths:
        if path.kind != "beside" or path.environment != "production":
            continue
        if path.proxy is None:
            continue
        if path.publication is None:
            yield _open_on_host(path, path.proxy)
            continue
        port = path.publication.port or path.publication.target or "a port"
        yield port_beside_proxy.finding(
            f"{path.service.name} can be reached on port {port} without the proxy before it",
            *path.places,
            path.proxy,
        )


def _open_on_host(path: Path, proxy: Span) -> Finding:
    server = path.start.program if path.start is not None else path.service.name
    return port_beside_proxy.finding(
        f"{server} listens on every interface, so that only a firewall keeps clients to the proxy",
        *path.places,
        proxy,
        severity=Severity.MEDIUM,
        confidence=Confidence.TENTATIVE,
    )

"""A proxy redirects to https, and what terminates TLS before it asks over http.

The proxy looks at how the request reached it, and that is http for every client: each is sent to
the address that it has just asked, until it gives up (ERR_TOO_MANY_REDIRECTS). What is done about
it in a hurry is mostly to switch TLS or the redirect off (CWE-835).

Remedy:

    Redirect where TLS is terminated, and let the second proxy answer what it is asked; or let it
    look at the X-Forwarded-Proto of the first one, where nobody else reaches it.

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
      if ($scheme = http) {
        return 301 https://$host$request_uri;
      }
      location / { proxy_pass http://web:8000; }
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
      if ($http_x_forwarded_proto = http) {
        return 301 https://$host$request_uri;
      }
      location / { proxy_pass http://web:8000; }
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

    nginx, Apache and HAProxy behind a proxy, ingress or router of the project. Caddy's own redirect
    and a condition with a name of its own (HAProxy's acl) are not followed, and a load balancer
    that the files do not describe is not seen. Where an application redirects behind a proxy that
    does not tell the scheme, that is forwarded-proto-not-sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.deployment import loops
from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="proxy-xfp-missing",
    severity=Severity.MEDIUM,
    cwe=(835,),
    references=("RFC 9110, section 15.4", "nginx, ngx_http_core_module, $scheme"),
)
def redirect_loops(project: Project) -> Iterator[Finding]:
    """Redirects to https of proxies that what terminates TLS asks over http."""
    for deployment in project.deployments:
        for loop in loops(deployment) if deployment.environment == "production" else ():
            at = f"{loop.before.place.path}:{loop.before.place.line}"
            yield redirect_loops.finding(
                f"what came over https is asked of {loop.site.program} over http ({at}), and sent "
                "back to https without end",
                *dict.fromkeys((loop.redirect, loop.listen.place, loop.before.place)),
            )

"""The proxy passes on the scheme that the client claims.

`$http_x_forwarded_proto` is what the client wrote. An application that believes its proxy then
believes the client: plain HTTP passes for https (CWE-348).

Remedy:

    Set the header to $scheme, or map the client's value only for the addresses of the proxy before
    this one.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
      }
    }

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A map that trusts only the addresses of a proxy is taken for one that trusts everybody. Behind a
    proxy of the same compose file that sets the header itself, and with no port published, passing
    it on is right.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.deployment import stands_behind
from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="proxy-xfp-passthrough",
    severity=Severity.MEDIUM,
    cwe=(348,),
    references=("RFC 7239, section 8.1", "nginx, ngx_http_proxy_module, proxy_set_header"),
)
def forwarded_proto_passed_through(project: Project) -> Iterator[Finding]:
    """Forwards whose X-Forwarded-Proto is the client's own."""
    for site in project.sites:
        if site.environment not in ("production", "staging"):
            continue
        for forward in site.forwards:
            if "$http_x_forwarded" in forward.headers.get("x-forwarded-proto", ""):
                if stands_behind(site, project.deployments, project.paths):
                    break  # what the client wrote was overwritten on the way
                yield forwarded_proto_passed_through.finding(
                    "the client's own X-Forwarded-Proto is passed on",
                    forward.header_place or forward.place,
                    forward.place,
                    site.place,
                )
                break

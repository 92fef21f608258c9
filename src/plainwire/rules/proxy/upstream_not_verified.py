"""The proxy speaks TLS to its upstream and does not verify it.

nginx verifies an upstream's certificate only with `proxy_ssl_verify on`; without it, whoever is
between the two is the upstream (CWE-295).

Remedy:

    proxy_ssl_verify on with proxy_ssl_trusted_certificate and proxy_ssl_name.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / { proxy_pass https://backend.shop.net; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_ssl_verify on;
        proxy_pass https://backend.shop.net;
      }
    }

Limits:

    Upstreams on the same machine and by names without a dot are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import is_remote


@rule(
    kind="proxy-upstream-noverify",
    severity=Severity.MEDIUM,
    cwe=(295,),
    references=("nginx, ngx_http_proxy_module, proxy_ssl_verify",),
)
def upstream_not_verified(project: Project) -> Iterator[Finding]:
    """Forwards over https to another machine, unverified."""
    for site in project.sites:
        if site.program != "nginx" or site.environment not in ("production", "staging"):
            continue
        for forward in site.forwards:
            is_far = is_remote(f"http://{forward.host}/")
            if forward.scheme == "https" and not forward.verifies and is_far:
                yield upstream_not_verified.finding(
                    f"{forward.host} is not verified", forward.place, site.place
                )

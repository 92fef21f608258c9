"""The proxy passes requests on over the internet in clear.

TLS ends at the proxy, and what it was for goes on in clear to another machine (CWE-319).

Remedy:

    Use https:// with proxy_ssl_verify on, or a tunnel between the two.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / { proxy_pass http://backend.shop.net; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Names without a dot and of private networks are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import is_remote


@rule(
    kind="proxy-upstream-cleartext",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9110, section 17",),
)
def upstream_in_clear(project: Project) -> Iterator[Finding]:
    """Forwards over http to another machine."""
    for site in project.sites:
        if site.environment not in ("production", "staging"):
            continue
        for forward in site.forwards:
            if forward.scheme == "http" and is_remote(f"http://{forward.host}/"):
                yield upstream_in_clear.finding(
                    f"requests go to {forward.host} in clear", forward.place, site.place
                )

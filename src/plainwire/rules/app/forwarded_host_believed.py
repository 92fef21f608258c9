"""The application believes a host or prefix that no proxy sets.

ProxyFix takes them from X-Forwarded-Host and X-Forwarded-Prefix. nginx passes on what the client
sent: whoever asks for another's password to be reset chooses where the link in the mail leads, and
caches keep pages with links to another host (RFC 7239, section 8.1; CWE-348).

Remedy:

    Leave x_host and x_prefix out where the proxy passes the Host header on, or let it set
    X-Forwarded-Host and X-Forwarded-Prefix. TRUSTED_HOSTS refuses other hosts.

Bad:

    --- app.py
    from flask import Flask, url_for
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    def link(token):
        return url_for("reset", token=token, _external=True)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Good:

    --- app.py
    from flask import Flask, url_for
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    def link(token):
        return url_for("reset", token=token, _external=True)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    Proxies of the project that are nginx, the first of which terminates TLS. An application with
    TRUSTED_HOSTS or SERVER_NAME is taken to refuse other hosts.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.deployment.arriving_headers import (
    Arriving,
    arriving,
    believed,
    proxied_paths,
    proxy_fix,
)
from plainwire.model import App, Finding, Path, Project, Severity, rule

_HEADERS = (("x_host", "X-Forwarded-Host"), ("x_prefix", "X-Forwarded-Prefix"))


@rule(
    kind="fwd-overtrust",
    severity=Severity.MEDIUM,
    cwe=(348,),
    references=("Werkzeug, ProxyFix", "RFC 7239, section 8.1"),
)
def forwarded_host_believed(project: Project) -> Iterator[Finding]:
    """Arguments of ProxyFix for headers that arrive as the client sent them."""
    for app in project.apps:
        for path in proxied_paths(app, project):
            found = _on(path, app, project) if path.is_encrypted else None
            if found is not None:
                yield found
                break


def _on(path: Path, app: App, project: Project) -> Finding | None:
    middleware = proxy_fix(app)
    if middleware is None or app.setting("TRUSTED_HOSTS") or app.setting("SERVER_NAME"):
        return None
    wrong = [
        header
        for argument, header in _HEADERS
        if believed(middleware, argument)
        and arriving(path, header.lower(), project) == Arriving(0, False)
    ]
    if not wrong:
        return None
    is_host = wrong[0] == "X-Forwarded-Host" and bool(app.external_urls)
    return forwarded_host_believed.finding(
        f"{' and '.join(wrong)}: believed, and no proxy sets it",
        middleware.place,
        *(relay.forward.header_place or relay.forward.place for relay in path.relays),
        *path.places,
        severity=Severity.MEDIUM if is_host else Severity.LOW,
    )

"""The application does not learn that its clients use https.

The proxy terminates TLS and says so, and nothing in the application listens: `request.is_secure` is
False, external URLs and redirects are built http, and what depends on a secure request (Flask-WTF's
referrer check, cookies) is off (CWE-693).

Remedy:

    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1), with as many hops as there
    are proxies.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://app.internal:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Good:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://app.internal:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    gunicorn believes the header from its own machine and sets the scheme itself; there the
    application knows. Middleware with another name is not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import (
    GATEWAY,
    App,
    Confidence,
    Finding,
    Middleware,
    Path,
    Project,
    Severity,
    rule,
)

_LISTENING = ("ProxyFix", "ReverseProxied", "flask_plainwire.TLS")
_CONFIGURATION = re.compile(r"(Config|Settings)\b")


@rule(
    kind="proxyfix-missing",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("Flask, Tell Flask it is Behind a Proxy", "Werkzeug, ProxyFix"),
)
def forwarded_proto_ignored(project: Project) -> Iterator[Finding]:
    """Applications behind a proxy that tells https, without anything that listens."""
    for app in project.apps:
        fixes = [m for m in app.middleware if m.name.endswith(_LISTENING)]
        mine = [p for p in project.paths if p.app is app and p.environment == "production"]
        if not fixes:
            for path in mine:
                is_told = path.kind == "proxied" and path.tells_https and path.is_encrypted
                if is_told and not _server_knows(path):
                    yield _found(app, path)
                    break
        elif all(_CONFIGURATION.search(m.scope) for m in fixes):
            yield from _in_one_configuration(app, fixes, mine)


def _found(app: App, path: Path) -> Finding:
    header = path.forward.header_place if path.forward is not None else None
    return forwarded_proto_ignored.finding(
        "the proxy sends X-Forwarded-Proto and the application does not read it",
        app.place,
        *((header,) if header is not None else ()),
        *path.places,
    )


def _server_knows(path: Path) -> bool:
    if path.forward is not None and path.forward.headers.get("x-forwarded-proto") == GATEWAY:
        return True  # uwsgi_params and its like say HTTPS and REQUEST_SCHEME
    start = path.start
    return start is not None and start.program == "gunicorn" and start.is_local


def _in_one_configuration(app: App, fixes: list[Middleware], mine: list[Path]) -> Iterator[Finding]:
    """ProxyFix stands in one platform's configuration, and another is deployed."""
    names = {m.scope.partition(".")[0] for m in fixes}
    for path in mine:
        if path.kind in ("direct", "unpublished") and (app.external_urls or app.has_sessions):
            others = [s for s in app.config_places if not any(n in s.text for n in names)]
            yield forwarded_proto_ignored.finding(
                f"ProxyFix stands in {', '.join(sorted(names))} only; behind any other proxy the "
                "application believes that everything is http",
                fixes[0].place,
                *others[-2:],
                *path.places,
                confidence=Confidence.TENTATIVE,
            )
            return

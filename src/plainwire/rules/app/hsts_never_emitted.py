"""Flask-Talisman is set up, and its HSTS never leaves.

Talisman sends Strict-Transport-Security only on a request that it takes for https: one that is
secure itself or carries `X-Forwarded-Proto: https`. Behind a proxy that terminates TLS or speaks
plain HTTP and sets no such header, no request ever is (CWE-693).

Remedy:

    Let the proxy set X-Forwarded-Proto to its scheme, terminate TLS there, and wrap the application
    in ProxyFix.

Bad:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app, force_https=False)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
      }
    }

Good:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app, force_https=False)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A header that a second proxy, not in the project, sets is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="hsts-ineffective",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("RFC 6797, section 7.2", "Flask-Talisman, options"),
)
def hsts_never_emitted(project: Project) -> Iterator[Finding]:
    """Talisman behind a proxy that does not say https."""
    for app in project.apps:
        wrapped = [m for m in app.middleware if m.name.endswith("Talisman")]
        for path in project.paths:
            if not wrapped or path.app is not app or path.environment != "production":
                continue
            if path.kind != "proxied" or path.forward is None or path.forward.scheme == "wsgi":
                continue
            if path.tells_https is False and path.hsts is None:
                yield hsts_never_emitted.finding(
                    "Talisman never takes a request for https here, so it sends no HSTS",
                    wrapped[0].place,
                    path.forward.header_place or path.forward.place,
                    *path.places,
                )
                break

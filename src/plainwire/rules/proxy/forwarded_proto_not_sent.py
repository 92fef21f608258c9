"""The proxy does not tell the application which scheme the client used.

Without `X-Forwarded-Proto` an application behind a proxy believes that everything is http: it
builds http links into mails and redirects, sends cookies without Secure where that depends on the
request, and checks of the referrer over https are off (CWE-693).

Remedy:

    proxy_set_header X-Forwarded-Proto $scheme; in every location that passes requests on, and
    ProxyFix in the application.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
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
    app = Flask(__name__)
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

    A proxy that speaks plain HTTP has little to tell; there the finding is low unless the
    application depends on the scheme.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import App, Finding, Path, Project, Severity, rule


@rule(
    kind="proxy-xfp-missing",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("RFC 7239, section 5.4", "Flask, Tell Flask it is Behind a Proxy"),
)
def forwarded_proto_not_sent(project: Project) -> Iterator[Finding]:
    """Production proxies that pass requests on without the client's scheme."""
    seen: set[object] = set()
    for path in project.paths:
        if path.kind != "proxied" or path.tells_https is not False or path.site is None:
            continue
        if path.forward is None or path.forward.scheme in ("wsgi", "uwsgi", "fastcgi"):
            continue
        if path.app is None or path.environment != "production" or path.site.place in seen:
            continue
        if any("x-forwarded-proto" in one.forward.headers for one in path.relays[1:]):
            continue  # it is overwritten
        seen.add(path.site.place)
        forward = path.relays[0].forward if path.relays else path.forward
        yield forwarded_proto_not_sent.finding(
            f"{path.site.program} passes requests on without X-Forwarded-Proto",
            forward.header_place or forward.place,
            forward.place,
            path.app.place,
            *path.places,
            severity=_severity(path, path.app),
        )


def _severity(path: Path, app: App) -> Severity:
    depends = bool(app.external_urls) or any(
        m.name.endswith(("Talisman", "SSLify", "ProxyFix")) for m in app.middleware
    )
    if path.is_encrypted:
        return Severity.HIGH if depends or app.has_sessions else Severity.MEDIUM
    return Severity.MEDIUM if depends else Severity.LOW

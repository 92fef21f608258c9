"""Passwords are taken over a path without TLS.

A login, registration or Basic authentication that can be reached over plain HTTP hands the
password to everybody on the way, and the token that it returns after it (CWE-319, CWE-523).

Remedy:

    Terminate TLS on every path to the application, and refuse plain HTTP with 403 where credentials
    are expected: a redirect comes after the password was sent.

Bad:

    --- app.py
    from flask import Flask, request
    app = Flask(__name__)
    @app.post("/login")
    def login():
        return check(request.json["username"], request.json["password"])
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["80:8000"]

Good:

    --- app.py
    from flask import Flask, request
    app = Flask(__name__)
    @app.post("/login")
    def login():
        return check(request.json["username"], request.json["password"])
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    Views are known by their names, routes and the words that they read from a request. Of proxies,
    nginx and Apache are asked whether they want a password by Basic authentication.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plainwire.model import (
    App,
    Confidence,
    Finding,
    Path,
    Project,
    ProxySite,
    Severity,
    Span,
    rule,
)


@rule(
    kind="credentials-cleartext",
    severity=Severity.HIGH,
    cwe=(319, 523),
    references=("RFC 6819, section 4.3.1", "RFC 7617, section 4", "RFC 9110, section 17"),
    owasp=("API2:2023", "API8:2023"),
    cap="F",
)
def credentials_in_clear(project: Project) -> Iterator[Finding]:
    """Applications that take passwords, at the end of a production path in clear."""
    done: set[object] = set()
    for path in sorted(project.paths, key=lambda p: p.is_encrypted is None):
        app = path.app
        if app is None or not app.credentials or path.environment != "production":
            continue
        if path.is_encrypted or app.place in done or _refuses(app):
            continue
        if path.kind == "beside" and path.is_encrypted is None:
            continue  # there is a proxy with TLS, and perhaps a firewall
        done.add(app.place)
        yield _found(path, app)
    for site in project.sites:
        if site.environment == "production" and site.asks_password is not None:
            yield from _asked_by_proxy(site, site.asks_password, project.paths)


def _found(path: Path, app: App) -> Finding:
    is_known = path.is_encrypted is False
    return credentials_in_clear.finding(
        "a password is taken here, and the application can be reached over plain HTTP"
        if is_known
        else "a password is taken here, and nothing in the project terminates TLS before it",
        *app.credentials[:3],
        *path.places,
        severity=Severity.HIGH if is_known else Severity.MEDIUM,
        confidence=Confidence.FIRM if is_known else Confidence.TENTATIVE,
        cap="F" if is_known else "C",
    )


def _asked_by_proxy(site: ProxySite, asked: Span, paths: Sequence[Path]) -> Iterator[Finding]:
    """Basic authentication on a port without TLS, unless every path to it is encrypted before."""
    plain = next((one for one in site.listens if not one.has_tls and not one.is_local), None)
    mine = [p for p in paths if any(s.place == site.place for s in p.service.sites)]
    if plain is None or site.redirects is not None:
        return
    if mine and all(p.is_encrypted for p in mine):
        return
    is_known = any(p.is_encrypted is False for p in mine)
    yield credentials_in_clear.finding(
        "the proxy asks for a password (Basic) on a port without TLS",
        asked,
        plain.place,
        *(place for p in mine[:1] for place in p.places),
        severity=Severity.HIGH if is_known else Severity.MEDIUM,
        confidence=Confidence.FIRM if is_known else Confidence.TENTATIVE,
        cap="F" if is_known else "C",
    )


def _refuses(app: App) -> bool:
    """True if the application itself sends plain HTTP away, in every configuration."""
    if app.redirect_hook is not None:
        return True
    return any(m.enforces_https and not m.is_conditional for m in app.middleware)

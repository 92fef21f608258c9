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

    Views are known by their names, routes and the words that they read from a request.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import App, Confidence, Finding, Path, Project, Severity, rule


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
        done.add(app.place)
        yield _found(path, app)


def _found(path: Path, app: App) -> Finding:
    is_known = path.is_encrypted is False
    return credentials_in_clear.finding(
        "a password is taken here, and the application can be reached over plain HTTP"
        if is_known
        else "a password is taken here, and nothing in the project terminates TLS before it",
        *app.credentials[:2],
        *path.places,
        severity=Severity.HIGH if is_known else Severity.MEDIUM,
        confidence=Confidence.FIRM if is_known else Confidence.TENTATIVE,
        cap="F" if is_known else "C",
    )


def _refuses(app: App) -> bool:
    """True if the application itself sends plain HTTP away, in every configuration."""
    if app.redirect_hook is not None:
        return True
    return any(
        m.name.endswith(("Talisman", "SSLify", "flask_plainwire.TLS"))
        and not m.is_conditional
        and m.arguments.get("force_https") is not False
        for m in app.middleware
    )

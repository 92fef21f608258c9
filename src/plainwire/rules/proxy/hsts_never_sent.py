"""Nothing on the path sends HSTS.

Without Strict-Transport-Security a browser tries plain HTTP first whenever a user types the name
or follows an old link, and whoever is on the way answers instead (RFC 6797, section 2.3).

Remedy:

    Let the proxy send Strict-Transport-Security: max-age=31536000 with "always", or the application
    (flask_plainwire).

Bad:

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

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A header that a load balancer outside the project adds is not seen. An ingress of class nginx is
    taken for ingress-nginx, which sends one for the hosts of its tls unless a ConfigMap says
    hsts: "false"; NGINX's own controller, which sends none, is known by its annotations alone.
    Where nothing in the project terminates TLS, an application that takes passwords and sends none
    is a low, tentative finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import App, Confidence, Finding, Path, Project, Severity, rule


@rule(
    kind="hsts-missing",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 6797, section 7.2",),
)
def hsts_never_sent(project: Project) -> Iterator[Finding]:
    """Production paths with TLS on which neither proxy nor application sends HSTS."""
    mine = [p for p in project.paths if p.environment == "production" and p.app is not None]
    for app in project.apps:
        if _sends(app):
            continue
        paths = [p for p in mine if p.app is app]
        encrypted = [p for p in paths if p.is_encrypted]
        if encrypted:
            yield from _on(encrypted, app)
        elif app.credentials and paths:
            yield hsts_never_sent.finding(
                "the application sends no HSTS and nothing in the project terminates TLS for it",
                app.place,
                paths[0].hops[0].place,
                severity=Severity.LOW,
                confidence=Confidence.TENTATIVE,
            )


def _on(encrypted: list[Path], app: App) -> Iterator[Finding]:
    for path in encrypted:
        if path.hsts is not None or _only_turns_away(path):
            continue
        is_platform = path.kind == "routed"
        first = app.place if is_platform else path.hops[0].place
        yield hsts_never_sent.finding(
            "TLS is used here and neither the proxy nor the application sends HSTS",
            first,
            app.place,
            *app.config_places[:1],
            *path.places,
            severity=Severity.LOW if is_platform else Severity.MEDIUM,
        )


def _only_turns_away(path: Path) -> bool:
    """True for a server block that redirects or refuses all that comes: no page is behind it."""
    site = path.site
    return site is not None and not site.forwards and site.redirects is not None


def _sends(app: App) -> bool:
    if app.hsts_hook is not None:
        return True
    return any(
        m.name.endswith(("Talisman", "SSLify", "SecureHeaders", "Secure", "flask_plainwire.TLS"))
        and not m.is_conditional
        and m.arguments.get("strict_transport_security") is not False
        for m in app.middleware
    )

"""HTTPS is enforced under a condition that not every deployment meets.

A redirect that only one platform's configuration switches on, or that is left to a proxy which
does not do it, is missing wherever else the application is deployed: everything answers over plain
HTTP, and no HSTS is sent (CWE-319).

Remedy:

    Enforce HTTPS in the base configuration of production and switch it off for development, or let
    every proxy that is shipped redirect.

Bad:

    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app, force_https=False)
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
    from flask import Flask
    from flask_talisman import Talisman
    app = Flask(__name__)
    Talisman(app)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["80:8000"]

Limits:

    Enforcement that is written without an extension is seen as a before_request hook only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import App, Confidence, Finding, Project, Severity, Span, rule

_OTHERS = re.compile(r"MAIL|SMTP|DB|DATABASE|REDIS|LDAP|S3")
_DISABLED = re.compile(r"(SSL|HTTPS|TLS)_DISABLED?$|^(NO|DISABLE)_(SSL|HTTPS|TLS)$")
_SWITCH = re.compile(r"(SSL|HTTPS|TLS)(_(REDIRECT|ONLY|REQUIRED|ENABLED?))?$|^(FORCE|REQUIRE)_")


@rule(
    kind="no-https-redirect",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 9110, section 17", "RFC 6797, section 7.2"),
)
def https_enforced_in_one_configuration_only(project: Project) -> Iterator[Finding]:
    """Applications whose enforcement is conditional or delegated, with a path that lacks it."""
    for app in project.apps:
        places = _partial(app)
        if not places or app.redirect_hook is not None:
            continue
        for path in project.paths:
            if path.app is not app or path.environment != "production" or path.redirects:
                continue
            if path.is_encrypted and path.redirects is None:
                continue
            yield https_enforced_in_one_configuration_only.finding(
                f"HTTPS is not enforced on the way {path.deployment} describes",
                *places,
                *path.places,
                confidence=Confidence.TENTATIVE,
            )
            break


def _partial(app: App) -> list[Span]:
    """Where HTTPS is enforced under a condition or not at all, the switch that decides it first."""
    enforcing = [m for m in app.middleware if m.name.endswith(("Talisman", "SSLify"))]
    whole = [m for m in enforcing if not m.is_conditional and m.enforces_https]
    if whole or not enforcing:
        return []
    switches = [
        s.place
        for s in app.settings
        if s.environment == "production"
        and not _OTHERS.search(s.name)
        and ((_SWITCH.search(s.name) and s.is_false) or (_DISABLED.search(s.name) and s.is_true))
    ]
    return [*switches[:1], *(m.place for m in enforcing)]

"""HSTS is sent for so short a time that it protects hardly anybody.

A browser keeps the policy for max-age seconds after the last answer; a visitor who comes back later
is unprotected again (RFC 6797, section 11.2). max-age=0 takes the policy away (section 6.1.1).

Remedy:

    Send max-age=31536000. A short value is for the days in which HTTPS is tried out; with
    TLS_HSTS_SINCE flask_plainwire raises it by itself, from five minutes to a year.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=60" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    A value that a variable holds is not known, nor what FLASK_TLS_HSTS_SINCE says to
    from_prefixed_env. What Flask-Talisman sends is hsts-switched-off's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import App, Finding, Project, Severity, Span, rule

ENOUGH = 15_768_000  # half a year: what hsts-switched-off asks for too
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,12})\b", re.IGNORECASE)
_NAME = "strict-transport-security"


@rule(
    kind="hsts-ineffective",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("RFC 6797, section 6.1.1", "RFC 6797, section 11.2"),
)
def hsts_too_short(project: Project) -> Iterator[Finding]:
    """The header's lines of proxies, and what applications put into it."""
    for site in project.sites:
        if site.hsts is not None and site.environment in ("production", "staging"):
            yield from _found(site.hsts, site.hsts.text)
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for binding in module.bindings:
            if binding.key.lower() == _NAME:
                yield from _found(module.span(binding.line), binding.value.text)
    for app in project.apps:
        yield from _by_extension(app, project)


def _by_extension(app: App, project: Project) -> Iterator[Finding]:
    """flask_plainwire sends five minutes for ever where neither a date nor a max-age is set."""
    extension = next((m for m in app.middleware if m.name == "flask_plainwire.TLS"), None)
    paths = [p for p in project.paths if p.app is app and p.environment == "production"]
    if extension is None or not paths or all(p.hsts is not None for p in paths):
        return
    if app.hsts_hook is not None or app.setting("TLS_HSTS_SINCE"):
        return
    ages = app.setting("TLS_HSTS_MAX_AGE", "production", "staging")
    for age in ages:
        if (age.value or "").isdecimal() and int((age.value or "")[:12]) < ENOUGH:
            said = f"TLS_HSTS_MAX_AGE = {age.value} is less than half a year"
            yield hsts_too_short.finding(said, age.place)
    if not ages:
        said = "max-age=300 is sent for ever: TLS_HSTS_SINCE is not set"
        yield hsts_too_short.finding(said, extension.place)


def _found(place: Span, text: str) -> Iterator[Finding]:
    match = _MAX_AGE.search(text)
    if match is not None and int(match[1]) < ENOUGH:
        yield hsts_too_short.finding(f"max-age={match[1]} is less than half a year", place)

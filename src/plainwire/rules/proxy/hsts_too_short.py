"""HSTS is sent for so short a time that it protects hardly anybody.

A browser keeps the policy for max-age seconds after the last answer; a visitor who comes back later
is unprotected again (RFC 6797, section 11.2). max-age=0 takes the policy away (section 6.1.1).

Remedy:

    Send max-age=31536000. A short value is for the days in which HTTPS is tried out.

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

    A value that a variable holds is not known. What Flask-Talisman sends is hsts-switched-off's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, Span, rule

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


def _found(place: Span, text: str) -> Iterator[Finding]:
    match = _MAX_AGE.search(text)
    if match is not None and int(match[1]) < ENOUGH:
        yield hsts_too_short.finding(f"max-age={match[1]} is less than half a year", place)

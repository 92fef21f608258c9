"""HSTS is sent in a form that browsers drop.

A browser ignores the whole header where it does not follow its grammar: directives are separated by
semicolons, and max-age is a whole number (RFC 6797, sections 6.1 and 8.1). A colon or a comma in
the place of a semicolon is enough, and nothing shows it: the header is there.

Remedy:

    Send exactly max-age=31536000, or max-age=31536000; includeSubDomains.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000: includeSubDomains" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Judged by the grammar of the RFC where the value stands in quotes or is a string of Python; one
    that a variable holds a part of is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, Span, rule
from plainwire.wire import hsts

_QUOTED = re.compile(r"[\"']([^\"'\n]{0,300}max-age[^\"'\n]{0,300})[\"']", re.IGNORECASE)
_OPEN = re.compile(r"[${}%]")


@rule(
    kind="hsts-ineffective",
    severity=Severity.MEDIUM,
    cwe=(693,),
    references=("RFC 6797, section 6.1", "RFC 6797, section 8.1"),
)
def hsts_malformed(project: Project) -> Iterator[Finding]:
    """The header's value at proxies, and what applications put into it."""
    for site in project.sites:
        if site.hsts is not None and site.environment in ("production", "staging"):
            quoted = _QUOTED.search(site.hsts.text)
            if quoted is not None:
                yield from _found(site.hsts, quoted[1])
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for binding in module.bindings:
            if binding.key.lower() == hsts.NAME and isinstance(binding.value.literal, str):
                yield from _found(module.span(binding.line), binding.value.literal)


def _found(place: Span, value: str) -> Iterator[Finding]:
    policy = hsts.parse(value)
    if not policy.is_honoured and not _OPEN.search(value):
        yield hsts_malformed.finding(f"browsers drop this header: {policy.problems[0]}", place)

"""The application believes forwarded headers from clients that reach it directly.

ProxyFix takes the scheme, host and address from headers. Where a client can reach the port without
the proxy it writes them itself: it passes for https, for another address, for another host
(CWE-348).

Remedy:

    Close the port to everything but the proxy, or wrap in ProxyFix only where a proxy is
    configured.

Bad:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["8000:8000"]

Good:

    --- app.py
    import os
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    if os.environ.get("BEHIND_PROXY"):
        app.wsgi_app = ProxyFix(app.wsgi_app)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["8000:8000"]

Limits:

    A firewall before the port is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_CONFIGURATION = re.compile(r"(Config|Settings)\b")


@rule(
    kind="fwd-overtrust",
    severity=Severity.MEDIUM,
    cwe=(348,),
    references=("Werkzeug, ProxyFix", "RFC 7239, section 8.1"),
)
def forwarded_headers_trusted(project: Project) -> Iterator[Finding]:
    """Unconditional ProxyFix, or a server that believes everybody, on a published port."""
    for app in project.apps:
        fixes = [
            m
            for m in app.middleware
            if m.name.endswith("ProxyFix")
            and not m.is_conditional
            and not _CONFIGURATION.search(m.scope)
        ]
        reached = [
            p
            for p in project.paths
            if p.app is app and p.kind in ("direct", "beside") and p.environment == "production"
        ]
        for path in reached:
            if path.start is not None and path.start.trusts is not None:
                yield forwarded_headers_trusted.finding(
                    "the server believes forwarded headers from every address",
                    path.start.trusts,
                    *path.places,
                )
                break
        if fixes and reached:
            yield forwarded_headers_trusted.finding(
                "ProxyFix believes headers that any client of the published port can send",
                fixes[0].place,
                *reached[0].places,
            )

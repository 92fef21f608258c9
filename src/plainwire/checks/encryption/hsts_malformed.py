"""Strict-Transport-Security does not follow its grammar.

A browser ignores the whole header if `max-age` is missing, no number or there twice, or if the
header is not a list of directives separated by semicolons (RFC 6797, sections 6.1 and 8.1): the
host looks protected and is not. A comma in place of the semicolon, or two headers joined by a
proxy, is enough.

Remedy:

    Send exactly `max-age=31536000`, or `max-age=31536000; includeSubDomains`.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000, includeSubDomains"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Judged by the grammar of the RFC; a browser that forgives more is not asked. Of several
    headers the first is judged. Not asked for IP addresses and localhost, where HSTS does not
    apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import hsts

MAX_PROBLEMS = 3


@check(
    severity=Severity.MEDIUM,
    cwe=(319, 523),
    references=("RFC 6797, sections 6.1 and 8.1",),
    reads_bodies=False,
)
async def hsts_malformed(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host that sends a broken HSTS header; low if browsers honour the rest."""
    if site.target.is_local_name:
        return
    broken = [
        (policy, exchange)
        for _, exchange in await site.pages("https")
        if (policy := hsts.sent(exchange)) and policy.problems
    ]
    if not broken:
        return
    worst, _ = min(broken, key=lambda pair: pair[0].is_honoured)
    verdict = "browsers honour the rest" if worst.is_honoured else "browsers ignore the header"
    yield hsts_malformed.finding(
        f"Strict-Transport-Security is malformed ({'; '.join(worst.problems[:MAX_PROBLEMS])}): "
        f"{verdict}",
        *(exchange for _, exchange in broken),
        severity=Severity.LOW if worst.is_honoured else Severity.MEDIUM,
    )

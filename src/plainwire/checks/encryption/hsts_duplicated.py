"""Strict-Transport-Security is sent more than once.

A server must send one such header (RFC 6797, section 7.1), and browsers take the first and pass
over the rest (section 8.1). Two mostly come from a proxy and an application that both add it:
whoever changes the second one changes nothing, and a proxy that joins them makes a value that no
browser honours.

Remedy:

    Send the header at one place, best the outermost proxy, and hide the application's there
    (nginx: `proxy_hide_header Strict-Transport-Security`).

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        for _ in range(2):
            response.headers.add("Strict-Transport-Security", "max-age=31536000")
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

    Headers that a proxy on the way has joined with a comma are one header, and `hsts-malformed`.
    Not asked for IP addresses and localhost, where HSTS does not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import hsts

MAX_FIELDS = 50


@check(
    severity=Severity.LOW,
    cwe=(319, 523),
    references=("RFC 6797, sections 7.1 and 8.1",),
    reads_bodies=False,
)
async def hsts_duplicated(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host that sends HSTS twice in one answer; worse if the two differ."""
    if site.target.is_local_name:
        return
    several = [x for _, x in await site.pages("https") if len(x.all(hsts.NAME)) > 1]
    if not several:
        return
    count = max(len(exchange.all(hsts.NAME)) for exchange in several)
    differ = any(_differ(exchange) for exchange in several)
    yield hsts_duplicated.finding(
        f"Strict-Transport-Security is sent {count} times in one answer"
        + (" with values that differ" if differ else "")
        + ": browsers take the first only",
        *several,
        severity=Severity.MEDIUM if differ else Severity.LOW,
    )


def _differ(exchange: Exchange) -> bool:
    """True if the headers of one answer mean different things, however they are spelled."""
    policies = [hsts.parse(value) for value in exchange.all(hsts.NAME)[:MAX_FIELDS]]
    meanings = {(p.max_age_s, p.include_subdomains, p.preload, p.is_honoured) for p in policies}
    return len(meanings) > 1

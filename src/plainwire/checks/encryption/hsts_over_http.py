"""Strict-Transport-Security is sent over plain HTTP.

A browser must ignore HSTS in clear, since whoever is on the way could have put it there (RFC
6797, section 8.1), and a server must not send it (section 7.2). Beside a header over https it is
only noise; where it is sent in clear only, the host looks protected and is not.

Remedy:

    Send the header in answers over https, and in those only.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        if not request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sees the endpoints that were asked. Not asked for IP addresses and localhost, where HSTS does
    not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import hsts


@check(
    severity=Severity.MEDIUM,
    cwe=(319, 523),
    references=("RFC 6797, sections 7.2 and 8.1",),
    reads_bodies=False,
)
async def hsts_over_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host that sends HSTS in clear; only information if https has it."""
    if site.target.is_local_name:
        return
    # A TLS port that tells cleartext to go away (400) does so with the headers of the site.
    for_tls = {origin.port for origin in site.target.https}
    in_clear = [
        x
        for _, x in await site.pages("http")
        if hsts.sent(x) is not None and not (x.status == 400 and x.request.origin.port in for_tls)
    ]
    if not in_clear:
        return
    is_over_https = any(hsts.sent(x) is not None for _, x in await site.pages("https"))
    where = "it is sent over https too" if is_over_https else "no https answer carries it"
    yield hsts_over_http.finding(
        "Strict-Transport-Security is sent over plain HTTP, where browsers ignore it; " + where,
        *in_clear,
        severity=Severity.INFO if is_over_https else Severity.MEDIUM,
    )

"""HSTS is switched off with max-age=0.

`max-age=0` makes a browser forget that the host is https-only (RFC 6797, section 6.1.1): it
undoes the protection that earlier visits gave, and the next http link is followed in clear.

Remedy:

    Send `max-age=31536000`; keep 0 only while HSTS is deliberately being withdrawn.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=0"
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

    A deliberate withdrawal looks the same. Of several headers the first is judged. Not asked for
    IP addresses and localhost, where HSTS does not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import hsts


@check(
    severity=Severity.MEDIUM,
    cwe=(319, 523),
    references=("RFC 6797, section 6.1.1",),
    reads_bodies=False,
)
async def hsts_disabled(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host whose https answers tell browsers to forget HSTS."""
    if site.target.is_local_name:
        return
    removals = [
        exchange
        for _, exchange in await site.pages("https")
        if (policy := hsts.sent(exchange)) and policy.is_removal
    ]
    if removals:
        yield hsts_disabled.finding(
            "max-age=0 tells browsers to forget that this host is https-only", *removals
        )

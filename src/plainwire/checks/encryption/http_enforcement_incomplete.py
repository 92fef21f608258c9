"""Plain HTTP is turned away for the known endpoints only.

Every endpoint that was asked in clear redirects or refuses, yet a path that does not exist is
answered by the application. Enforcement sits in single views or a decorator, so the next route
that somebody adds, the static files and the error pages are served in clear until it is noticed.

Remedy:

    Enforce HTTPS once for the whole host: at the outermost proxy, or around the whole WSGI
    application.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=308)
        return {"status": "ok"}

Good:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=308)

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks one random path with GET.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire.cleartext import is_redirect, is_same_answer


@check(severity=Severity.LOW, cwe=(319,), references=("RFC 9325, section 3.2",))
async def http_enforcement_incomplete(site: Site) -> AsyncIterator[Finding]:
    """A finding for an origin that turns its endpoints away in clear and answers the rest."""
    items = await site.cleartext()
    for origin in site.target.http:
        mine = [item for item in items if item.exchange.request.origin == origin]
        if not mine or any(item.verdict in ("served", "redirected-elsewhere") for item in mine):
            continue
        control = await site.ask(Request(origin, "GET", site.random_path))
        if not isinstance(control, Exchange) or is_redirect(control):
            continue
        if any(is_same_answer(item.exchange, control) for item in mine):
            continue
        if control.status == mine[0].exchange.status:
            continue
        yield http_enforcement_incomplete.finding(
            f"a path that does not exist answers {control.status} over plain HTTP, while the "
            f"{len(mine)} endpoints asked redirect or refuse",
            control,
            mine[0].exchange,
        )

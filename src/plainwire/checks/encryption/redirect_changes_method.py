"""The redirect to HTTPS turns a POST into a GET.

301, 302 and 303 let a client repeat a POST as a GET without its body (RFC 9110, section
15.4): a login or an order sent to the http address arrives empty, or as another call. The body
has by then crossed the network in clear all the same.

Remedy:

    Redirect with 308, which keeps method and body, or refuse plain HTTP with 403.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=301)

    @app.get("/")
    def index():
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

    Reads the status that GET is answered with; a server that answers POST otherwise is not
    seen, as no POST is sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check

METHOD_CHANGING = (301, 302, 303)


@check(
    severity=Severity.LOW,
    cwe=(319,),
    references=("RFC 9110, sections 15.4.2, 15.4.3 and 15.4.9",),
    reads_bodies=False,
)
async def redirect_changes_method(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host whose redirect to https is a 301, 302 or 303."""
    for item in await site.cleartext():
        if item.verdict == "redirected" and item.exchange.status in METHOD_CHANGING:
            yield redirect_changes_method.finding(
                f"plain HTTP is redirected with {item.exchange.status}: clients repeat a POST "
                "as a GET without its body",
                item.exchange,
            )
            return

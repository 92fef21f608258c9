"""HTTPS redirects to plain HTTP.

The client asked for a protected connection and is sent to an open one: the request that follows,
with the query and the cookies it carries, can be read and altered on the way. Behind a proxy it
is often an accident: the application does not know that the outer scheme is https.

Remedy:

    Redirect to https or to a path alone, and let the application know the outer scheme through
    one header that the proxy sets and that is believed from the proxy alone.

Bad:

    from flask import Flask, redirect

    app = Flask(__name__)

    @app.get("/")
    def index():
        return redirect("http://api.example.com/login", code=302)

    @app.get("/login")
    def login():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect

    app = Flask(__name__)

    @app.get("/")
    def index():
        return redirect("/login", code=302)

    @app.get("/login")
    def login():
        return {"status": "ok"}

Limits:

    Sees the redirects of the endpoints that were asked with GET.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, WireError, check
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.masking import shortened
from plainwire.wire.redirects import resolve


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9325, section 3.2",),
    reads_bodies=False,
)
async def https_redirects_to_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that https sends to http."""
    for endpoint, exchange in await site.pages("https"):
        location = exchange.header("location") or ""
        if is_redirect(exchange) and _leads_to_http(location, exchange.url):
            yield https_redirects_to_http.finding(
                f"https answers {exchange.status} to {shortened(location)!r}",
                exchange,
                operation=endpoint.operation,
            )


def _leads_to_http(location: str, base: str) -> bool:
    """True if a browser takes a Location for a URL of http, however it is written."""
    try:
        return resolve(location, base).scheme == "http"
    except WireError:
        return location.strip().lower().startswith("http://")

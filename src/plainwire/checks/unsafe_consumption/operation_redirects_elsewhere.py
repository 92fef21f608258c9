"""An operation of the API sends its callers to another host.

Programs follow redirects with what they carry: tokens in headers or in the URL then reach a host
that nobody chose, and what comes back is taken for the API's own word.

Remedy:

    Answer with the data, or with an address that the caller may choose to ask; let clients
    follow redirects on the same origin only.

Bad:

    from flask import Flask, redirect

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/rates": {"get": {}}}}

    @app.get("/rates")
    def rates():
        return redirect("https://rates.partner.net/latest")

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/me": {"get": {}}, "/rates": {"get": {}}}}

    @app.get("/me")
    def me():
        return redirect("https://login.partner.net/authorize?client_id=7")

    @app.get("/rates")
    def rates():
        return redirect("https://www.example.com/rates")

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at described operations. A way to a login, or to a host of the same domain, is meant so.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, WireError, check
from plainwire.wire.masking import shortened
from plainwire.wire.redirects import resolve

_LOGIN = re.compile(r"(?i)oauth|authori[sz]e|login|signin|sso|saml|openid|client_id=|accounts?\.")


@check(
    severity=Severity.LOW,
    cwe=(601, 200),
    owasp=("API10:2023",),
    references=("OWASP API Security Top 10 2023, API10", "RFC 9110, section 15.4"),
    reads_bodies=False,
)
async def operation_redirects_elsewhere(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that redirects off the domain."""
    own = ".".join(site.target.host.split(".")[-2:])
    for operation, answer in await site.answers():
        location = answer.header("location")
        if not operation.pointer or not 300 <= answer.status < 400 or location is None:
            continue
        try:
            place = resolve(location, answer.url)
        except WireError:
            continue
        same = place.host in ("", site.target.host) or place.host.endswith(f".{own}")
        if same or place.host == own or _LOGIN.search(place.url):
            continue
        yield operation_redirects_elsewhere.finding(
            f"{operation.method} {operation.path} redirects to {shortened(place.url)}",
            answer,
            operation=operation.operation,
        )

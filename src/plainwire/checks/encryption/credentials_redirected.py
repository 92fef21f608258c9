"""The API redirects plain HTTP where credentials are expected.

A client that was configured with the http address sends its token in clear, is redirected, and
works: the mistake stays invisible and the token leaks on every call. Refusing with 403 makes it
visible at once; the coming best practice for APIs (draft-ietf-httpapi-privacy, "Protecting
Credentials with HTTP APIs", revision 06 of 2026-05-11) asks for a constant refusal.

Remedy:

    Answer every request in clear to an API that takes credentials with a constant 403, whatever
    credential it carries, and revoke credentials seen in clear.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if not request.is_secure:
            return redirect(request.url.replace("http://", "https://", 1), code=308)

    @app.get("/")
    def account():
        return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.before_request
    def refuse_cleartext():
        if not request.is_secure:
            return {"title": "HTTPS is required"}, 403

    @app.get("/")
    def account():
        return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}

Limits:

    Credentials are expected where https answers 401, or where an OpenAPI document says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Request, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(319,),
    references=("draft-ietf-httpapi-privacy-06", "CWE-319"),
    reads_bodies=False,
)
async def credentials_redirected(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host that redirects endpoints which take credentials."""
    for item in await site.cleartext():
        if item.verdict != "redirected":
            continue
        twins = [
            await site.ask(Request(origin, "GET", item.endpoint.path, identity=None))
            for origin in site.target.https
        ]
        asked = any(isinstance(twin, Exchange) and twin.status == 401 for twin in twins)
        if asked or item.endpoint.credentials:
            yield credentials_redirected.finding(
                f"{item.endpoint.operation.path} takes credentials, and plain HTTP answers "
                f"{item.exchange.status}: a token sent there leaks and nobody notices",
                item.exchange,
                operation=item.endpoint.operation,
            )
            return

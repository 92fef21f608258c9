"""The API answers over plain HTTP.

Whoever is on the way reads what is sent (passwords, tokens, personal data) and changes what
comes back (prices, scripts, redirects): cleartext has neither secrecy nor integrity. An answer
of any status counts, also 401 or 405: the request, with its credential, has already crossed the
network. A direct redirect to https on the same host, or a constant refusal, does not count here.

Remedy:

    Refuse plain HTTP for the whole host with a constant 403, or redirect it to https with 308,
    at the outermost proxy, or close the port.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def balance():
        return {"balance": 12}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.before_request
    def refuse_cleartext():
        if not request.is_secure:
            return {"title": "HTTPS is required"}, 403

    @app.get("/")
    def balance():
        return {"balance": 12}

Limits:

    Sees the endpoints that were asked, with GET. An application that serves other methods in
    clear behind a redirect for GET is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check


@check(
    severity=Severity.HIGH,
    cwe=(319,),
    references=("RFC 9325, section 3.2", "RFC 9110, section 4.2.2"),
    reads_bodies=False,
)
async def plain_http_served(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that answers in clear."""
    for item in await site.cleartext():
        if item.verdict == "served":
            yield plain_http_served.finding(
                f"{item.endpoint.operation.path} answers {item.exchange.status} over plain HTTP: "
                "anyone on the way can read it and alter it",
                item.exchange,
                operation=item.endpoint.operation,
            )

"""GraphQL is answered to requests that any website can make its visitors send.

A query in a URL or in a form needs no permission of CORS: any page can make a visitor's browser
send it, with the visitor's cookies. Where mutations are taken so, that is cross-site request
forgery; where queries are, their cost is.

Remedy:

    Take GraphQL as application/json by POST only, or ask for a header that no form can send
    (the prevention of CSRF that GraphQL servers have).

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.post("/graphql")
    def graphql():
        query = (request.get_json(silent=True) or request.form).get("query", "")
        if "__typename" in query:
            return {"data": {"__typename": "Query"}}
        return {"errors": [{"message": "no query"}]}, 400

    @app.get("/graphql")
    def explain():
        return {"errors": [{"message": "POST only"}]}, 405

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.post("/graphql")
    def graphql():
        if not request.is_json:
            return {"errors": [{"message": "application/json only"}]}, 415
        if "__typename" in request.get_json().get("query", ""):
            return {"data": {"__typename": "Query"}}
        return {"errors": [{"message": "no query"}]}, 400

    @app.get("/graphql")
    def explain():
        return {"errors": [{"message": "POST only"}]}, 405

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks `{__typename}` alone: whether mutations are taken in the same way is not tried. A query in
    a URL is foreseen by GraphQL over HTTP, and worth a note only where no cookie is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Operation, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(352,),
    references=("GraphQL over HTTP, section 5", "CWE-352"),
)
async def graphql_by_simple_request(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that answers a form or a URL."""
    endpoints = await site.graphql()
    if not endpoints:
        site.leave_inapplicable("no GraphQL was found")
        return
    described = await site.operations()
    has_cookies = any("cookie" in s for each in described for s in each.security.schemes)
    for endpoint in endpoints:
        answer = endpoint.by_form or endpoint.by_get
        if answer is None:
            continue
        with_cookies = has_cookies or endpoint.exchange.header("set-cookie") is not None
        how = "in a form" if endpoint.by_form is not None else "in a URL"
        mild = None if endpoint.by_form is not None else Severity.INFO
        yield graphql_by_simple_request.finding(
            f"{endpoint.path} answers a query {how}",
            answer,
            operation=Operation(answer.request.method, endpoint.path),
            severity=Severity.MEDIUM if with_cookies else mild,
        )

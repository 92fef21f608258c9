"""GraphQL takes many queries in one request.

An array of queries is answered query by query. A limit that counts requests then counts a
thousand guesses at a password or a code as one.

Remedy:

    Switch batching off, or cap it at a few; limit depth and cost of a query, and count what
    limits count by query.

Bad:

    from flask import Flask, jsonify, request

    app = Flask(__name__)

    @app.post("/graphql")
    def graphql():
        asked = request.get_json(silent=True)
        if isinstance(asked, list):
            return jsonify([{"data": {"__typename": "Query"}} for _ in asked])
        return {"data": {"__typename": "Query"}}

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
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict) or asked.get("query") != "{__typename}":
            return {"errors": [{"message": "one query, of depth 5 at most"}]}, 400
        return {"data": {"__typename": "Query"}}

    @app.get("/graphql")
    def explain():
        return {"errors": [{"message": "POST only"}]}, 405

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks two queries in an array, ten names for `__typename` and a query eleven deep: more is not
    tried. Ten names and that depth alone are worth a note only: every introspection goes as deep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, GraphqlEndpoint, Operation, Severity, Site, check
from plainwire.wire import constant_posts as posts
from plainwire.wire import json_body


@check(
    severity=Severity.LOW,
    cwe=(770,),
    owasp=("API4:2023",),
    references=("OWASP GraphQL Cheat Sheet, Batching Attacks", "CWE-770"),
)
async def graphql_query_unbounded(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that answers a batch, or whatever depth it is asked."""
    endpoints = await site.graphql()
    if not endpoints:
        site.leave_inapplicable("no GraphQL was found")
    for endpoint in endpoints:
        if endpoint.exchange.request.method != "POST":
            continue
        batch = await _asked(site, endpoint, posts.GRAPHQL_BATCH)
        names = await _asked(site, endpoint, posts.GRAPHQL_ALIASES)
        depth = await _asked(site, endpoint, posts.GRAPHQL_DEPTH)
        told = {
            "an array of two queries": batch if _is_batch(batch) else None,
            "ten names for one field": names if _has(names, "a9") else None,
            "a query eleven deep": depth if _has(depth, "__schema") else None,
        }
        seen = {what: answer for what, answer in told.items() if answer is not None}
        if _is_batch(batch) or len(seen) > 1:
            yield graphql_query_unbounded.finding(
                f"{endpoint.path} answers {', '.join(seen)}",
                *seen.values(),
                operation=Operation("POST", endpoint.path),
                severity=None if _is_batch(batch) else Severity.INFO,
            )


async def _asked(site: Site, endpoint: GraphqlEndpoint, body: bytes) -> Exchange | None:
    answer = await site.ask(replace(endpoint.exchange.request, body=body))
    return answer if isinstance(answer, Exchange) else None


def _is_batch(answer: Exchange | None) -> bool:
    document = json_body.parsed(answer.body) if answer is not None else None
    return isinstance(document, list) and len(document) == 2 and "__typename" in str(document[1])


def _has(answer: Exchange | None, name: str) -> bool:
    document = json_body.parsed(answer.body) if answer is not None else None
    if not isinstance(document, dict) or document.get("errors"):
        return False
    data = document.get("data")
    return isinstance(data, dict) and bool(data.get(name))

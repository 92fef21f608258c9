"""Objects are numbered one after the other.

Ids that are counted up can be guessed, and tell how many objects there are and how fast they
grow. That is no flaw by itself; it makes a missing check of the owner a matter of minutes.

Remedy:

    Give objects random ids (UUID version 4) where others may not know them, and check the owner
    of each all the same.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}

    @app.before_request
    def log_in():
        is_known = request.headers.get("Authorization") == "Bearer token-of-alice-4711"
        if request.path.startswith("/orders") and not is_known:
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
        return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one}}

    @app.get("/orders")
    def orders():
        return {"orders": [{"id": 41}, {"id": 42}, {"id": 43}]}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}

    @app.before_request
    def log_in():
        is_known = request.headers.get("Authorization") == "Bearer token-of-alice-4711"
        if request.path.startswith("/orders") and not is_known:
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
        return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one,
                                              "/offers": {"get": {}}, "/offers/{id}": one}}

    @app.get("/offers")
    def offers():
        return {"offers": [{"id": 1}, {"id": 2}, {"id": 3}]}

    @app.get("/orders")
    def orders():
        return {"orders": [{"id": 410933}, {"id": 77120}, {"id": 902118}]}

Limits:

    Three or more neighbouring numbers in a listing that an identity gets and nobody does. Always
    information, never more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import listings

LEAST = 3


@check(
    severity=Severity.INFO,
    cwe=(340,),
    owasp=("API1:2023",),
    references=("OWASP API Security Top 10 2023, API1",),
)
async def sequential_object_ids(site: Site) -> AsyncIterator[Finding]:
    """One finding for each guarded collection whose ids are counted up."""
    for user in (await site.users())[:1]:
        guarded = {operation.path: own for operation, own in await site.guarded(user)}
        for collection in listings.collections(await site.operations()):
            own = guarded.get(collection.listing.path)
            if own is None:
                continue
            values = listings.values(collection.variable, own.body)
            numbers = sorted(int(value) for value in values if value.isdigit())
            if len(numbers) < LEAST or len(numbers) != len(values):
                continue
            if all(b - a == 1 for a, b in pairwise(numbers)):
                yield sequential_object_ids.finding(
                    f"{collection.item.path} takes numbers, and {collection.listing.path} lists "
                    f"{len(numbers)} in a row",
                    own,
                    operation=collection.item.operation,
                    parameter=collection.variable,
                )

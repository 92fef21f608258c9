"""A user reads the objects of another by GraphQL.

The query that lists objects gives each user their own; the query for one object, or Relay's
`node(id:)`, gives whatever id it is asked for. Whoever learns or guesses an id has the object.

Remedy:

    Check whose an object is where it is loaded, in the resolver or below it, and not in the list
    alone: one function for `order(id:)`, `node(id:)` and every field that leads to an order.

Bad:

    import re
    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711", "bob": "token-of-bob-081515"}
    ORDERS = [{"id": "41", "owner": "alice"}, {"id": "42", "owner": "bob"}]
    TEXT, WORD = {"kind": "SCALAR", "name": "String"}, {"kind": "SCALAR", "name": "ID"}
    ORDER = {"kind": "OBJECT", "name": "Order"}
    FIELDS = [{"name": "id", "type": WORD, "args": []}, {"name": "owner", "type": TEXT, "args": []}]
    QUERIES = [{"name": "orders", "type": {"kind": "LIST", "ofType": ORDER}, "args": []},
               {"name": "order", "type": ORDER, "args": [
                   {"name": "id", "type": {"kind": "NON_NULL", "ofType": WORD}}]}]
    SCHEMA = {"queryType": {"name": "Query"}, "types": [
        {"kind": "OBJECT", "name": "Query", "fields": QUERIES}, TEXT, WORD,
        {**ORDER, "fields": FIELDS}]}

    @app.get("/graphql")
    def graphql():
        query, who = request.args.get("query", ""), request.headers.get("Authorization")
        user = next((n for n, token in users.items() if who == f"Bearer {token}"), None)
        wanted = re.search(r'order\\(id:"(.*?)"', query)
        if query == "{__typename}" or "__schema" in query:
            return {"data": {"__typename": "Query", "__schema": SCHEMA}}
        if user is None:
            return {"errors": [{"message": "log in"}], "data": None}
        if wanted:
            return {"data": {"order": next(o for o in ORDERS if o["id"] == wanted[1])}}
        return {"data": {"orders": [o for o in ORDERS if o["owner"] == user]}}

Good:

    import re
    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711", "bob": "token-of-bob-081515"}
    ORDERS = [{"id": "41", "owner": "alice"}, {"id": "42", "owner": "bob"}]
    TEXT, WORD = {"kind": "SCALAR", "name": "String"}, {"kind": "SCALAR", "name": "ID"}
    ORDER = {"kind": "OBJECT", "name": "Order"}
    FIELDS = [{"name": "id", "type": WORD, "args": []}, {"name": "owner", "type": TEXT, "args": []}]
    QUERIES = [{"name": "orders", "type": {"kind": "LIST", "ofType": ORDER}, "args": []},
               {"name": "order", "type": ORDER, "args": [
                   {"name": "id", "type": {"kind": "NON_NULL", "ofType": WORD}}]}]
    SCHEMA = {"queryType": {"name": "Query"}, "types": [
        {"kind": "OBJECT", "name": "Query", "fields": QUERIES}, TEXT, WORD,
        {**ORDER, "fields": FIELDS}]}

    @app.get("/graphql")
    def graphql():
        query, who = request.args.get("query", ""), request.headers.get("Authorization")
        user = next((n for n, token in users.items() if who == f"Bearer {token}"), None)
        wanted = re.search(r'order\\(id:"(.*?)"', query)
        if query == "{__typename}" or "__schema" in query:
            return {"data": {"__typename": "Query", "__schema": SCHEMA}}
        own = [o for o in ORDERS if o["owner"] == user]
        if wanted:
            return {"data": {"order": next((o for o in own if o["id"] == wanted[1]), None)}}
        return {"data": {"orders": own}}

Limits:

    Needs two identities, a schema that introspection tells, and a place that answers queries in a
    URL: queries with ids in a body are no constant POST, and do not leave. Lists behind
    arguments or connections are not read. An object that names no owner is mentioned only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from plainwire.model import (
    Answer,
    Confidence,
    Exchange,
    Finding,
    GraphqlEndpoint,
    Operation,
    Request,
    Severity,
    Site,
    check,
)
from plainwire.wire import graphql_schema, members
from plainwire.wire.graphql_schema import Listing

MAX_LISTINGS = 6
MAX_OBJECTS = 3


@check(
    severity=Severity.HIGH,
    cwe=(639,),
    owasp=("API1:2023",),
    references=("OWASP API Security Top 10 2023, API1", "GraphQL Global Object Identification"),
    left_out=members.left_out,
)
async def graphql_object_of_another_user_readable(site: Site) -> AsyncIterator[Finding]:
    """One finding for each query that gives one user what only another's listing has."""
    endpoints = [each for each in await site.graphql() if each.schema is not None]
    if not endpoints:
        site.leave_inapplicable("no GraphQL with a schema was found")
        return
    users = await site.users(2)
    if len(users) < 2:
        return
    for endpoint in endpoints:
        if endpoint.by_get is None:
            site.leave_untested(f"{endpoint.path} answers no query in a URL")
            continue
        for listing in [*graphql_schema.listings(endpoint.schema or {})][:MAX_LISTINGS]:
            for owner, other in ((users[0], users[1]), (users[1], users[0])):
                found = await _read(site, endpoint, listing, owner, other)
                if found is None:
                    continue
                has_owner = _names_owner(found)
                yield graphql_object_of_another_user_readable.finding(
                    f"{listing.item}({listing.argument}:) of {endpoint.path} gives one user an "
                    f"object that only another's {listing.name} lists",
                    found,
                    operation=Operation("GET", endpoint.path),
                    parameter=listing.item,
                    severity=None if has_owner else Severity.INFO,
                    confidence=Confidence.CERTAIN if has_owner else Confidence.FIRM,
                )
                break


async def _read(
    site: Site, endpoint: GraphqlEndpoint, listing: Listing, owner: str, other: str
) -> Exchange | None:
    """The other's answer for what the owner's listing alone has, twice, as nobody gets it."""
    every = _asked(endpoint, listing.query)
    lists = [await site.ask(replace(every, identity=who)) for who in (owner, other)]
    own, others = ([_key(row, listing) for row in _rows(answer, listing)] for answer in lists)
    names = (await site.identity(other)).names
    for value in [each for each in own if each and each not in others][:MAX_OBJECTS]:
        request = _asked(endpoint, listing.item_query(value))
        mine, theirs, nobody = [
            await site.ask(replace(request, identity=who)) for who in (owner, other, None)
        ]
        given = _given(theirs, listing)
        if not given or given != _given(mine, listing) or _given(nobody, listing):
            continue
        told = members.owners(given).values()
        if told and all(each in names for each in told):
            continue  # it is the other's own
        again = await site.confirm(replace(request, identity=other))
        if all(_given(each, listing) == given for each in again):
            return theirs if isinstance(theirs, Exchange) else None
    return None


def _asked(endpoint: GraphqlEndpoint, query: str) -> Request:
    return Request(
        endpoint.exchange.request.origin, "GET", f"{endpoint.path}?query={quote(query, safe='')}"
    )


def _data(answer: Answer, name: str) -> Any:
    document = members.load(answer.body) if isinstance(answer, Exchange) else None
    data = document.get("data") if isinstance(document, dict) else None
    return data.get(name) if isinstance(data, dict) else None


def _rows(answer: Answer, listing: Listing) -> list[dict[str, Any]]:
    rows = _data(answer, listing.name)
    return [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []


def _given(answer: Answer, listing: Listing) -> dict[str, Any] | None:
    one = _data(answer, listing.item)
    return one if isinstance(one, dict) and one else None


def _key(row: dict[str, Any], listing: Listing) -> str:
    value = row.get(listing.key)
    return str(value)[:128] if isinstance(value, str | int) else ""


def _names_owner(answer: Exchange) -> bool:
    document = members.load(answer.body)
    is_owned = any(members.owners(each) for each in members.objects(document))
    return is_owned or any(True for _ in members.secrets(document))

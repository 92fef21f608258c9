"""A user reads the objects of another.

The API checks that a user is logged in and not whose object it is: with the id of somebody
else's order, document or account in the URL, it is theirs. This is the most common and most
damaging flaw of APIs.

Remedy:

    Ask for each object whether the caller may have it, in the query itself
    (`Order.query.filter_by(id=id, user_id=current_user.id)`), and answer 404 where not.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711", "bob": "token-of-bob-081515"}
    ORDERS = {"1": {"id": 1, "user_id": "alice"}, "2": {"id": 2, "user_id": "bob"}}

    @app.before_request
    def log_in():
        known = {f"Bearer {token}": name for name, token in users.items()}
        request.user = known.get(request.headers.get("Authorization"))
        if request.user is None and request.path.startswith("/orders"):
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
        return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one}}

    @app.get("/orders")
    def orders():
        return {"orders": [o for o in ORDERS.values() if o["user_id"] == request.user]}

    @app.get("/orders/<id>")
    def order(id):
        return ORDERS.get(id, ({"error": "no such order"}, 404))

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711", "bob": "token-of-bob-081515"}
    ORDERS = {"1": {"id": 1, "user_id": "alice"}, "2": {"id": 2, "user_id": "bob"}}
    POSTS = {"7": {"id": 7, "author_id": "alice", "text": "Hello, all"}}

    @app.before_request
    def log_in():
        known = {f"Bearer {token}": name for name, token in users.items()}
        request.user = known.get(request.headers.get("Authorization"))
        if request.user is None and request.path.startswith("/orders"):
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
        return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one,
                                              "/posts": {"get": {}}, "/posts/{id}": one}}

    @app.get("/posts")
    def posts():
        return {"posts": list(POSTS.values())}

    @app.get("/posts/<id>")
    def post(id):
        return POSTS.get(id, ({"error": "no such post"}, 404))

    @app.get("/orders")
    def orders():
        return {"orders": [o for o in ORDERS.values() if o["user_id"] == request.user]}

    @app.get("/orders/<id>")
    def order(id):
        if id not in ORDERS or ORDERS[id]["user_id"] != request.user:
            return {"error": "no such order"}, 404
        return ORDERS[id]

Limits:

    Needs two identities. Objects that one of them finds in its own listing are asked for as the
    other: one that the other's listing has too is shared, one that nobody's request gets is
    public. What is below a user (`/users/{id}/orders`, not posts and the like, which may be for
    all) is asked for by the names that its token and its own page have. Only GET, only objects
    that are listed; one that names no owner is mentioned only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from plainwire.model import (
    ApiOperation,
    Confidence,
    Exchange,
    Finding,
    Request,
    Severity,
    Site,
    check,
)
from plainwire.wire import denials, listings, members, places
from plainwire.wire.listings import Collection
from plainwire.wire.openapi.verbs import state_change
from plainwire.wire.sameness import is_same

MAX_OBJECTS = 3  # of one collection
MAX_NAMES = 6  # of one user


@check(
    severity=Severity.HIGH,
    cwe=(639,),
    owasp=("API1:2023",),
    references=("OWASP API Security Top 10 2023, API1",),
    left_out=members.left_out,
)
async def object_of_another_user_readable(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that gives one user what only another's listing has."""
    users = await site.users(2)
    if len(users) < 2:
        return
    both = [(users[0], users[1]), (users[1], users[0])]
    # An administrator may rightly read what is anybody's.
    pairs = [pair for pair in both if (await site.identity(pair[1])).is_admin is not True]
    for collection in listings.collections(await site.operations()):
        for owner, other in pairs:
            found = await _read(site, collection, owner, other)
            if found is None:
                continue
            answer, has_owner = found
            operation = collection.item.operation
            yield object_of_another_user_readable.finding(
                f"{operation.method} {operation.path} gives one user an object that only "
                f"another's {collection.listing.path} lists",
                answer,
                operation=operation,
                parameter=collection.variable,
                severity=None if has_owner else Severity.INFO,
                confidence=Confidence.CERTAIN if has_owner else Confidence.FIRM,
            )
            break
    for each in await site.operations():
        below = await _below(site, each, pairs)
        if below is not None:
            yield object_of_another_user_readable.finding(
                f"{each.method} {each.path} gives one user what is below another, by a name of "
                "that one",
                below,
                operation=each.operation,
                parameter=each.variables[0],
                confidence=Confidence.FIRM,
            )


async def _below(
    site: Site, operation: ApiOperation, pairs: Sequence[tuple[str, str]]
) -> Exchange | None:
    """What is below one user, by a name that stands for it, and is given to another."""
    is_asked = operation.method == "GET" and listings.may_be_filled(operation)
    origin = next((e.request.origin for e in await site.operations() if e.request), None)
    if origin is None or not is_asked or not places.is_private_of_one(operation):
        return None
    for owner, other in pairs:
        for name in sorted(await _names(site, owner))[:MAX_NAMES]:
            path = operation.filled({operation.variables[0]: name})
            if path is None or state_change("GET", path) is not None:
                continue
            found = await _only_for_users(site, Request(origin, "GET", path), owner, other)
            if found is not None and any(members.objects(members.load(found.body))):
                return found
    return None


async def _names(site: Site, user: str) -> frozenset[str]:
    """The values that stand for the user in data: of its token, and of its own pages."""
    found = set((await site.identity(user)).names)
    for operation, own in await site.answers(user):
        if places.is_of_oneself(operation) and denials.gives_data(own):
            found |= members.own_names(members.load(own.body))
    return frozenset(name for name in found if "/" not in name and len(name) <= 100)


async def _read(
    site: Site, collection: Collection, owner: str, other: str
) -> tuple[Exchange, bool] | None:
    """What the other got of the owner's alone, and whether it names an owner who is not it."""
    listing = collection.listing.request
    if listing is None:
        return None
    lists = [await site.ask(replace(listing, identity=who)) for who in (owner, other)]
    if not all(isinstance(each, Exchange) for each in lists):
        return None
    ids = [
        listings.values(collection.variable, x.body) if denials.gives_data(x) else ()
        for x in lists
        if isinstance(x, Exchange)
    ]
    names = (await site.identity(other)).names
    for value in [each for each in ids[0] if each not in ids[1]][:MAX_OBJECTS]:
        request = collection.item_request(value)
        if request is None:
            return None
        found = await _only_for_users(site, request, owner, other)
        if found is None:
            continue
        document = members.load(found.body)
        told = [t for each in members.objects(document) for t in members.owners(each).values()]
        has_secret = any(True for _ in members.secrets(document))
        if told and all(t in names for t in told):
            continue  # it is the other's own
        return found, bool(told) or has_secret
    return None


async def _only_for_users(site: Site, request: Request, owner: str, other: str) -> Exchange | None:
    """The other's answer, if it is the owner's, twice, and nobody's is a refusal."""
    own = await site.ask(replace(request, identity=owner))
    theirs = await site.ask(replace(request, identity=other))
    nobody = await site.ask(replace(request, identity=None))
    if not (
        isinstance(own, Exchange)
        and isinstance(theirs, Exchange)
        and denials.gives_data(theirs)
        and denials.is_denied(nobody)
        and is_same(own, theirs)
    ):
        return None
    again = await site.confirm(replace(request, identity=other))
    return theirs if all(isinstance(a, Exchange) and is_same(a, own) for a in again) else None

"""A user reads objects that are not among its own.

The listing shows a user its own objects, or says of each whose it is; the operation for one
object gives the others too. Ids can be guessed, counted up, or stand in other answers.

Remedy:

    Ask for each object whether the caller may have it, in the query itself
    (`Order.query.filter_by(id=id, user_id=current_user.id)`), and answer 404 where not.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}
    ORDERS = [{"id": n, "user_id": 6 if n < 3 else 5} for n in (1, 2, 3)]

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
        return {"orders": [o for o in ORDERS if o["user_id"] == 5]}

    @app.get("/orders/<int:id>")
    def order(id):
        return next((o for o in ORDERS if o["id"] == id), ({"error": "no such order"}, 404))

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}
    ORDERS = [{"id": n, "user_id": 6 if n < 3 else 5} for n in (1, 2, 3)]
    POSTS = [{"id": n, "author_id": n, "text": "Hello, all"} for n in (1, 2, 3)]

    @app.before_request
    def log_in():
        is_known = request.headers.get("Authorization") == "Bearer token-of-alice-4711"
        if request.path.startswith(("/orders", "/posts")) and not is_known:
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
        return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one,
                                              "/posts": {"get": {}}, "/posts/{id}": one}}

    @app.get("/posts")
    def posts():
        return {"posts": POSTS}

    @app.get("/posts/<int:id>")
    def post(id):
        return next((p for p in POSTS if p["id"] == id), ({"error": "no such post"}, 404))

    @app.get("/orders")
    def orders():
        return {"orders": [o for o in ORDERS if o["user_id"] == 5]}

    @app.get("/orders/<int:id>")
    def order(id):
        mine = [o for o in ORDERS if o["user_id"] == 5 and o["id"] == id]
        return mine[0] if mine else ({"error": "no such order"}, 404)

Limits:

    Needs an identity. Where every object of its listing has one owner, at most three numbers
    beside the listed ones are asked for; where the listing names several owners, the objects of
    others, which are found only if they hold a secret, since posts and profiles are for all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import denials, listings, members, places
from plainwire.wire.listings import Collection
from plainwire.wire.sameness import is_same

MAX_NEIGHBOURS = 3


@check(
    severity=Severity.HIGH,
    cwe=(639,),
    owasp=("API1:2023",),
    references=("OWASP API Security Top 10 2023, API1",),
    left_out=members.left_out,
)
async def neighbouring_object_readable(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that gives a user an object of somebody else."""
    for user in (await site.users())[:1]:
        own_names = await _names(site, user)
        for collection in listings.collections(await site.operations()):
            found = await _foreign(site, collection, user, own_names)
            if found is None:
                continue
            operation = collection.item.operation
            yield neighbouring_object_readable.finding(
                f"{operation.method} {operation.path} gives a user an object whose owner is "
                f"another, beside those that {collection.listing.path} gives it",
                found,
                operation=operation,
                parameter=collection.variable,
            )


async def _names(site: Site, user: str) -> frozenset[str]:
    """The values that stand for the user in data: of its token, and of its own pages."""
    found = set((await site.identity(user)).names)
    for operation, own in await site.answers(user):
        if places.is_of_oneself(operation) and denials.gives_data(own):
            found |= members.own_names(members.load(own.body))
    return frozenset(found)


async def _foreign(
    site: Site, collection: Collection, user: str, names: frozenset[str]
) -> Exchange | None:
    """An answer with an object of somebody else. Returns None if there is none."""
    listing = collection.listing.request
    if listing is None:
        return None
    own = await site.ask(replace(listing, identity=user))
    if not isinstance(own, Exchange) or not denials.gives_data(own):
        return None
    rows = listings.rows(own.body)
    listed = {
        value: set(members.owners(row).values())
        for row in rows
        if (value := listings.value_of(collection.variable, row)) is not None
    }
    every = {owner for told in listed.values() for owner in told}
    if not listed or not every or not all(listed.values()):
        return None
    if len(every) == 1:
        if not _may_be_all_of(every, names):
            return None  # a page of a feed
        return await _beside(site, collection, user, listed, names | every)
    return await _of_others(site, collection, user, listed, names)


def _may_be_all_of(every: set[str], names: frozenset[str]) -> bool:
    """False if the one owner is another than the user, as far as the two can be compared: a
    number is not known to be a name's or not."""
    alike = {name for name in names if all(name.isdigit() == o.isdigit() for o in every)}
    return not alike or bool(every & names)


async def _beside(
    site: Site,
    collection: Collection,
    user: str,
    listed: dict[str, set[str]],
    names: frozenset[str],
) -> Exchange | None:
    """An object whose number is beside the listed ones and whose owner is not theirs."""
    numbers = sorted(int(value) for value in listed if value.isdigit())
    if not numbers or len(numbers) != len(listed):
        return None
    around = [numbers[0] - 1, numbers[0] - 2, numbers[-1] + 1, 1, numbers[0] - 3]
    free = [n for n in dict.fromkeys(around) if n > 0 and n not in numbers]
    for number in free[:MAX_NEIGHBOURS]:
        request = collection.item_request(str(number))
        control = collection.item_request(str(numbers[0]))
        if request is None or control is None:
            return None
        found = await _read(site, request, user, names)
        mine = await site.ask(replace(control, identity=user))
        if found is not None and isinstance(mine, Exchange) and denials.gives_data(mine):
            return found
    return None


async def _of_others(
    site: Site,
    collection: Collection,
    user: str,
    listed: dict[str, set[str]],
    names: frozenset[str],
) -> Exchange | None:
    """An object that the listing gives to another, with a secret in it."""
    if not names & {owner for told in listed.values() for owner in told}:
        return None  # who the user is here is not known
    foreign = [value for value, told in listed.items() if not told & names]
    for value in foreign[:MAX_NEIGHBOURS]:
        request = collection.item_request(value)
        found = await _read(site, request, user, names) if request is not None else None
        if found is not None and any(True for _ in members.secrets(members.load(found.body))):
            return found
    return None


async def _read(site: Site, request: Request, user: str, names: frozenset[str]) -> Exchange | None:
    """The user's answer, if it names other owners only, twice more, and nobody gets it."""
    answer = await site.ask(replace(request, identity=user))
    nobody = await site.ask(replace(request, identity=None))
    if not isinstance(answer, Exchange):
        return None
    if not denials.gives_data(answer) or not denials.is_denied(nobody):
        return None
    document = members.load(answer.body)
    told = {t for each in members.objects(document) for t in members.owners(each).values()}
    if not told or told & names:
        return None
    again = await site.confirm(replace(request, identity=user))
    return answer if all(isinstance(a, Exchange) and is_same(a, answer) for a in again) else None

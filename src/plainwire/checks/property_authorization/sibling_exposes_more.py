"""One operation shows of an object what another keeps back.

The same object is answered in two places, and one of them has secrets or rights that the other
leaves out: the sparing one shows what the API means to give away, the other gives away more.

Remedy:

    Use one response model for one kind of object wherever it is answered, and take operations
    for debugging out of what is deployed.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/users": {"get": {}}, "/people": {"get": {}}}}

    @app.get("/users")
    def users():
        return {"users": [{"id": 71, "email": "ann@example.com"}]}

    @app.get("/people")
    def people():
        return {"users": [{"id": 71, "email": "ann@example.com", "is_admin": False}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/users": {"get": {}}, "/people": {"get": {}}}}

    @app.get("/users")
    def users():
        return {"users": [{"id": 71, "email": "ann@example.com"}]}

    @app.get("/people")
    def people():
        return {"users": [{"id": 71, "email": "ann@example.com", "city": "Bern", "has_pin": True}]}

Limits:

    Rights alone (`is_admin`) are of low severity, a role or a badge is none, and none counts where
    one operation lists what the other gives one of. Objects are the same if they share an e-mail
    address or a name that is unique in both answers. What one sees of oneself (/me) is left out,
    and so is an operation that is guarded where the sparing one is public: it may show more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import denials, members, places

UNIQUE = (("email",), ("username",), ("user", "name"), ("uuid",), ("login",))
# Rights that a page shows of people and shops on purpose.
SHOWN = (("role",), ("verified",), ("is", "verified"), ("is", "active"), ("credits",))
Objects = dict[tuple[tuple[str, ...], str], dict[str, Any]]


@check(
    severity=Severity.HIGH,
    cwe=(213,),
    owasp=("API3:2023",),
    references=("OWASP API Security Top 10 2023, API3",),
    left_out=members.left_out,
)
async def sibling_exposes_more(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that shows more, with the names and the other operation."""
    seen: list[tuple[ApiOperation, Exchange, Objects]] = []
    for operation, answer in await site.answers():
        if denials.gives_data(answer) and not places.is_of_oneself(operation):
            seen.append((operation, answer, _objects(answer)))
    for operation, answer, found in seen:
        for other, sparing, spared in seen:
            extra = _extra(found, spared)
            if other is operation or not extra:
                continue
            has_secret = any(members.is_secret(name) for name in extra)
            if not has_secret and _is_one_of(operation, other):
                continue  # the page of one tells more than the list
            if await _is_public(site, sparing) and not await _is_public(site, answer):
                continue
            names = ", ".join(list(extra)[:5])
            yield sibling_exposes_more.finding(
                f"{operation.method} {operation.path} shows {names} of objects that "
                f"{other.method} {other.path} answers without",
                answer,
                sparing,
                operation=operation.operation,
                severity=None if has_secret else Severity.LOW,
            )
            break


def _is_one_of(operation: ApiOperation, other: ApiOperation) -> bool:
    """True for the operation that gives one object of what another lists."""
    return operation.path.startswith(f"{other.path.rstrip('/')}/") and bool(operation.variables)


async def _is_public(site: Site, answer: Exchange) -> bool:
    nobody = await site.ask(replace(answer.request, identity=None))
    return isinstance(nobody, Exchange) and denials.gives_data(nobody)


def _objects(answer: Exchange) -> Objects:
    """The objects of an answer by what makes each unique in it."""
    found: Objects = {}
    twice = set()
    for each in members.objects(members.load(answer.body)):
        for key, value in each.items():
            words = members.words(str(key))
            if words in UNIQUE and isinstance(value, str) and len(value) > 2:
                if (words, value) in found:
                    twice.add((words, value))
                found[words, value] = each
    return {key: each for key, each in found.items() if key not in twice}


def _extra(found: Objects, spared: Objects) -> dict[str, None]:
    """The secrets and rights that shared objects have here and lack there."""
    extra: dict[str, None] = {}
    for key, each in found.items():
        other = spared.get(key)
        if other is None or len(set(map(str, each)) & set(map(str, other))) < 2:
            continue
        for name, value in each.items():
            is_telling = members.is_secret(str(name)) and members.is_told(value)
            is_right = members.is_privileged(str(name)) and members.words(str(name)) not in SHOWN
            if name not in other and (is_telling or is_right):
                extra[str(name)[:64]] = None
    return extra

"""A caller may ask for pages of any size.

A parameter says how many items come at once, and the server obeys whatever it says. One request
can then cost what a thousand should, in the database, in memory and on the wire.

Remedy:

    Cap the parameter on the server (100 is usual), and say so in the description: `maximum: 100`.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 10}}
        return {"openapi": "3.0.3", "paths": {"/items": {"get": {"parameters": [limit]}}}}

    @app.get("/items")
    def items():
        return [{"id": n} for n in range(int(request.args.get("limit", 10)))]

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 10}}
        return {"openapi": "3.0.3", "paths": {"/items": {"get": {"parameters": [limit]}}}}

    @app.get("/items")
    def items():
        return [{"id": n} for n in range(min(100, int(request.args.get("limit", 10))))]

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks for 1,000 items once, of described operations that have such a parameter. Seen only
    where there are more than 100 items to give.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from plainwire.model import ApiOperation, Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import json_body, probes

MAX_OPERATIONS = 10
ASKED, USUAL = 1000, 100
NAMES = frozenset(
    {"limit", "pagesize", "perpage", "size", "count", "first", "max", "maxresults", "take", "top"}
    | {"rows", "pagelimit", "itemsperpage", "maxitems", "results", "number"}
)


@check(
    severity=Severity.MEDIUM,
    cwe=(770,),
    owasp=("API4:2023",),
    references=("OWASP API Security Top 10 2023, API4", "CWE-770"),
)
async def page_size_unbounded(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that gives more than 100 items more than it gives unasked."""
    wanted = [
        (operation, name, request)
        for operation in await site.operations()
        for name, request in _questions(operation)
    ][:MAX_OPERATIONS]
    if not wanted:
        site.leave_inapplicable("no operation has a parameter for the size of a page")
        return
    answers = await asyncio.gather(*(site.ask(request) for _, _, request in wanted))
    for (operation, name, _), answer in zip(wanted, answers, strict=True):
        if operation.request is None or not isinstance(answer, Exchange):
            continue
        many = _count(answer)
        plain = await site.ask(operation.request)
        if many > USUAL and isinstance(plain, Exchange) and many > _count(plain):
            yield page_size_unbounded.finding(
                f"{operation.method} {operation.path} gives {many} items when {name!r} is {ASKED}, "
                f"and {_count(plain)} without it",
                answer,
                operation=operation.operation,
                parameter=name,
            )


def _questions(operation: ApiOperation) -> Iterator[tuple[str, Request]]:
    """The example with each parameter for a size at 1,000, unless so much is declared."""
    if operation.request is None:
        return
    for each in operation.parameters:
        declared = each.schema.says("maximum") if each.schema is not None else None
        is_meant = declared is not None and declared.isdigit() and int(declared) >= ASKED
        if "".join(json_body.words(each.name)) not in NAMES or each.place != "query" or is_meant:
            continue
        if not any(pair.startswith(f"{each.name}=") for pair in _pairs(operation.request)):
            yield each.name, probes.with_query(operation.request, each.name, str(ASKED))


def _pairs(request: Request) -> list[str]:
    return request.path.partition("?")[2].split("&")


def _count(answer: Exchange) -> int:
    listing = json_body.listed(json_body.parsed(answer.body)) if answer.status < 300 else None
    return len(listing[0]) if listing is not None else 0

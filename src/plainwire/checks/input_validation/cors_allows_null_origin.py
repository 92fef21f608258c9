"""Any website may read the API's answers by way of the origin "null".

A page in a sandboxed frame, which any site can make, has the origin "null". An API that allows
it, with credentials, allows every site to read its answers in a visitor's name.

Remedy:

    Take "null" off the list of allowed origins; it is nobody's.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    OURS = {"https://app.example.com", "null"}

    @app.after_request
    def cors(response):
        if (origin := request.headers.get("Origin")) in OURS:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    @app.get("/")
    def index():
        return {"balance": 17}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    OURS = {"https://app.example.com"}

    @app.after_request
    def cors(response):
        if (origin := request.headers.get("Origin")) in OURS:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    @app.get("/")
    def index():
        return {"balance": 17}

Limits:

    Asks a few operations. Where any origin at all is reflected, that is the finding and this is
    none. Where a shared cache ignores the query nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import cors
from plainwire.wire.caching import is_from_shared_cache

MAX_OPERATIONS = 3


@check(
    severity=Severity.HIGH,
    cwe=(942, 346),
    references=("Fetch Standard, CORS protocol and credentials", "HTML Standard, opaque origins"),
    reads_bodies=False,
)
async def cors_allows_null_origin(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that the origin null may read, and a made-up one may not."""
    operations = [each for each in await site.operations() if each.request is not None]
    found = await asyncio.gather(*(_allowed(site, each) for each in operations[:MAX_OPERATIONS]))
    for operation, exchange in filter(None, found):
        is_cookieless = not any("cookie" in scheme for scheme in operation.security.schemes)
        bearer_only = operation.security.need == "required" and is_cookieless
        yield cors_allows_null_origin.finding(
            f"{operation.method} {operation.path} allows the origin null to read its answer with "
            "the visitor's credentials",
            exchange,
            operation=operation.operation,
            # A browser adds no bearer token by itself: a page needs one of its own.
            severity=Severity.MEDIUM if bearer_only else None,
        )


async def _allowed(site: Site, operation: ApiOperation) -> tuple[ApiOperation, Exchange] | None:
    if operation.request is None:
        return None
    calm = await site.ask(cors.shown(operation.request, site.random_path, "o0", None))
    if not isinstance(calm, Exchange) or is_from_shared_cache(calm):
        return None
    made_up = cors.made_up(site.random_path, 1)
    control = await site.ask(cors.shown(operation.request, site.random_path, "o1", made_up))
    if not isinstance(control, Exchange) or cors.allows(control, made_up):
        return None
    shown = None
    for number in (3, 4):
        answer = await site.ask(
            cors.shown(operation.request, site.random_path, f"o{number}", "null")
        )
        if not isinstance(answer, Exchange) or not cors.allows(answer, "null"):
            return None
        shown = answer
    return (operation, shown) if shown is not None else None

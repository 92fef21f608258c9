"""Any website may read the API's answers in its visitor's name.

The API repeats whatever Origin it is shown and allows credentials with it. A page on any site
can then ask the API from a visitor's browser, with the visitor's cookies, and read the answer:
the browser's same-origin policy is switched off for everybody.

Remedy:

    Compare Origin with a list of the sites that are yours, whole and exactly, and send
    Access-Control-Allow-Credentials for those only, with `Vary: Origin`.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.after_request
    def cors(response):
        response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
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
            response.headers["Vary"] = "Origin"
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    @app.get("/")
    def index():
        return {"balance": 17}

Limits:

    Two random origins are shown to a few operations. `*` is no finding (browsers send no
    credentials then), nor is a reflection without credentials. A list that is compared by its
    beginning or its end is not seen. Where a shared cache ignores the query nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import cors
from plainwire.wire.caching import is_from_shared_cache

MAX_OPERATIONS = 8


@check(
    severity=Severity.HIGH,
    cwe=(942, 346),
    references=("Fetch Standard, CORS protocol and credentials", "RFC 6454, section 7"),
    reads_bodies=False,
)
async def cors_reflects_origin(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that lets two random origins read with credentials."""
    answered = await site.answers()
    operations = [o for o, _ in sorted(answered, key=lambda each: each[1].status >= 300)]
    is_cookieless = _is_cookieless(answered)
    for found in await asyncio.gather(*(_reflects(site, o) for o in operations[:MAX_OPERATIONS])):
        if found is None:
            continue
        operation, exchange = found
        yield cors_reflects_origin.finding(
            f"{operation.method} {operation.path} allows {_allowed(exchange)} to read its answer "
            "with the visitor's credentials, and any other origin too",
            exchange,
            operation=operation.operation,
            # A browser adds no bearer token by itself: a page needs one of its own.
            severity=Severity.MEDIUM if is_cookieless else None,
        )


def _is_cookieless(answered: Sequence[tuple[ApiOperation, Exchange]]) -> bool:
    """True if the API declares which credentials it takes, and neither takes nor sets a cookie."""
    schemes = {each for operation, _ in answered for each in operation.security.schemes}
    is_set = any(answer.all("set-cookie") for _, answer in answered)
    return bool(schemes) and not is_set and not any("cookie" in each for each in schemes)


async def _reflects(site: Site, operation: ApiOperation) -> tuple[ApiOperation, Exchange] | None:
    """The operation with an answer that allows an origin made up for it; None if none does."""
    if operation.request is None:
        return None
    calm = await site.ask(cors.shown(operation.request, site.random_path, "o0", None))
    if not isinstance(calm, Exchange):
        return None
    if is_from_shared_cache(calm):
        site.leave_unasked(
            f"{calm.url} with an Origin", "a shared cache ignores the query: others would get it"
        )
        return None
    shown = None
    for number in range(1, 3):  # the second shows that no list was met by chance
        origin = cors.made_up(site.random_path, number)
        answer = await site.ask(
            cors.shown(operation.request, site.random_path, f"o{number}", origin)
        )
        if not isinstance(answer, Exchange) or not cors.allows(answer, origin):
            return None
        shown = answer
    return (operation, shown) if shown is not None else None


def _allowed(exchange: Exchange) -> str:
    return (exchange.header("access-control-allow-origin") or "")[:100]

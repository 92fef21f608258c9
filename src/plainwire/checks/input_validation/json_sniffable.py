"""A browser may read JSON as something else.

Without `X-Content-Type-Options: nosniff` browsers may guess what a body is, and JSON sent as
text/html is a page: text of users in it can become script.

Remedy:

    Send JSON as application/json, and `X-Content-Type-Options: nosniff` with every answer.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return '{"status": "ok"}', {"X-Content-Type-Options": "nosniff"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def headers(response):
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sees the answers of the endpoints that are asked; one finding for the whole site. Pages are
    not looked at here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import json_body

MAX_SHOWN = 5


@check(
    severity=Severity.LOW,
    cwe=(693, 430),
    references=("Fetch Standard, X-Content-Type-Options", "RFC 8259, section 11"),
)
async def json_sniffable(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, with the places of both flaws."""
    over = await asyncio.gather(site.pages("https"), site.pages("http"))
    as_page: dict[str, Exchange] = {}
    open_ones: dict[str, Exchange] = {}
    for endpoint, exchange in (*over[0], *over[1]):
        if not 200 <= exchange.status < 300:
            continue
        place = endpoint.operation.path
        if exchange.declared_type == "text/html":
            if isinstance(json_body.parsed(exchange.body), (dict, list)):
                as_page.setdefault(place, exchange)
        elif _is_json(exchange) and not exchange.is_nosniff:
            open_ones.setdefault(place, exchange)
    told = []
    if as_page:
        told.append(f"JSON is sent as text/html by {_some(as_page)}")
    if open_ones:
        told.append(f"JSON is sent without nosniff by {_some(open_ones)}")
    if told:
        shown = [*as_page.values(), *open_ones.values()][:3]
        yield json_sniffable.finding("; ".join(told), *shown)


def _is_json(exchange: Exchange) -> bool:
    kind = exchange.declared_type
    return kind == "application/json" or kind.endswith("+json")


def _some(places: dict[str, Exchange]) -> str:
    more = len(places) - MAX_SHOWN
    return ", ".join(list(places)[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")

"""The API's description tells clients to use http.

Generated clients, test tools and documentation pages take the address from the OpenAPI document:
where it says http, every one of them sends its requests and credentials in clear, without
anybody having typed that. An http entry beside an https one is a choice that should not exist.

Remedy:

    Name https servers only in the document (servers in OpenAPI 3, schemes in Swagger 2), or a path
    without scheme and host.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {
            "openapi": "3.0.3",
            "info": {"title": "Accounts", "version": "1"},
            "servers": [{"url": "http://api.example.com/"}],
            "paths": {"/": {"get": {"responses": {"200": {"description": "ok"}}}}},
        }

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {
            "openapi": "3.0.3",
            "info": {"title": "Accounts", "version": "1"},
            "servers": [{"url": "https://api.example.com/"}, {"url": "http://localhost:5000/"}],
            "paths": {"/": {"get": {"responses": {"200": {"description": "ok"}}}}},
        }

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sees the documents at the usual places, their servers with the default values of their
    variables, and the schemes of Swagger 2. The URLs of OAuth flows and examples are not looked
    at. Loopback does not count, unless loopback is what is scanned.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import openapi
from plainwire.wire.insecure_links import is_left_out, listed
from plainwire.wire.redirects import resolve


@check(
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("OpenAPI 3.1, Server Object", "OWASP API Security Top 10 2023, API8"),
)
async def http_url_in_api_description(site: Site) -> AsyncIterator[Finding]:
    """One finding for each OpenAPI document that leads to http."""
    for exchange, document in await site.documents():
        found = tuple(_cleartext_servers(exchange, document))
        if found:
            path = exchange.request.path.partition("?")[0]
            yield http_url_in_api_description.finding(
                f"{path} describes an API at {listed(found)}",
                exchange,
                operation=Operation("GET", path),
            )


def _cleartext_servers(exchange: Exchange, document: Mapping[str, Any]) -> Iterator[str]:
    """The http origins that a document names, in order."""
    own = exchange.request.origin.host
    for server in openapi.read(document, skipped=[]).servers:
        place = resolve(server, exchange.url)
        if place.scheme == "http" and not is_left_out(place.host, own):
            yield server
    # Swagger 2 without a host means the host that serves the document, over these schemes.
    schemes = document.get("schemes")
    if "swagger" in document and not document.get("host") and isinstance(schemes, list):
        yield from (f"http://{own}" for scheme in schemes if scheme == "http")

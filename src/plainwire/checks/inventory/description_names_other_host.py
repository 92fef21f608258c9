"""The API's description names another host as its server.

Clients made from it, and people who try it out in a browser, send their requests and credentials
there: to a machine of a developer, to a stage with other rules, or to whoever registers the name.

Remedy:

    Describe the server by a relative URL (`/`), or by the public name of each stage.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        servers = [{"url": "https://staging.internal.example.net/api"}]
        return {"openapi": "3.0.3", "servers": servers, "paths": {"/": {"get": {}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        servers = [{"url": "/"}, {"url": "https://api.example.com/v1"}]
        return {"openapi": "3.0.3", "servers": servers, "paths": {"/": {"get": {}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sees the documents that the site serves. A name of a stage or an inner address is a finding,
    any other host a note: the site may well be known by several names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping
from typing import Any

from plainwire.model import Exchange, Finding, Operation, Severity, Site, Span, WireError, check
from plainwire.wire import json_body, openapi
from plainwire.wire.redirects import resolve

STAGES = frozenset({"dev", "test", "staging", "stage", "qa", "uat", "internal", "local", "sandbox"})


@check(
    severity=Severity.LOW,
    cwe=(1059,),
    owasp=("API9:2023",),
    references=("OpenAPI 3.1, Server Object", "OWASP API Security Top 10 2023, API9"),
)
async def description_names_other_host(site: Site) -> AsyncIterator[Finding]:
    """One finding for each document, with the hosts that it names."""
    documents: list[tuple[Exchange | Span, Mapping[str, Any]]]
    documents = [*await site.documents(), *await site.named_documents()]
    if not documents:
        site.leave_inapplicable("no description of the API was found")
    site.leave_answered()
    own = {(each.host, each.port) for each in (*site.target.https, *site.target.http)}
    first = site.target.https[0].url(site.target.path)
    for where, document in documents:
        base = where.url if isinstance(where, Exchange) else first
        others: dict[str, bool] = {}
        for server in openapi.read(document, skipped=[]).servers:
            try:
                place = resolve(server, base)
            except WireError:
                continue
            if (
                place.host
                and (place.host, place.port) not in own
                and place.host != site.target.host
            ):
                others[f"{place.scheme}://{place.host}:{place.port}"] = _is_inner(place.host)
        if others:
            path = (
                where.request.path.partition("?")[0] if isinstance(where, Exchange) else where.path
            )
            is_served = isinstance(where, Exchange)
            is_worse = any(others.values()) and not _is_loopback(site.target.host)
            yield description_names_other_host.finding(
                f"{path} describes an API at {', '.join(list(others)[:5])}",
                where,
                operation=Operation("GET", path) if is_served else None,
                severity=None if is_worse else Severity.INFO,
            )


def _is_inner(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        labels = {word for label in host.split(".") for word in json_body.words(label)}
        return host == "localhost" or bool(labels & STAGES) or "." not in host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

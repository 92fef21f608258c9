"""A parameter names a place that the server may ask.

Where a server fetches what a caller names, the caller can ask from inside: services that trust
the inner network, and the cloud's metadata with its credentials. This is a place to look at, and
no proof: a description tells that an address is taken, not what is done with it.

Remedy:

    Allow hosts from a list, resolve the name once and refuse private and link-local addresses,
    follow no redirects, and send nothing of the answer back.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        fields = {"image_url": {"type": "string", "format": "uri"}, "name": {"type": "string"}}
        body = {"content": {"application/json": {"schema": {"properties": fields}}}}
        return {"openapi": "3.0.3", "paths": {"/menu": {"put": {"requestBody": body}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        back = {"name": "redirect_uri", "in": "query", "schema": {"type": "string"}}
        fields = {"self_url": {"type": "string", "format": "uri", "readOnly": True}}
        body = {"content": {"application/json": {"schema": {"properties": fields}}}}
        return {"openapi": "3.0.3", "paths": {
            "/authorize": {"get": {"parameters": [back]}},
            "/menu": {"put": {"requestBody": body}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Reads descriptions and the schema of GraphQL by names and formats, and sends nothing. What a
    browser is sent back to (redirect_uri) is another matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Any

from plainwire.model import (
    ApiOperation,
    Finding,
    Location,
    Operation,
    Schema,
    Severity,
    Site,
    check,
)
from plainwire.wire import json_body

MAX_FIELDS = 300
MIN_RUN_TOGETHER = 5  # letters: "curl" is one word
WORDS = frozenset({"url", "uri", "callback", "webhook", "feed", "endpoint"})
WHOLE = frozenset({"host", "hostname", "dest", "destination", "remoteaddr", "proxy", "upstream"})
# Where a browser is led, or what names a thing (a link of a person, a canonical address).
OTHER = frozenset({"redirect", "return", "homepage", "website", "canonical", "self", "logout"})


@check(
    severity=Severity.INFO,
    cwe=(918,),
    owasp=("API7:2023",),
    references=("OWASP API Security Top 10 2023, API7", "CWE-918"),
)
async def url_parameter_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that takes an address, with the names."""
    described = [each for each in await site.operations() if each.pointer]
    endpoints = [each for each in await site.graphql() if each.schema is not None]
    if not described and not endpoints:
        site.leave_inapplicable("no description of the API tells what it takes")
        return
    site.leave_answered()
    base = next((o.request.origin for o in await site.operations() if o.request is not None), None)
    for operation in described:
        names = tuple(dict.fromkeys(_names(operation)))
        if names:
            url = base.url(operation.path) if base is not None else operation.path
            yield url_parameter_accepted.finding(
                f"{operation.method} {operation.path} takes an address in {', '.join(names[:5])}",
                operation=operation.operation,
                locations=(Location(url=url, method=operation.method),),
            )
    for endpoint in endpoints:
        for field, arguments in _fields(endpoint.schema or {}):
            parts = {"host", "port", "path", "scheme"} & set(arguments)
            if len(parts) > 2 or any(_is_address(name) for name in arguments):
                yield url_parameter_accepted.finding(
                    f"{field} of {endpoint.path} takes an address: {', '.join(arguments[:8])}",
                    *((endpoint.introspection,) if endpoint.introspection else ()),
                    operation=Operation("POST", endpoint.path),
                    parameter=field,
                    severity=Severity.LOW if len(parts) > 2 else None,
                )


def _names(operation: ApiOperation) -> Iterator[str]:
    for each in operation.parameters:
        if each.place in ("query", "path", "formData") and _is_taken(each.name, each.schema):
            yield each.name
    if operation.body is not None:
        for way, schema in islice(operation.body.walk(), MAX_FIELDS):
            if _is_taken(way[-1], schema) and schema.says("readOnly") != "true":
                yield way[-1]


def _is_taken(name: str, schema: Schema | None) -> bool:
    is_address = schema is not None and schema.format in ("uri", "url", "iri", "hostname")
    return _is_address(name) or (is_address and not OTHER & set(_words(name)))


def _words(name: str) -> Iterator[str]:
    """The words of a name; "imageurl" is two of them."""
    for word in json_body.words(name):
        if len(word) > MIN_RUN_TOGETHER and word.endswith(("url", "uri")):
            yield word[:-3]
            yield word[-3:]
        else:
            yield word


def _is_address(name: str) -> bool:
    words = set(_words(name))
    if words & OTHER:
        return False
    return bool(words & WORDS) or "".join(json_body.words(name)) in WHOLE


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The fields of a GraphQL schema with the names of their arguments, within bounds."""
    for kind in schema.get("types", [])[:500]:
        if not isinstance(kind, dict) or str(kind.get("name", "")).startswith("__"):
            continue
        fields = kind.get("fields")
        for field in fields[:500] if isinstance(fields, list) else ():
            arguments = field.get("args") if isinstance(field, dict) else None
            if isinstance(arguments, list):
                names = [str(a["name"]) for a in arguments if isinstance(a, dict) and a.get("name")]
                yield str(field.get("name", ""))[:128], names[:50]

"""The API's description is public.

Anybody may read every operation with its parameters. That is meant so for a public API. For an
inner one it saves an attacker the search, and shows what was not meant for outside.

Remedy:

    Nothing, if the API is public. Else serve the description, its pages and GraphQL's
    introspection to those who have a login.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/": {"get": {}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"error": "log in"}, 401

    @app.get("/docs")
    def docs():
        return "<title>Accounts</title>How to log in"

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at the usual places and knows a description by its content. A note, but for GraphQL's
    introspection and consoles, which few mean to publish.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire.sameness import is_same
from plainwire.wire.usual_places import DESCRIPTION_PAGES

_PAGES = (
    (
        "Swagger UI",
        re.compile(r"(?i)<title>[^<]{0,100}Swagger UI|id=[\"']swagger-ui[\"']"),
    ),
    ("ReDoc", re.compile(r"<redoc[ >]|Redoc\.init\(")),
    ("GraphiQL", re.compile(r"<title>[^<]{0,50}GraphiQL|graphiql(?:\.min)?\.js", re.IGNORECASE)),
)


@check(
    severity=Severity.INFO,
    cwe=(200,),
    owasp=("API9:2023",),
    references=("OWASP API Security Top 10 2023, API9", "OpenAPI 3.1"),
)
async def api_description_public(site: Site) -> AsyncIterator[Finding]:
    """One finding for each document, page and schema that is there for anybody."""
    for answer, document in await site.documents():
        nobodys = await site.ask(replace(answer.request, identity=None))
        if isinstance(nobodys, Exchange) and is_same(nobodys, answer):
            count = len(document.get("paths") or ())
            yield _told(nobodys, f"the API's description, with {count} paths, to anybody", None)
    for answer in await site.present(*DESCRIPTION_PAGES):
        name = _page(answer)
        if name is not None:
            is_console = name == "GraphiQL"
            yield _told(answer, name, Severity.LOW if is_console else None)
    for endpoint in await site.graphql():
        if endpoint.introspection is not None and endpoint.schema is not None:
            count = len(endpoint.schema["types"])
            told = f"GraphQL's schema, with {count} types"
            yield _told(endpoint.introspection, told, Severity.LOW)


def _told(answer: Exchange, what: str, severity: Severity | None) -> Finding:
    path = answer.request.path.partition("?")[0]
    method = answer.request.method
    return api_description_public.finding(
        f"{path} shows {what}", answer, operation=Operation(method, path), severity=severity
    )


def _page(answer: Exchange) -> str | None:
    if answer.content_type != "text/html":
        return None
    return next((name for name, pattern in _PAGES if pattern.search(answer.text[:65536])), None)

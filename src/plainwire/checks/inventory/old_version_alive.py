"""An older version of the API still answers.

What was mended in the new version is still open in the old one, and nobody watches it.

Remedy:

    Switch the old version off (410, or a redirect to the new one); until then announce its end
    with Deprecation and Sunset, and mend it too.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/api/v2/items": {"get": {}}}}

    @app.get("/api/v1/items")
    @app.get("/api/v2/items")
    def items():
        return {"items": [{"id": 1}]}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/api/v2/items": {"get": {}}}}

    @app.get("/api/v1/items")
    def old():
        return {"error": "gone"}, 410

    @app.get("/api/v2/items")
    def items():
        return {"items": [{"id": 1}]}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks for the version before, of three operations whose path has a number of a version. An old
    version that announces its end with Sunset or Deprecation is worth a note only.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import json_body

MAX_OPERATIONS = 3
_VERSION = re.compile(r"(?<=/v)([2-9]|[1-9]\d)(?=/)")


@check(
    severity=Severity.MEDIUM,
    cwe=(1059,),
    owasp=("API9:2023",),
    references=("OWASP API Security Top 10 2023, API9", "RFC 8594", "RFC 9745"),
)
async def old_version_alive(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that is there in the version before, with JSON."""
    versioned = [(o, a) for o, a in await site.answers() if _VERSION.search(o.path)]
    if not versioned:
        site.leave_inapplicable("no path has a version with one before it")
    for operation, answer in versioned[:MAX_OPERATIONS]:
        if not 200 <= answer.status < 300 or answer.request.method != "GET":
            continue
        path = _VERSION.sub(lambda m: str(int(m[1]) - 1), answer.request.path, count=1)
        old = await site.ask(replace(answer.request, path=path))
        if not isinstance(old, Exchange) or not 200 <= old.status < 300:
            continue
        if json_body.parsed(old.body) is None or await site.is_missing(old) is not False:
            continue
        is_announced = old.header("sunset") is not None or old.header("deprecation") is not None
        template = _VERSION.sub(lambda m: str(int(m[1]) - 1), operation.path, count=1)
        yield old_version_alive.finding(
            f"{template} answers {old.status} beside {operation.path}",
            old,
            operation=Operation("GET", template),
            severity=Severity.INFO if is_announced else None,
        )

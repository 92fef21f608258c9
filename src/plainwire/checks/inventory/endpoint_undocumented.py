"""An operation is there that the description does not tell of.

What nobody wrote down nobody looks after: it is left out of reviews, of tests and of the rules of
gateways, and stays when its reason is gone.

Remedy:

    Describe it, or take it away.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/": {"get": {}}}}

    @app.get("/admin")
    def admin():
        return {"users": 17, "jobs": 4}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/items": {"get": {}}}}

    @app.get("/health")
    def health():
        return {"status": "UP"}

    @app.get("/items")
    @app.get("/")
    def index():
        return {"items": [], "links": ["/health"]}

    @app.errorhandler(404)
    def missing(error):
        return {"items": []}, 200

Limits:

    Compares links and a few usual names with the description. Pages, files, health
    checks and descriptions are left out; without a description there is nothing to compare with.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from plainwire.model import (
    ApiOperation,
    Exchange,
    Finding,
    Operation,
    Request,
    Severity,
    Site,
    check,
)
from plainwire.wire import json_body
from plainwire.wire.files import is_file
from plainwire.wire.probes import BODY_LIMIT
from plainwire.wire.usual_places import FORGOTTEN

_LEFT_OUT = re.compile(
    r"(?i)/(?:health\w*|live\w*|ready\w*|ping|status|version|docs?|redoc|ui|swagger[\w.-]*|"
    r"openapi[\w.-]*|static|assets|favicon\.ico|robots\.txt|\.well-known|metrics|graphql)(?:/|$)"
)


@check(
    severity=Severity.MEDIUM,
    cwe=(1059,),
    owasp=("API9:2023",),
    references=("OWASP API Security Top 10 2023, API9", "CWE-1059"),
)
async def endpoint_undocumented(site: Site) -> AsyncIterator[Finding]:
    """One finding for each place with JSON, or that asks for a login, outside the description."""
    operations = await site.operations()
    described = [each for each in operations if each.pointer]
    if not described:
        site.leave_inapplicable("no description of the API to compare with")
        return
    linked = [e.request for e in operations if e.source == "link" and e.request is not None]
    first = next(each.request for each in operations if each.request is not None)
    guess = Request(first.origin, "GET", identity=None, body_limit=BODY_LIMIT)
    guessed = [replace(guess, path=path) for path in FORGOTTEN]
    wanted = [r for r in (*linked, *guessed) if not _is_known(r.path.partition("?")[0], described)]
    answers = await asyncio.gather(*(site.ask(request) for request in wanted))
    seen: set[str] = set()
    for answer in answers:
        if not isinstance(answer, Exchange) or not _is_operation(answer) or is_file(answer):
            continue
        path = answer.request.path.partition("?")[0]
        if path in seen or await site.is_missing(answer) is not False:
            continue
        seen.add(path)
        yield endpoint_undocumented.finding(
            f"{path} answers {answer.status} and is in no description",
            answer,
            operation=Operation("GET", path),
            severity=None if answer.status < 300 else Severity.LOW,
        )


def _is_operation(answer: Exchange) -> bool:
    """True for JSON with something in it, and for JSON that asks for a login or another method."""
    if "json" not in answer.content_type or _LEFT_OUT.search(answer.request.path.partition("?")[0]):
        return False
    if answer.status in (401, 403, 405):
        return True
    return 200 <= answer.status < 300 and bool(json_body.parsed(answer.body))


def _is_known(path: str, described: Sequence[ApiOperation]) -> bool:
    parts = path.rstrip("/").split("/")
    for each in described:
        template = each.path.rstrip("/").split("/")
        if len(template) == len(parts) and all(
            one == other or "{" in one for one, other in zip(template, parts, strict=True)
        ):
            return True
    return False

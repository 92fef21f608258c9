"""Another spelling of a path goes round the access control.

A gateway or a filter refuses the path as it is usually written and passes it on when it is
written otherwise (`//admin`, `/./admin`, `/admin/`, `/admin;x=1`), and the application behind
understands both: the rule is there and protects nothing.

Remedy:

    Normalise the path once, before any rule looks at it, and check access in the handler that
    serves the data.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/reports": {"get": {}}}}

    @app.get("/reports")
    def guarded():
        return {"error": "token required"}, 401

    @app.get("/reports/")
    def reports():
        return {"reports": [{"id": 1, "total": 17}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/reports": {"get": {}}}}

    @app.get("/reports")
    def guarded():
        return {"error": "token required"}, 401

    @app.get("/<path:anything>")
    def shell(anything):
        return {"page": "the shell of the application"}

Limits:

    Five spellings of a few operations that refuse nobody's GET with 401 or 403. What is answered
    for such a spelling of a random path too is no bypass.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import denials
from plainwire.wire.sameness import is_same

MAX_OPERATIONS = 4


@check(
    severity=Severity.HIGH,
    cwe=(288, 647),
    owasp=("API5:2023",),
    references=("RFC 3986, section 6.2", "CWE-647"),
)
async def path_spelling_bypasses_access(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that another spelling of its path opens."""
    refused = [
        (operation, answer)
        for operation, answer in await site.answers(None)
        if answer.status in (401, 403)
    ]
    for operation, refusal in refused[:MAX_OPERATIONS]:
        spelled = _spellings(refusal.request)
        answers = await asyncio.gather(*(site.ask(request) for request in spelled))
        for number, answer in enumerate(answers):
            if not isinstance(answer, Exchange) or not denials.gives_data(answer):
                continue
            beside = _spellings(site.control_of(refusal.request))[number]
            control = await site.ask(beside)
            if isinstance(control, Exchange) and (
                is_same(control, answer) or denials.gives_data(control)
            ):
                continue
            again = await site.confirm(answer.request)
            calm = await site.ask(replace(refusal.request, repetition=1))
            if not all(isinstance(a, Exchange) and denials.gives_data(a) for a in again):
                continue
            if not isinstance(calm, Exchange) or calm.status not in (401, 403):
                continue
            yield path_spelling_bypasses_access.finding(
                f"{operation.method} {operation.path} answers {refusal.status} without a "
                f"credential, and gives its data as {answer.request.path[:100]}",
                answer,
                refusal,
                operation=operation.operation,
            )
            break


def _spellings(request: Request) -> list[Request]:
    """The request with its path written otherwise, the last segment in five ways."""
    way, mark, query = request.path.partition("?")
    parent, name = way.rstrip("/").rpartition("/")[::2]
    written = (
        f"/{way}",
        f"{parent}/./{name}",
        f"{way.rstrip('/')}/",
        f"{way.rstrip('/')}%2f",
        f"{way.rstrip('/')};x=1",
    )
    return [replace(request, path=f"{path}{mark}{query}") for path in written]

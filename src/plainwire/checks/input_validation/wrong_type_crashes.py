"""A value of the wrong type makes the server fail.

The server answers 500 to a value that it should refuse with 400: nothing looked at it before it
was used. Such a place fails in other ways too, and each failure costs a log entry and a look.

Remedy:

    Check values against their type as they come in (a converter such as `<int:id>`, a schema),
    and answer 400 or 404 where they do not fit.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        number = {"name": "id", "in": "path", "required": True, "example": "7"}
        return {"openapi": "3.0.3", "paths": {"/items/{id}": {"get": {"parameters": [number]}}}}

    @app.get("/items/<id>")
    def item(id):
        return {"id": int(id)}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        number = {"name": "id", "in": "path", "required": True, "example": "7"}
        return {"openapi": "3.0.3", "paths": {"/items/{id}": {"get": {"parameters": [number]}}}}

    @app.get("/items/<int:id>")
    def item(id):
        return {"id": id}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sends a quote and an element after one value in paths and queries, nothing in bodies or
    headers. A server that fails for the right value too, or not each time, is no finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import probes
from plainwire.wire.failures import is_failure
from plainwire.wire.probes import MARK

MAX_PROBES = 30


@check(
    severity=Severity.LOW,
    cwe=(755, 20),
    references=("RFC 9110, section 15.6.1", "CWE-755"),
    reads_bodies=False,
)
async def wrong_type_crashes(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that fails on a value, thrice, and not on the right one."""
    seen: set[Operation] = set()
    for suffix in ("'", MARK):  # as checks for SQL and markup ask it
        wanted = [
            (operation, probe)
            for operation in await site.operations()
            for probe in probes.appended(operation, suffix)
        ][:MAX_PROBES]
        answers = await asyncio.gather(*(site.ask(probe.request) for _, probe in wanted))
        for (operation, probe), answer in zip(wanted, answers, strict=True):
            if operation.operation in seen or not is_failure(answer):
                continue
            right = await site.ask(probe.control)
            if not isinstance(right, Exchange) or right.status >= 500:
                continue
            if all(map(is_failure, await site.confirm(probe.request))):
                seen.add(operation.operation)
                yield wrong_type_crashes.finding(
                    f"{operation.method} {operation.path} answers {answer.status} to a value of "
                    f"{probe.parameter!r} that it should refuse",
                    answer,
                    right,
                    operation=operation.operation,
                    parameter=probe.parameter,
                )

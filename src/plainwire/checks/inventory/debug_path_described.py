"""An operation for debugging or testing is part of the API.

What developers made for themselves (`/_debug`, `/internal`, `/test`) shows more and checks less
than the rest. In a description it is an invitation.

Remedy:

    Leave such operations out of what is deployed, or ask for an operator's login and keep them
    out of the public description.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/users/_debug": {"get": {}}}}

    @app.get("/users/_debug")
    def debug():
        return {"users": [{"id": 1}]}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        paths = ("/test-results", "/tests", "/patients/{id}/test")
        return {"openapi": "3.0.3", "paths": {path: {"get": {}} for path in paths}}

    @app.get("/tests")
    @app.get("/test-results")
    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Goes by whole segments of paths. What answers nobody without a login, or was not asked, is
    worth a note only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import ApiOperation, Finding, Location, Severity, Site, check

SEGMENTS = frozenset(
    {"debug", "_debug", "__debug__", "internal", "_internal", "backdoor", "dev", "_dev", "devtools"}
    | {"_test", "_private", "dump", "phpinfo", "trace", "_trace", "playground", "sandbox-admin"}
)
AT_THE_TOP = frozenset({"test", "testing", "staging", "private", "tmp", "temp", "old", "backup"})


@check(
    severity=Severity.MEDIUM,
    cwe=(489,),
    owasp=("API9:2023",),
    references=("OWASP API Security Top 10 2023, API9", "CWE-489"),
)
async def debug_path_described(site: Site) -> AsyncIterator[Finding]:
    """One finding for each such operation that a description or a link tells of."""
    site.leave_answered()
    answers = {operation.operation: a for operation, a in await site.answers(identity=None)}
    operations = await site.operations()
    base = next((each.request.origin for each in operations if each.request is not None), None)
    for operation in operations:
        segment = _segment(operation)
        if segment is None or operation.source == "named" or base is None:
            continue
        answer = answers.get(operation.operation)
        if answer is not None and 200 <= answer.status < 300:
            yield debug_path_described.finding(
                f"{operation.method} {operation.path} is for developers by its name "
                f"({segment}), and answers {answer.status} to anybody",
                answer,
                operation=operation.operation,
            )
        else:
            yield debug_path_described.finding(
                f"{operation.method} {operation.path} is for developers by its name ({segment})",
                operation=operation.operation,
                severity=Severity.INFO,
                locations=(Location(url=base.url(operation.path), method=operation.method),),
            )


def _segment(operation: ApiOperation) -> str | None:
    parts = [part.lower() for part in operation.path.split("/") if part]
    for number, part in enumerate(parts):
        if part in SEGMENTS or (number == 0 and part in AT_THE_TOP):
            return part
    return None

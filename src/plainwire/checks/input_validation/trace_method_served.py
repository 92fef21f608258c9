"""The server answers TRACE with the request that it got.

TRACE sends back what arrived, with headers that a proxy added and cookies that scripts must not
see. Browsers no longer send it, so little is left of the attack; nothing needs it either.

Remedy:

    Switch TRACE off: `TraceEnable Off` in Apache; nginx and gunicorn have none.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.route("/", methods=["GET", "TRACE"])
    def index():
        if request.method == "TRACE":
            lines = "".join(f"{name}: {value}\\r\\n" for name, value in request.headers)
            return f"TRACE / HTTP/1.1\\r\\n{lines}", {"Content-Type": "message/http"}
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.route("/", methods=["GET", "TRACE"])
    def index():
        return {"status": "ok"}

Limits:

    Asks the named page, and only where opted in to (--allow trace-probe). An answer that has
    nothing of the request in it is a page for every method, and no finding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check

HEADER = "X-Plainwire"


@check(
    severity=Severity.LOW,
    cwe=(693,),
    references=("RFC 9110, section 9.3.8", "OWASP API Security Top 10 2023, API8"),
)
async def trace_method_served(site: Site) -> AsyncIterator[Finding]:
    """One finding if a header made up for it comes back in the body, twice."""
    operations = await site.operations()
    first = next((each.request for each in operations if each.request is not None), None)
    if first is None:
        return
    word = site.random_path.strip("/")
    request = replace(first, method="TRACE", headers=((HEADER, word),), identity=None)
    answer = await site.ask(request)
    if not isinstance(answer, Exchange) or not _echoes(answer, word):
        return
    control = await site.ask(replace(request, method="GET"))
    if not isinstance(control, Exchange) or _echoes(control, word):
        return  # a page that shows its visitor's headers
    if all(isinstance(a, Exchange) and _echoes(a, word) for a in await site.confirm(request)):
        path = first.path.partition("?")[0]
        yield trace_method_served.finding(
            f"TRACE {path} answers with the request's own headers",
            answer,
            operation=Operation("TRACE", path),
        )


def _echoes(answer: Exchange, word: str) -> bool:
    return answer.status == 200 and word.encode() in answer.body

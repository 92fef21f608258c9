"""A value of the request comes back as markup.

What a link holds appears in a page as it stands, brackets and all. Whoever makes somebody open
such a link runs a script on the site in that person's name (cross-site scripting). JSON with the
media type of HTML is a page too.

Remedy:

    Escape values where HTML is written (templates do, unless they are told `|safe`), and send
    JSON as application/json.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.errorhandler(404)
    def missing(error):
        from urllib.parse import unquote
        return f"<h1>Not found</h1>{unquote(request.path)}", 404

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request
    from markupsafe import escape

    app = Flask(__name__)

    @app.errorhandler(404)
    def missing(error):
        if request.path.startswith("/api"):
            return {"error": f"nothing at {request.path}"}, 404
        return f"<h1>Not found</h1>{escape(request.path)}", 404

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Sees values that come back at once, in the answer's own text. What is stored first, or written
    by a script in the page, is not seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

from plainwire.model import Exchange, Finding, Operation, Request, Severity, Site, check
from plainwire.wire import probes
from plainwire.wire.probes import BODY_LIMIT, MARK

MAX_PROBES = 30
PAGES = ("text/html", "application/xhtml+xml", "image/svg+xml")


@check(
    severity=Severity.HIGH,
    cwe=(79,),
    references=("CWE-79", "OWASP Cross Site Scripting Prevention Cheat Sheet"),
)
async def markup_reflected(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter whose element comes back as one, and does so when alone."""
    operations = await site.operations()
    wanted: list[tuple[Operation, str, Request]] = [
        (operation.operation, probe.parameter, probe.request)
        for operation in operations
        for probe in probes.appended(operation, MARK)
    ][:MAX_PROBES]
    first = next((each.request for each in operations if each.request is not None), None)
    if first is not None:
        missing = site.control_of(first)
        path = missing.path.partition("?")[0] + quote(MARK, safe="")
        wanted.append(
            (
                Operation("GET", "/{anything}"),
                "path",
                replace(missing, path=path, body_limit=BODY_LIMIT),
            )
        )
    answers = await asyncio.gather(*(site.ask(request) for _, _, request in wanted))
    for (operation, parameter, request), answer in zip(wanted, answers, strict=True):
        if not isinstance(answer, Exchange) or not _is_markup(answer):
            continue
        again = await site.confirm(request)
        if all(isinstance(each, Exchange) and _is_markup(each) for each in again):
            yield markup_reflected.finding(
                f"{operation.method} {operation.path} puts {parameter!r} into its page as markup "
                f"({answer.status}, {answer.declared_type or 'no media type'})",
                answer,
                operation=operation,
                parameter=parameter,
            )


def _is_markup(answer: Exchange) -> bool:
    """True if a browser reads the element as one: in HTML, or where no type forbids to guess."""
    is_page = answer.declared_type in PAGES
    if not is_page and (answer.declared_type or answer.is_nosniff):
        return False
    return MARK.encode() in answer.body

"""An operation still answers though its end has been announced.

A description calls it deprecated, or its Sunset date is past. What is kept for nobody is mended
by nobody.

Remedy:

    Switch it off: 410, or a redirect to what follows it.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/old": {"get": {"deprecated": True}}}}

    @app.get("/old")
    def old():
        return {"items": []}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.0.3", "paths": {"/old": {"get": {"deprecated": True}}}}

    @app.get("/old")
    def old():
        return {"error": "gone"}, 410

    @app.get("/")
    def index():
        return {"status": "ok"}, {"Sunset": "Sat, 31 Dec 2089 23:59:59 GMT"}

Limits:

    Sees operations that are asked. One that is deprecated with a Sunset date still to come is
    being ended in order, and is no finding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from plainwire.model import Exchange, Finding, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(477,),
    owasp=("API9:2023",),
    references=("RFC 8594, section 3", "RFC 9745", "OpenAPI 3.1, Operation Object"),
    reads_bodies=False,
)
async def deprecated_operation_alive(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that answers 2xx after its end."""
    for operation, answer in await site.answers():
        if not 200 <= answer.status < 300:
            continue
        end = _sunset(answer)
        if end is not None and end < site.now():
            why = f"though its Sunset was {end.date().isoformat()}"
        elif operation.is_deprecated and end is None:
            why = "though it is deprecated, without a Sunset date"
        else:
            continue
        yield deprecated_operation_alive.finding(
            f"{operation.method} {operation.path} answers {answer.status}, {why}",
            answer,
            operation=operation.operation,
        )


def _sunset(answer: Exchange) -> datetime | None:
    """The date in a Sunset header (RFC 8594, section 3). Returns None without one."""
    try:
        found = parsedate_to_datetime(answer.header("sunset") or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

"""A condition that a value brings along is believed by the database.

With `' AND '7'='7` behind a value the answer stays as it was, with `' AND '7'='8` it does not:
the value is code there. Who asks enough such questions reads the whole database, bit by bit.

Remedy:

    Give values to the database as parameters of the statement, never as text put into it:
    `execute("… WHERE name = ?", (name,))`, or an ORM's own filters.

Bad:

    import sqlite3

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        name = {"name": "name", "in": "query", "required": True, "example": "ann"}
        return {"openapi": "3.0.3", "paths": {"/users": {"get": {"parameters": [name]}}}}

    @app.get("/users")
    def users():
        data = sqlite3.connect(":memory:")
        data.executescript("CREATE TABLE users (name); INSERT INTO users VALUES ('ann')")
        try:
            rows = data.execute(f"SELECT name FROM users WHERE name = '{request.args['name']}'")
            return {"users": rows.fetchall()}
        except sqlite3.Error:
            return {"users": []}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        name = {"name": "name", "in": "query", "required": True, "example": "ann"}
        return {"openapi": "3.0.3", "paths": {"/users": {"get": {"parameters": [name]}}}}

    @app.get("/users")
    def users():
        word = request.args["name"].split("'")[0]
        return {"users": [name for name in ("ann", "bob") if word in name]}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow injection-probes`. Looks at ten values of paths and queries that a description
    or a link tells of, in operations that only read, by conditions that can only narrow what a
    statement is about. Time is not measured. What shows an error of the database is
    `sql-injection`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Answer, ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import probes, sql_errors
from plainwire.wire.probes import Probe
from plainwire.wire.sameness import is_same
from plainwire.wire.sql_errors import signature

MAX_PROBES = 10
# True twice, false twice, and no condition at all: who reads past junk behind a value answers the
# last one as the first ones. The one way is for text, the other for numbers.
WAYS = (
    (("' AND '7'='7", "' AND 'pq'='pq"), ("' AND '7'='8", "' AND 'pq'='pr"), "' AMD '7'='7"),
    ((" AND 7=7", " AND 13=13"), (" AND 7=8", " AND 13=14"), " AMD 7=7"),
)


@check(
    severity=Severity.CRITICAL,
    cwe=(89,),
    references=("CWE-89", "OWASP WSTG-INPV-05"),
    left_out=sql_errors.left_out,
)
async def blind_sql_injection(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter that true conditions leave alone and false ones do not."""
    wanted = [
        (operation, probe.parameter)
        for operation in await site.operations()
        for probe in probes.appended(operation, "")
    ][:MAX_PROBES]
    if not wanted:
        site.leave_inapplicable("no operation takes a value")
    if not wanted or not site.allows("injection-probes"):
        return
    for operation, name in wanted:
        for true, false, junk in WAYS:
            shown = await _shown(site, operation, name, (*true, *false, junk))
            if shown is not None:
                yield blind_sql_injection.finding(
                    f"{operation.method} {operation.path} believes conditions in {name!r}: with "
                    f"{true[0]!r} behind it the answer is the same, with {false[0]!r} it is not",
                    *shown,
                    operation=operation.operation,
                    parameter=name,
                )
                break


async def _shown(
    site: Site, operation: ApiOperation, name: str, suffixes: tuple[str, ...]
) -> tuple[Exchange, Exchange] | None:
    """The answers to a true and a false condition. Returns None unless both tell, twice."""
    found = [p for each in suffixes if (p := _probe(operation, name, each)) is not None]
    if len(found) < len(suffixes):
        return None
    if not await _tells(site, found, 0):
        return None
    if not await _tells(site, found, 1):
        return None
    true, false = await site.ask(found[0].request), await site.ask(found[2].request)
    return (true, false) if isinstance(true, Exchange) and isinstance(false, Exchange) else None


def _probe(operation: ApiOperation, name: str, suffix: str) -> Probe | None:
    return next((p for p in probes.appended(operation, suffix) if p.parameter == name), None)


async def _tells(site: Site, found: list[Probe], repetition: int) -> bool:
    """True if the true conditions are answered as the value alone is, the others otherwise."""
    requests = [found[0].control, *(each.request for each in found)]
    asked = [replace(each, repetition=repetition) for each in requests]
    answers: list[Answer] = await asyncio.gather(*(site.ask(each) for each in asked))
    seen = [each for each in answers if isinstance(each, Exchange)]
    if len(seen) < len(answers) or any(signature(each.body) is not None for each in seen):
        return False
    plain, *others = seen
    if not 200 <= plain.status < 300:
        return False
    return [is_same(plain, each) for each in others] == [True, True, False, False, False]

"""A value of the request becomes part of an SQL statement.

A single quote in a value makes the database complain about the statement: the value is code
there. Whoever sends the rest of a statement reads, changes or deletes what the database has.

Remedy:

    Give values to the database as parameters of the statement, never as text put into it:
    `execute("… WHERE name = ?", (name,))`, or an ORM's own filters.

Bad:

    import sqlite3

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        name = {"name": "name", "in": "query", "required": True, "example": "ann"}
        return {"openapi": "3.0.3", "paths": {"/users": {"get": {"parameters": [name]}}}}

    @app.get("/users")
    def users():
        from flask import request
        data = sqlite3.connect(":memory:")
        data.execute("CREATE TABLE users (name)")
        try:
            rows = data.execute(f"SELECT name FROM users WHERE name = '{request.args['name']}'")
            return {"users": rows.fetchall()}
        except sqlite3.Error as error:
            return {"error": f"sqlite3.{type(error).__name__}: {error}"}, 500

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    import sqlite3

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        name = {"name": "name", "in": "query", "required": True, "example": "ann"}
        return {"openapi": "3.0.3", "paths": {"/users": {"get": {"parameters": [name]}}}}

    @app.get("/users")
    def users():
        from flask import request
        data = sqlite3.connect(":memory:")
        data.execute("CREATE TABLE users (name)")
        rows = data.execute("SELECT name FROM users WHERE name = ?", (request.args["name"],))
        return {"users": rows.fetchall(), "see": "You have an error in your SQL syntax"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at values in paths and queries that a description or a link tells of, by errors that
    are shown. One that shows no error, or that needs a body, is not seen. Nothing is sent that
    could be more than half a string: one quote, then two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import probes, sql_errors
from plainwire.wire.probes import Probe
from plainwire.wire.sameness import is_alike
from plainwire.wire.sql_errors import signature

MAX_PROBES = 30
SUFFIX = "'"  # as a check for stack traces asks it: one request for both


@check(
    severity=Severity.CRITICAL,
    cwe=(89,),
    references=("CWE-89", "OWASP SQL Injection Prevention Cheat Sheet"),
    left_out=sql_errors.left_out,
)
async def sql_injection(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter whose quote breaks a statement, and two quotes do not."""
    wanted = [
        (operation, probe)
        for operation in await site.operations()
        for probe in probes.appended(operation, SUFFIX)
    ][:MAX_PROBES]
    answers = await asyncio.gather(*(site.ask(probe.request) for _, probe in wanted))
    for (operation, probe), answer in zip(wanted, answers, strict=True):
        if not isinstance(answer, Exchange) or (whose := signature(answer.body)) is None:
            continue
        control = await _control(site, operation, probe)
        if control is None or not await _holds(site, probe):
            continue
        yield sql_injection.finding(
            f"{operation.method} {operation.path} puts {probe.parameter!r} into a statement: a "
            f"quote in it gets {answer.status} with an error of {whose}, a whole string does not",
            answer,
            control,
            operation=operation.operation,
            parameter=probe.parameter,
        )


async def _control(site: Site, operation: ApiOperation, probe: Probe) -> Exchange | None:
    """An answer that shows the statement whole again. Returns None if none does.

    Two quotes are one in a string; beside a number, where quotes never fit, ``-0`` is nothing.
    """
    plain = await site.ask(probe.control)
    if not isinstance(plain, Exchange) or signature(plain.body) is not None:
        return None
    for other in probes.appended(operation, SUFFIX * 2):
        if other.parameter == probe.parameter:
            whole = await site.ask(other.request)
            if isinstance(whole, Exchange) and signature(whole.body) is None:
                return whole
    for other in probes.appended(operation, "-0"):
        if other.parameter == probe.parameter and _is_number(other):
            same = await site.ask(other.request)
            if (
                isinstance(same, Exchange)
                and signature(same.body) is None
                and is_alike(same, plain)
            ):
                return same
    return None


def _is_number(probe: Probe) -> bool:
    """True if what the suffix stands behind is a number."""
    head, _, _ = probe.request.path.rpartition(quote("-0", safe=""))
    return head[-1:].isdigit()


async def _holds(site: Site, probe: Probe) -> bool:
    """True if the quote shows the error twice more, with nothing else under way."""
    again = await site.confirm(probe.request)
    return all(isinstance(each, Exchange) and signature(each.body) is not None for each in again)

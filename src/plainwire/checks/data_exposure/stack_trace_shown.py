"""An error shows its stack trace.

A stack trace tells anybody the paths, the libraries with their versions and the statements of the
application, often with values of the failing request beside them: the map for the next attack.
A debug page goes further, with source code and settings, and some let the reader run code.

Remedy:

    Answer errors with a constant body and an id, log the trace with that id on the server, and
    switch the framework's debug mode off wherever others can reach it.

Bad:

    import traceback

    from flask import Flask

    app = Flask(__name__)

    @app.errorhandler(Exception)
    def failed(error):
        return {"error": "internal", "trace": traceback.format_exc()}, 500

    @app.get("/")
    def index():
        return {"total": 1 / 0}

Good:

    from flask import Flask

    app = Flask(__name__)

    QUOTED = 'Traceback (most recent call last):\\n  File "app.py", line 7, in index\\n'

    @app.errorhandler(Exception)
    def failed(error):
        return {"error": "internal", "id": "5f2c"}, 500

    @app.get("/")
    def index():
        return {"article": "How to read a traceback", "text": QUOTED}

Limits:

    Sees the answers of the endpoints that are asked, of a random path, of known operations with
    a quote after one value, and of GraphQL to a name that no schema has. In an answer that is no
    error only members called stack, trace and the like count: articles quote traces rightly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

from plainwire.model import Exchange, Finding, Operation, Request, Severity, Site, check
from plainwire.wire import constant_posts as posts
from plainwire.wire import probes, stack_traces
from plainwire.wire.stack_traces import Trace

MAX_PROBES = 30
SUFFIX = "'"  # as a check for SQL errors asks it: one request for both


@check(
    severity=Severity.MEDIUM,
    cwe=(209, 497),
    references=("OWASP API Security Top 10 2023, API8", "CWE-209"),
    left_out=stack_traces.left_out,
)
async def stack_trace_shown(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that shows a trace, and shows it again when asked alone."""
    wanted = await _questions(site)
    answers = await asyncio.gather(*(site.ask(request) for _, _, request in wanted))
    seen: set[Operation] = set()
    for (operation, parameter, request), answer in zip(wanted, answers, strict=True):
        found = _trace(answer) if isinstance(answer, Exchange) else None
        if found is None or operation in seen or not isinstance(answer, Exchange):
            continue
        again = await site.confirm(request)
        if not all(isinstance(each, Exchange) and _trace(each) == found for each in again):
            continue
        seen.add(operation)
        where = f" with a quote after {parameter!r}" if parameter else ""
        what = found.of if found.is_debug_page else f"a stack trace of {found.of}"
        yield stack_trace_shown.finding(
            f"{operation.method} {operation.path}{where} answers {answer.status} with {what}",
            answer,
            operation=operation,
            parameter=parameter,
            severity=Severity.HIGH if found.is_debug_page else None,
        )


async def _questions(site: Site) -> list[tuple[Operation, str | None, Request]]:
    """What is asked: each operation's example, a random path, and values with a quote."""
    operations = [each for each in await site.operations() if each.request is not None]
    plain = [(each.operation, None, each.request) for each in operations if each.request]
    beside = list(dict.fromkeys(site.control_of(request) for _, _, request in plain[:1]))
    odd = [
        (each.operation, probe.parameter, probe.request)
        for each in operations
        for probe in probes.appended(each, SUFFIX)
    ]
    return [
        *plain,
        *((Operation("GET", "/{anything}"), None, request) for request in beside),
        *odd[:MAX_PROBES],
        *[(Operation(r.method, place), None, r) for place, r in await _unknown(site)],
    ]


async def _unknown(site: Site) -> list[tuple[str, Request]]:
    """A query for a name that no schema has, at each place of GraphQL."""
    found = []
    for endpoint in await site.graphql():
        request = endpoint.exchange.request
        if request.method == "POST":
            found.append((endpoint.path, replace(request, body=posts.GRAPHQL_UNKNOWN)))
        else:
            path = f"{endpoint.path}?query={quote(posts.UNKNOWN, safe='')}"
            found.append((endpoint.path, replace(request, path=path)))
    return found


def _trace(answer: Exchange | object) -> Trace | None:
    """The trace in an answer, where none belongs. Returns None if there is none."""
    if not isinstance(answer, Exchange):
        return None
    is_error = answer.status >= 400
    found = stack_traces.in_json(answer.body, is_error=is_error)
    return found or (stack_traces.in_text(answer.text) if is_error else None)

"""The server tells whether a port inside is open.

An operation that takes a URL answers a closed port with the words of its own failed connection,
and what is no URL otherwise: it asked, and callers learn by it what listens in the inner network.

Remedy:

    Allow hosts from a list, refuse private and loopback addresses before connecting, and answer
    every failure with the same words.

Bad:

    from urllib.request import urlopen

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        url = {"name": "url", "in": "query", "required": True, "example": "https://a.example/"}
        return {"openapi": "3.0.3", "paths": {"/preview": {"get": {"parameters": [url]}}}}

    @app.get("/preview")
    def preview():
        try:
            with urlopen(request.args["url"], timeout=1) as answer:
                return {"status": answer.status}
        except (OSError, ValueError) as error:
            return {"error": str(error)}, 502

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        url = {"name": "url", "in": "query", "required": True, "example": "https://a.example/"}
        return {"openapi": "3.0.3", "paths": {"/preview": {"get": {"parameters": [url]}}}}

    @app.get("/preview")
    def preview():
        return {"error": "not fetched: [Errno 111] Connection refused and others are not told"}, 502

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow ssrf-probes`. The port is 9 of the target's own loopback, where hardly anything
    listens; if something does, nothing is found. Looks at parameters of the query of operations
    that only read, ten at most.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Answer, ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import addresses_taken

CLOSED = "http://127.0.0.1:9/"
NO_URL = "plainwire-none:nothing"
# What clients of HTTP and the C library say of a connection that was refused.
_REFUSED = re.compile(
    rb"(?i)connection refused|econnrefused|actively refused|failed to connect to 127\.0\.0\.1"
    rb"|failed to establish a new connection|all connection attempts failed"
)


@check(
    severity=Severity.MEDIUM,
    cwe=(918, 209),
    owasp=("API7:2023",),
    references=("OWASP API Security Top 10 2023, API7", "CWE-918"),
)
async def port_state_told(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter whose closed port is told, and whose nonsense is not."""
    wanted = addresses_taken.places(await site.operations())
    if not wanted:
        site.leave_inapplicable("no operation that is asked takes a URL")
    if not wanted or not site.allows("ssrf-probes"):
        return
    for operation, name in wanted:
        told, control = await _asked(site, operation, name)
        if told is None or control is None or not _tells(told) or _tells(control):
            continue
        again = await site.confirm(told.request)
        if all(_tells(each) for each in again):
            yield port_state_told.finding(
                f"{operation.method} {operation.path} says that the connection was refused for "
                f"{CLOSED} in {name!r}, and does not for what is no URL",
                told,
                control,
                operation=operation.operation,
                parameter=name,
            )


async def _asked(
    site: Site, operation: ApiOperation, name: str
) -> tuple[Exchange | None, Exchange | None]:
    """The answers to a closed port and to what is no URL, as far as there are."""
    found: list[Exchange | None] = []
    for url in (CLOSED, NO_URL):
        request = next(addresses_taken.with_url(operation, name, url), None)
        answer = await site.ask(request) if request is not None else None
        found.append(answer if isinstance(answer, Exchange) else None)
    return found[0], found[1]


def _tells(answer: Answer) -> bool:
    return isinstance(answer, Exchange) and _REFUSED.search(answer.body) is not None

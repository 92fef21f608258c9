"""An error shows what the API itself asks.

The message of a client library stands in the answer: the name and the port of an inner service,
and that it could not be reached. That is a map of what lies behind.

Remedy:

    Catch errors of services behind the API, log them, and answer 502 or 503 with a body of your
    own.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        why = "HTTPConnectionPool(host='billing.internal', port=8080): Max retries exceeded"
        return {"error": why}, 500

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"error": "billing is not available", "status": "try again"}, 503

Limits:

    Sees the answers of operations that are asked, in errors and in members called error or
    detail. An article about errors is none.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import json_body

_SIGNS = re.compile(
    r"HTTPS?ConnectionPool\(host=|requests\.exceptions\.\w+|urllib3\.exceptions\.\w+|httpx\.\w*Error"
    r"|aiohttp\.client_exceptions\.|Cannot connect to host [\w.-]+:\d+"
    r"|connect ECONNREFUSED [\d.:]+|getaddrinfo ENOTFOUND [\w.-]+"
    r"|upstream connect error or disconnect/reset"
    r"|java\.net\.(?:ConnectException|UnknownHostException)"
    r"|dial tcp [\d.\[\]:]+: connect:|could not connect to server: Connection refused"
)
_KEYS = frozenset(
    {"error", "errors", "detail", "details", "message", "reason", "cause", "exception"}
)


@check(
    severity=Severity.MEDIUM,
    cwe=(209,),
    owasp=("API10:2023",),
    references=("CWE-209", "OWASP API Security Top 10 2023, API10"),
    left_out=json_body.left_out,
)
async def upstream_error_shown(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation whose error is one of a client library."""
    for operation, answer in await site.answers():
        found = _sign(answer)
        if found is not None:
            yield upstream_error_shown.finding(
                f"{operation.method} {operation.path} answers {answer.status} with an error of "
                f"what it asks itself: {found[:60]}",
                answer,
                operation=operation.operation,
            )


def _sign(answer: Exchange) -> str | None:
    if answer.status >= 400:
        match = _SIGNS.search(answer.text[:262144])
        return match[0] if match else None
    for way, value in json_body.values(json_body.parsed(answer.body)):
        if way and _KEYS & set(json_body.words(way[-1])) and (match := _SIGNS.search(value[:4096])):
            return match[0]
    return None

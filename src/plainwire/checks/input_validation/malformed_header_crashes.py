"""A malformed header makes the server fail.

The server answers 500 to a header field that is not what its grammar says: code that reads
Authorization, Range or a date took for granted that it can be read. Such a place fails for
anybody who sends one line, and an exception on the way to a decision about access is seldom
handled well.

Remedy:

    Read header fields with the framework's own parsers, treat what cannot be read as absent
    (RFC 9110 says so of Range and of dates), and answer 400 or 401 where the field is needed.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        scheme, token = request.headers.get("Authorization", "Bearer none").split(" ")
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme and not token:
            return {"error": "malformed"}, 400
        return {"status": "ok"}

Limits:

    Sends an Authorization without a token, a Range without a number, a date and a media type
    that are none, to three operations without the given credential. One that fails without them
    too, or not each time, is no finding; nor is what a gateway answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import probes
from plainwire.wire.failures import is_failure

MAX_OPERATIONS = 3
MALFORMED = (
    ("Authorization", "Bearer"),
    ("Range", "bytes=x"),
    ("If-Modified-Since", "yesterday"),
    ("Accept", "application"),
)


@check(
    severity=Severity.LOW,
    cwe=(755, 20),
    references=("RFC 9110, section 15.6.1", "CWE-755"),
    reads_bodies=False,
)
async def malformed_header_crashes(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that fails on a header, thrice, and not without it."""
    asked = [each for each in await site.operations() if each.request is not None]
    found = await asyncio.gather(*(_crashed(site, each) for each in asked[:MAX_OPERATIONS]))
    for operation, name, failed, right in filter(None, found):
        yield malformed_header_crashes.finding(
            f"{operation.method} {operation.path} answers {failed.status} to a malformed {name}",
            failed,
            right,
            operation=operation.operation,
            parameter=name,
        )


async def _crashed(
    site: Site, operation: ApiOperation
) -> tuple[ApiOperation, str, Exchange, Exchange] | None:
    if operation.request is None:
        return None
    own = replace(operation.request, identity=None)
    word = site.random_path.strip("/")
    # All at once first: hardly a server fails, and then one question is enough.
    if not is_failure(await site.ask(probes.apart(own, f"{word}h", *MALFORMED))):
        return None
    right = await site.ask(probes.apart(own, f"{word}h0"))
    if not isinstance(right, Exchange) or right.status >= 500:
        return None
    for number, line in enumerate(MALFORMED, 1):
        request = probes.apart(own, f"{word}h{number}", line)
        answer = await site.ask(request)
        if not is_failure(answer):
            continue
        if all(map(is_failure, await site.confirm(request))):
            return operation, line[0], answer, right
    return None

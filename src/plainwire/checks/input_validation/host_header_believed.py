"""Links are made with whatever host the request names.

The application writes the Host header of a request into redirects or links. In a cache, or in the
mail that a forgotten password brings, such a link leads others to the attacker's host.

Remedy:

    Answer for your own names only (`server_name` with a default server that refuses, Flask's
    TRUSTED_HOSTS, Django's ALLOWED_HOSTS), and make absolute links from a configured base URL.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        return f'<a href="{request.host_url}reset">Reset the password</a>'

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        return f'<a href="https://api.example.com/reset">Reset</a> asked as {request.host}'

Limits:

    Asks the named page and operations whose answer has an absolute link or redirect to its own
    host. A redirect to the same path with a slash or with https is passed over: it is made by the
    router for whoever asks. Where a shared cache ignores the query nothing is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, WireError, check
from plainwire.wire import probes, redirects
from plainwire.wire.caching import is_from_shared_cache
from plainwire.wire.links import links
from plainwire.wire.sameness import is_same

MAX_OPERATIONS = 4


@check(
    severity=Severity.MEDIUM,
    cwe=(644,),
    references=("RFC 9110, section 7.2", "CWE-644"),
)
async def host_header_believed(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that links to a host made up for it."""
    own = [
        operation
        for number, (operation, answer) in enumerate(await site.answers())
        if (number == 0 or _names(answer, answer.request.origin.authority))
        and not (b'"openapi"' in answer.body or b'"swagger"' in answer.body)
    ]
    for found in await asyncio.gather(*(_believes(site, o) for o in own[:MAX_OPERATIONS])):
        if found is not None:
            operation, answer = found
            what = "links" if answer.status < 300 else "redirect"
            is_data = answer.content_type not in ("text/html", "") and answer.status < 300
            yield host_header_believed.finding(
                f"{operation.method} {operation.path} makes its {what} with the host "
                "that it is asked by",
                answer,
                operation=operation.operation,
                # Nobody clicks on what a program reads of its own request.
                severity=Severity.LOW if is_data else None,
            )


async def _believes(site: Site, operation: ApiOperation) -> tuple[ApiOperation, Exchange] | None:
    if operation.request is None:
        return None
    word = site.random_path.strip("/")
    host = f"{hashlib.sha256(f'{word}host'.encode()).hexdigest()[:16]}.example"
    calm = await site.ask(probes.apart(operation.request, f"{word}h0"))
    if not isinstance(calm, Exchange):
        return None
    if is_from_shared_cache(calm):
        site.leave_unasked(f"{calm.url} with another Host", "a shared cache ignores the query")
        return None
    request = probes.apart(operation.request, f"{word}h1", ("Host", host))
    request = replace(request, identity=None)
    answer = await site.ask(request)
    if not isinstance(answer, Exchange) or not _names(answer, host):
        return None
    again = await site.confirm(request)
    if all(isinstance(a, Exchange) and is_same(a, answer) and _names(a, host) for a in again):
        return operation, answer
    return None


def _names(answer: Exchange, host: str) -> bool:
    """True if an answer redirects or links to the host, by more than the router's own step."""
    location = answer.header("location")
    if location is not None and 300 <= answer.status < 400:
        try:
            place = redirects.resolve(location, answer.url)
        except WireError:
            return False
        way = answer.request.path.partition("?")[0]
        is_routers = place.path.partition("?")[0].rstrip("/") == way.rstrip("/")
        authority = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return place.host == authority and not is_routers
    pattern = rb"(?:https?:)?//" + re.escape(host.encode()) + rb"(?![A-Za-z0-9.:-])"
    if answer.status >= 300 or re.search(pattern, answer.body) is None:
        return False
    if answer.content_type != "text/html":
        return True
    # A page that tells its reader where it is makes no link of it.
    starts = (f"http://{host}", f"https://{host}", f"//{host}")
    return any(each.url.startswith(starts) for each in links(answer.text, answer.content_type))

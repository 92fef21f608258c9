"""A redirect leads wherever the request says.

A link to the site that ends on somebody else's page looks trustworthy in a mail, and hands over
what stands in the URL (codes and tokens of a login). Where the server itself follows redirects,
it is a way into the inner network.

Remedy:

    Redirect to paths of your own only, chosen from a list; compare the host of a given URL after
    parsing it, and take two slashes at its beginning for a host.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        there = {"name": "next", "in": "query", "schema": {"type": "string"}}
        return {"openapi": "3.0.3", "paths": {"/leave": {"get": {"parameters": [there]}},
                                              "/back": {"get": {"parameters": [there]}}}}

    @app.get("/back")
    def back():
        return redirect(request.args.get("next", "/"))

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        there = {"name": "next", "in": "query", "schema": {"type": "string"}}
        return {"openapi": "3.0.3", "paths": {"/back": {"get": {"parameters": [there]}}}}

    @app.get("/back")
    def back():
        return redirect("/?next=" + request.args.get("next", ""))

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Tries parameters in queries whose name says that they lead somewhere, of operations that are
    described or linked. Redirects of scripts and of pages that refresh are not seen.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from plainwire.model import (
    ApiOperation,
    Exchange,
    Finding,
    Request,
    Severity,
    Site,
    WireError,
    check,
)
from plainwire.wire import json_body, probes, redirects
from plainwire.wire.openapi import state_change

MAX_PROBES = 10
NAMES = frozenset(
    {"next", "url", "uri", "redirect", "return", "returnto", "returnurl", "continue", "dest"}
    | {"destination", "goto", "forward", "target", "back", "callback", "redirecturl", "redirecturi"}
    | {"redirectto", "to", "rurl", "successurl", "returnpath", "nexturl", "out", "link"}
)


@check(
    severity=Severity.MEDIUM,
    cwe=(601,),
    references=("CWE-601", "RFC 9110, section 17.11"),
)
async def open_redirect(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter that sends the browser to a host made up for it."""
    host = f"{hashlib.sha256(site.random_path.encode()).hexdigest()[:16]}.example"
    wanted = [
        (operation, name, request)
        for operation in await site.operations()
        for name, request in _questions(operation, host)
    ][: 2 * MAX_PROBES]
    answers = await asyncio.gather(*(site.ask(request) for _, _, request in wanted))
    seen: set[tuple[str, str]] = set()
    for (operation, name, request), answer in zip(wanted, answers, strict=True):
        key = operation.path, name
        if key in seen or not isinstance(answer, Exchange) or not _leads_to(answer, host):
            continue
        again = await site.confirm(request)
        if all(isinstance(each, Exchange) and _leads_to(each, host) for each in again):
            seen.add(key)
            yield open_redirect.finding(
                f"{operation.method} {operation.path} redirects to any host that {name!r} names",
                answer,
                operation=operation.operation,
                parameter=name,
            )


def _questions(operation: ApiOperation, host: str) -> Iterator[tuple[str, Request]]:
    """The example with each parameter that leads somewhere leading to ``host``, spelled twice."""
    request = operation.request
    if request is None:
        return
    way, _, query = request.path.partition("?")
    pairs = [pair.partition("=")[0] for pair in query.split("&") if pair]
    names = [*pairs, *(p.name for p in operation.parameters if p.place == "query")]
    for name in dict.fromkeys(names):
        if "".join(json_body.words(name)) not in NAMES:
            continue
        kept = "&".join(p for p in query.split("&") if p and p.partition("=")[0] != name)
        plain = replace(request, path=f"{way}?{kept}" if kept else way)
        for value in (f"https://{host}/", f"//{host}/"):
            found = probes.with_query(plain, name, value)
            if state_change("GET", found.path) is None:
                yield name, found


def _leads_to(answer: Exchange, host: str) -> bool:
    if not 300 <= answer.status < 400:
        return False
    try:
        return redirects.resolve(answer.header("location") or "", answer.url).host == host
    except WireError:
        return False

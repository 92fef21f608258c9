"""The server asks whatever host a caller names.

Callers ask from inside then: services that trust the inner network, and the cloud's metadata
with its credentials. A listener of plainwire's own was asked for a word that one question named.

Remedy:

    Allow hosts from a list, resolve the name once and refuse private, loopback and link-local
    addresses, follow no redirects, and send nothing of the answer back.

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
        except OSError:
            return {"error": "not reachable"}, 502

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
        if not request.args["url"].startswith("https://a.example/"):
            return {"error": f"not allowed: {request.args['url']}"}, 400
        return {"title": "A"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow ssrf-probes`, and `--callback ADDRESS` where the target does not run on this
    machine. Looks at parameters of the query of operations that only read, ten at most; no third
    party is asked for anything. A call that comes a second after the answer or later is not
    seen. At an address that is public, it shows that the server asks, and not that it would ask
    inside: then it is low.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import addresses_taken


@check(
    severity=Severity.CRITICAL,
    cwe=(918,),
    owasp=("API7:2023",),
    references=("OWASP API Security Top 10 2023, API7", "CWE-918"),
    reads_bodies=False,
)
async def server_asks_any_host(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter whose URL the server asked twice."""
    wanted = addresses_taken.places(await site.operations())
    if not wanted:
        site.leave_inapplicable("no operation that is asked takes a URL")
    if not wanted or not site.allows("ssrf-probes"):
        return
    for operation, name in wanted:
        seen = []
        for number in range(2):
            word = f"{operation.method}{operation.path}{name}{number}{site.random_path}"
            token = hashlib.sha256(word.encode()).hexdigest()[:24]
            url = await site.callback(token)
            if url is None:
                return
            for request in addresses_taken.with_url(operation, name, url):
                answer = await site.ask(request)
                if isinstance(answer, Exchange) and await site.was_called_back(token):
                    seen.append((answer, url))
            if not seen:
                break
        if len(seen) == 2:
            answer, url = seen[0]
            yield server_asks_any_host.finding(
                f"{operation.method} {operation.path} asked plainwire's listener at "
                f"{urlsplit(url).netloc}, which {name!r} named",
                answer,
                operation=operation.operation,
                parameter=name,
                severity=Severity.LOW if _is_public(url) else None,
            )


def _is_public(url: str) -> bool:
    return ipaddress.ip_address(urlsplit(url).hostname or "").is_global

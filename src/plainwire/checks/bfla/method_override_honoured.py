"""A header changes the method of a request.

X-HTTP-Method-Override turns a GET into whatever method it names, behind proxies, gateways and
rules that look at the method on the request line: what they keep out comes in as a GET.

Remedy:

    Switch the override off (in Rack, Symfony, Express or Spring it is a middleware of its own),
    or allow it for POST alone and for the methods that rules treat as a POST.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def index():
        if request.headers.get("X-HTTP-Method-Override") == "HEAD":
            return ""
        return {"orders": [1, 2]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"orders": [1, 2]}

Limits:

    The harmless HEAD is named, over GET: an override for POST alone is not seen. One operation
    is tried, with a query of its own so that no cache keeps the empty answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire.caching import is_from_shared_cache

HEADERS = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
NO_STORE = ("Cache-Control", "no-store")


@check(
    severity=Severity.MEDIUM,
    cwe=(436,),
    owasp=("API5:2023", "API8:2023"),
    references=("OWASP Web Security Testing Guide 4.2, WSTG-CONF-06",),
)
async def method_override_honoured(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, on the operation that it was seen on."""
    for operation in await site.operations():
        if operation.request is None:
            continue
        calm = await site.ask(_own(site, operation.request, 0, None))
        if not isinstance(calm, Exchange) or not _has_body(calm):
            continue
        if is_from_shared_cache(calm):
            site.leave_unasked(
                f"{calm.url} with a method override",
                "a shared cache ignores the query: others would get the answer",
            )
            return
        for number, header in enumerate(HEADERS, 1):
            request = _own(site, operation.request, number, header)
            if not _is_emptied(await site.ask(request)):
                continue
            again = await site.confirm(request)
            control = await site.ask(_own(site, operation.request, number + 10, None))
            if (
                all(_is_emptied(each) for each in again)
                and isinstance(control, Exchange)
                and _has_body(control)
            ):
                yield method_override_honoured.finding(
                    f"{operation.method} {operation.path} with {header}: HEAD answers as HEAD does",
                    *(each for each in again[:1] if isinstance(each, Exchange)),
                    calm,
                    operation=operation.operation,
                    parameter=header,
                )
                return
        return


def _own(site: Site, request: Request, number: int, header: str | None) -> Request:
    """The request with a query of its own, and the header that names HEAD."""
    mark = "&" if "?" in request.path else "?"
    path = f"{request.path}{mark}plainwire={site.random_path.strip('/')}m{number}"
    lines = ((header, "HEAD"),) if header is not None else ()
    return replace(request, path=path, headers=(*lines, NO_STORE))


def _has_body(answer: Exchange) -> bool:
    return answer.status == 200 and bool(answer.body)


def _is_emptied(answer: object) -> bool:
    """True for the answer that HEAD gets: the same status, and no body."""
    return isinstance(answer, Exchange) and answer.status == 200 and not answer.body

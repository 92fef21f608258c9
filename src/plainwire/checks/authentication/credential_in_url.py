"""A credential is taken in the URL.

URLs are written down everywhere: in the logs of servers and proxies, in browser histories, in
the Referer of the next page. A key or a token in the query is in all of them.

Remedy:

    Take credentials in a header (Authorization, or one of your own) and refuse them in the query.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        key = {"type": "apiKey", "in": "query", "name": "api_key"}
        return {"openapi": "3.0.0", "components": {"securitySchemes": {"key": key}},
                "security": [{"key": []}], "paths": {"/orders": {"get": {}}}}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        key = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
        page = {"name": "next_page_token", "in": "query", "schema": {"type": "string"}}
        return {"openapi": "3.0.0", "components": {"securitySchemes": {"key": key}},
                "security": [{"key": []}], "paths": {"/orders": {"get": {"parameters": [page]}}}}

Limits:

    Judges descriptions (security schemes in the query, and query parameters called api_key,
    access_token, auth_token, session_id, jwt or password), the links to the API itself in
    answers, and redirects. One-time tokens of links in e-mails are not told apart by their name,
    so a parameter that is just called token is a finding only with a JSON Web Token in it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import parse_qsl, urljoin, urlsplit

from plainwire.model import ApiOperation, Confidence, Exchange, Finding, Severity, Site, check
from plainwire.wire import members
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.links import left_out, links

_JWT = re.compile(r"eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*")
_VALUE = re.compile(r"[^\s{}<>$]{8,}")  # no placeholder of a template
MAX_OPERATIONS = 60  # of one parameter: a scheme for all of a large API is one flaw
NAMES = frozenset(
    {
        ("api", "key"),
        ("apikey",),
        ("access", "token"),
        ("auth", "token"),
        ("session", "id"),
        ("session", "token"),
        ("jwt",),
        ("password",),
        ("client", "secret"),
    }
)


@check(
    severity=Severity.MEDIUM,
    cwe=(598,),
    owasp=("API2:2023",),
    references=("RFC 6750, section 5.3", "RFC 9700, section 4.3.2"),
    left_out=left_out,
)
async def credential_in_url(site: Site) -> AsyncIterator[Finding]:
    """One finding for each parameter and operation that takes it, or else leads to it."""
    taken: dict[str, list[ApiOperation]] = {}
    for operation in await site.operations():
        if not operation.pointer:
            continue
        site.leave_answered()
        for name in _in_query(operation):
            taken.setdefault(name, []).append(operation)
    for name, operations in taken.items():
        for operation in operations[:MAX_OPERATIONS]:
            yield credential_in_url.finding(
                f"{operation.method} {operation.path} takes its credential in the query, as {name}"
                + _rest(operation, operations),
                operation=operation.operation,
                parameter=name,
                confidence=Confidence.TENTATIVE,
            )
    for operation, answer in await site.answers():
        for name in dict.fromkeys(_in_links(answer)):
            if name not in taken:
                yield credential_in_url.finding(
                    f"{operation.method} {operation.path} leads to the API with a credential in "
                    f"the query, as {name}",
                    answer,
                    operation=operation.operation,
                    parameter=name,
                    confidence=Confidence.FIRM,
                )


def _rest(operation: ApiOperation, operations: Sequence[ApiOperation]) -> str:
    """Behind the last operation that has a finding of its own: how many have none."""
    more = len(operations) - MAX_OPERATIONS
    is_last = more > 0 and operation is operations[MAX_OPERATIONS - 1]
    return f"; so do {more} more operations" if is_last else ""


def _in_links(answer: Exchange) -> Iterator[str]:
    """The names of query parameters that hold a credential, in what an answer leads to on its
    host: its links, or where it redirects to."""
    for url in _ways(answer):
        if "?" not in url or "=" not in url:
            continue
        try:
            place = urlsplit(urljoin(answer.url, url))
            pairs = parse_qsl(place.query, max_num_fields=50)
        except ValueError:
            continue
        if place.hostname != answer.request.origin.host:
            continue
        for name, value in pairs:
            is_token = members.words(name) == ("token",) and _JWT.fullmatch(value)
            if is_token or (members.words(name) in NAMES and _VALUE.fullmatch(value)):
                yield name[:64]


def _ways(answer: Exchange) -> Iterator[str]:
    if 200 <= answer.status < 300:
        yield from (link.url for link in links(answer.text, answer.content_type))
    elif is_redirect(answer):
        yield answer.header("location") or ""


def _in_query(operation: ApiOperation) -> list[str]:
    """The query parameters that hold a credential by the description."""
    schemes = [
        each.removeprefix("apiKey query ")[:64]
        for each in operation.security.schemes
        if each.startswith("apiKey query ")
    ]
    named = [
        each.name[:64]
        for each in operation.parameters
        if each.place == "query" and members.words(each.name) in NAMES
    ]
    return list(dict.fromkeys((*schemes, *named)))

"""A callback is described without anything that proves who calls.

The API calls back, or takes webhooks, and the description names neither a credential nor a
signature. Whoever finds the address can then send events of their own.

Remedy:

    Sign each call (an HMAC of the body with a time, in a header) and describe it: a header
    parameter, or a security scheme of the callback.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        return {"openapi": "3.1.0", "webhooks": {"paid": {"post": {"summary": "An order is paid"}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        signed = {"name": "X-Signature", "in": "header", "required": True}
        return {"openapi": "3.1.0", "webhooks": {"paid": {"post": {"parameters": [signed]}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Reads the documents that the site serves and those of `--spec`. That a signature is described
    does not say that it is checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from plainwire.model import Exchange, Finding, Operation, Severity, Site, Span, check
from plainwire.wire import json_body

MAX_EACH = 500
METHODS = ("get", "post", "put", "patch", "delete")
WORDS = frozenset({"signature", "hmac", "digest", "authorization", "token", "secret", "sig", "jws"})


@check(
    severity=Severity.LOW,
    cwe=(345,),
    owasp=("API10:2023",),
    references=("OpenAPI 3.1, Callback Object", "CWE-345"),
)
async def callback_unauthenticated(site: Site) -> AsyncIterator[Finding]:
    """One finding for each callback or webhook that nothing authenticates."""
    found = False
    documents: list[tuple[Exchange | Span, Mapping[str, Any]]]
    documents = [*await site.documents(), *await site.named_documents()]
    for where, document in documents:
        has_default = bool(document.get("security"))
        for method, name, call in _calls(document):
            found = True
            if call.get("security") or (has_default and "security" not in call) or _is_signed(call):
                continue
            yield callback_unauthenticated.finding(
                f"the callback {name} is described without a credential or a signature",
                where,
                operation=Operation(method.upper(), name),
            )
    if found:
        site.leave_answered()
    else:
        site.leave_inapplicable("no callback or webhook is described")


def _calls(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, name and operation of every webhook and callback, within bounds."""
    for name, item in _members(document.get("webhooks")):
        yield from ((method, name, call) for method, call in _operations(item))
    for _, item in _members(document.get("paths")):
        for _, operation in _operations(item):
            for name, callback in _members(operation.get("callbacks")):
                for _, there in _members(callback):
                    yield from ((method, name, call) for method, call in _operations(there))


def _members(value: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    return [(str(k)[:200], v) for k, v in list(value.items())[:MAX_EACH] if isinstance(v, dict)]


def _operations(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(method, each) for method, each in _members(item) if method in METHODS]


def _is_signed(call: dict[str, Any]) -> bool:
    parameters = call.get("parameters")
    names = (
        [str(p.get("name", "")) for p in parameters if isinstance(p, dict)]
        if isinstance(parameters, list)
        else []
    )
    return any(WORDS & set(json_body.words(name)) for name in names)

"""An operation that needs a credential answers without one.

The description says that a caller has to prove who it is, and the API gives its data to anybody
all the same: the check is missing in the handler, or stands on another route.

Remedy:

    Require the credential for every route by default, in one place, and name the public ones as
    exceptions; test each route without a credential.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}
    NEEDS = {"security": [{"bearer": []}]}

    @app.get("/openapi.json")
    def openapi():
        schemes = {"bearer": {"type": "http", "scheme": "bearer"}}
        return {"openapi": "3.0.0", "components": {"securitySchemes": schemes},
                "paths": {"/orders": {"get": NEEDS}}}

    @app.get("/orders")
    def orders():
        return {"orders": [{"id": 1, "total": 17}]}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}
    NEEDS = {"security": [{"bearer": []}]}

    @app.get("/openapi.json")
    def openapi():
        schemes = {"bearer": {"type": "http", "scheme": "bearer"}}
        return {"openapi": "3.0.0", "components": {"securitySchemes": schemes},
                "paths": {"/orders": {"get": NEEDS}, "/offers": {"get": {"security": []}}}}

    @app.get("/offers")
    def offers():
        return {"offers": [{"id": 7, "total": 1}]}

    @app.get("/orders")
    def orders():
        if request.headers.get("Authorization") != "Bearer token-of-alice-4711":
            return {"ok": False, "error": "token required"}
        return {"orders": [{"id": 1, "total": 17}]}

Limits:

    Only operations whose description declares that a credential is needed, asked with GET. With
    an identity at hand its answer has to be alike; without one, descriptions of the service
    itself (health, version) are left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import (
    Confidence,
    Exchange,
    Finding,
    Severity,
    Site,
    check,
)
from plainwire.wire import denials, places
from plainwire.wire.sameness import is_alike


@check(
    severity=Severity.CRITICAL,
    cwe=(306,),
    owasp=("API2:2023",),
    references=("OWASP API Security Top 10 2023, API2",),
)
async def authentication_not_enforced(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that gives nobody what it gives a user."""
    users = site.identities
    for operation, answer in await site.answers(None):
        security = operation.security
        is_needed = security.is_declared and security.need == "required"
        if not is_needed or not denials.gives_data(answer) or await site.is_missing(answer):
            continue
        if users:
            own = await site.ask(replace(answer.request, identity=users[0]))
            if not isinstance(own, Exchange) or not is_alike(own, answer):
                continue
        elif places.is_about_service(operation.path):
            continue
        again = await site.confirm(answer.request)
        if not all(isinstance(each, Exchange) and denials.gives_data(each) for each in again):
            continue
        needs = " or ".join(" and ".join(each) for each in security.alternatives[:3])
        like = ", the same as to a user" if users else ""
        yield authentication_not_enforced.finding(
            f"{operation.method} {operation.path} needs {needs} by its description, and gives "
            f"its data without any credential{like}",
            answer,
            operation=operation.operation,
            severity=None if users else Severity.HIGH,
            confidence=Confidence.CERTAIN if users else Confidence.FIRM,
        )

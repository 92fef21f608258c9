"""An operation that changes state needs no credential.

The description asks for a credential for some operations and for none for this one, which
changes data: whoever reaches the API may call it.

Remedy:

    Require a credential for it in the handler and declare it in the description; make security
    the default of the document and name the public operations as exceptions (`security: []`).

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        bearer = {"type": "http", "scheme": "bearer"}
        return {"openapi": "3.0.0", "components": {"securitySchemes": {"bearer": bearer}},
                "paths": {"/orders/{id}": {"get": {"security": [{"bearer": []}]},
                                           "delete": {}}}}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        bearer = {"type": "http", "scheme": "bearer"}
        return {"openapi": "3.0.0", "components": {"securitySchemes": {"bearer": bearer}},
                "security": [{"bearer": []}],
                "paths": {"/orders/{id}": {"get": {}, "delete": {}},
                          "/login": {"post": {"security": []}},
                          "/users/v1/register": {"post": {"security": []}},
                          "/webhooks/stripe": {"post": {"security": []}},
                          "/orders/search": {"post": {"security": []}}}}

Limits:

    Judges the description and sends nothing, so it is never certain. Where no operation needs a
    credential, the description says nothing about security at all. Registration, logins, resets,
    webhooks, searches and the like are open by design.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Finding, Severity, Site, check
from plainwire.wire import openapi, places


@check(
    severity=Severity.HIGH,
    cwe=(306,),
    owasp=("API5:2023",),
    references=("OpenAPI 3.1, section 4.8.10", "OWASP API Security Top 10 2023, API5"),
)
async def state_change_without_security(site: Site) -> AsyncIterator[Finding]:
    """One finding for each such operation."""
    described = [each for each in await site.operations() if each.pointer]
    if described:
        site.leave_answered()
    # Each document by itself: another one may be of another API.
    speaking = {each.document for each in described if each.security.need == "required"}
    for each in described:
        if each.document not in speaking or each.security.need != "none":
            continue
        if openapi.changes_state(each) is None or places.is_open_by_design(each):
            continue
        yield state_change_without_security.finding(
            f"{each.method} {each.path} changes state and needs no credential by its "
            "description, where other operations do",
            operation=each.operation,
            confidence=Confidence.TENTATIVE,
        )

"""A GET changes state.

GET is for reading: browsers prefetch it, crawlers follow it, caches answer it, and any page can
make a visitor's browser send it with the visitor's cookies. One that creates, deletes or resets
does so for all of them.

Remedy:

    Take POST, PUT, PATCH or DELETE for what changes anything, and answer GET with 405.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {
            "/createdb": {"get": {"summary": "Creates and populates the database"}}}}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {
            "/deleted-items": {"get": {"summary": "Lists deleted items"}},
            "/orders": {"get": {"summary": "Orders by recreated_at"}},
            "/updates": {"get": {"summary": "Gets updates"}}}}

Limits:

    Judges the words of descriptions: such an operation is never called, so the finding is never
    certain.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Finding, Severity, Site, check
from plainwire.wire import openapi


@check(
    severity=Severity.MEDIUM,
    cwe=(650,),
    owasp=("API5:2023",),
    references=("RFC 9110, section 9.2.1",),
)
async def unsafe_get(site: Site) -> AsyncIterator[Finding]:
    """One finding for each GET that changes state by its words."""
    for each in await site.operations():
        if not each.pointer:
            continue
        site.leave_answered()
        reason = openapi.changes_state(each) if each.method == "GET" else None
        if reason is not None:
            yield unsafe_get.finding(
                f"GET {each.path} {reason}",
                operation=each.operation,
                confidence=Confidence.TENTATIVE,
            )

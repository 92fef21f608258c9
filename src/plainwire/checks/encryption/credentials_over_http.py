"""Credentials are asked for over plain HTTP.

A password, a token or an API key that is sent here can be read and used by anyone on the way:
the login of a JSON API and the Authorization header of every call after it are plain text.

Remedy:

    Refuse plain HTTP with a constant 403 before any credential is looked at, serve the API over
    HTTPS only, and revoke the credentials that were used in clear.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.post("/login")
    def login():
        return {"token": "..."} if request.json["password"] else ({"error": "no"}, 401)

    @app.get("/")
    def account():
        return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.before_request
    def refuse_cleartext():
        if not request.is_secure:
            return {"title": "HTTPS is required"}, 403

    @app.post("/login")
    def login():
        return {"token": "..."} if request.json["password"] else ({"error": "no"}, 401)

    @app.get("/")
    def account():
        return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}

Limits:

    No credential is sent. What is asked for is known from a 401 or a challenge, a login form, an
    OpenAPI document, or a route with a usual login path that says it takes POST (seen with
    OPTIONS). A login under another name in no document is not seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from plainwire.model import (
    Cleartext,
    Confidence,
    Exchange,
    Finding,
    Operation,
    Origin,
    Request,
    Severity,
    Site,
    check,
)
from plainwire.wire import challenges
from plainwire.wire.cleartext import is_redirect, is_same_answer
from plainwire.wire.links.html import forms

LOGIN_PATHS = ("/login", "/api/login", "/auth/login", "/api/auth/login", "/token", "/oauth/token")


@check(
    severity=Severity.CRITICAL,
    cwe=(319, 522, 523),
    owasp=("API2:2023", "API8:2023"),
    references=("RFC 6750, section 5.3", "RFC 7617, section 4", "draft-ietf-httpapi-privacy-06"),
    cap="F",
)
async def credentials_over_http(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint that asks for credentials in clear."""
    served = [item for item in await site.cleartext() if item.verdict == "served"]
    seen: set[Operation] = set()
    for item in served:
        for finding in _asked(item):
            seen.add(item.endpoint.operation)
            yield finding
    if not served:
        return
    described = [e for e in await site.described() if e.credentials]
    wanted = {
        (e.operation, e.path): ", ".join(e.credentials)
        for e in described
        if e.operation.method != "GET" and "{" not in e.path
    }
    for path in LOGIN_PATHS:
        wanted.setdefault((Operation("POST", path), path), "")
    for origin in dict.fromkeys(item.exchange.request.origin for item in served):
        async for finding in _reachable(site, origin, wanted):
            if finding.operation not in seen:
                yield finding


def _asked(item: Cleartext) -> list[Finding]:
    """What one answer in clear says that it wants."""
    exchange, operation = item.exchange, item.endpoint.operation
    found = []
    schemes = [c.scheme for c in challenges.parse(exchange.all("www-authenticate"))]
    if schemes:
        names = ", ".join(dict.fromkeys(name.capitalize()[:20] for name in schemes))
        message = f"{operation.path} challenges for {names} credentials over plain HTTP"
        found.append(credentials_over_http.finding(message, exchange, operation=operation))
    elif exchange.status == 401:
        message = f"{operation.path} answers 401 over plain HTTP: it expects credentials there"
        found.append(
            credentials_over_http.finding(
                message, exchange, operation=operation, confidence=Confidence.FIRM
            )
        )
    elif item.endpoint.credentials:
        told = ", ".join(item.endpoint.credentials)
        message = f"{operation.path} is documented to take {told}, and is served over plain HTTP"
        found.append(credentials_over_http.finding(message, exchange, operation=operation))
    elif exchange.content_type == "text/html" and any(
        form.has_password for form in forms(exchange.text)
    ):
        message = f"{operation.path} serves a form with a password field over plain HTTP"
        found.append(credentials_over_http.finding(message, exchange, operation=operation))
    return found


async def _reachable(
    site: Site, origin: Origin, wanted: dict[tuple[Operation, str], str]
) -> AsyncIterator[Finding]:
    """The routes that take a credential in a method that is never sent, if they exist in clear."""
    paths = (site.random_path, *(path for _, path in wanted))
    questions = [Request(origin, "OPTIONS", path) for path in paths]
    control, *answers = await asyncio.gather(*(site.ask(question) for question in questions))
    if not isinstance(control, Exchange):
        return
    for ((operation, _), told), answer in zip(wanted.items(), answers, strict=True):
        if not isinstance(answer, Exchange) or is_redirect(answer):
            continue
        if is_same_answer(answer, control) and answer.all("allow") == control.all("allow"):
            continue
        methods = {word.strip().upper() for word in ",".join(answer.all("allow")).split(",")}
        if operation.method not in methods:
            continue
        wants = f"takes {told}" if told else "is a login by its name"
        yield credentials_over_http.finding(
            f"{operation.method} {operation.path} {wants}, and is served over plain HTTP",
            answer,
            operation=operation,
            confidence=Confidence.CERTAIN if told else Confidence.FIRM,
        )

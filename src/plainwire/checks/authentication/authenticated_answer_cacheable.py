"""Answers for one user may be stored.

Personal data is sent without a word about caching. Browsers keep it on disk, where the next
user of the machine finds it, and a shared cache that ignores Authorization or cookies hands it
to others.

Remedy:

    Send `Cache-Control: no-store` with whatever is for one user, at least `private`.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != "Bearer token-of-alice-4711":
            return {"error": "token required"}, 401
        return {"name": "alice", "email": "alice@example.com"}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": "token-of-alice-4711"}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != "Bearer token-of-alice-4711":
            return {"error": "token required"}, 401
        return {"name": "alice", "email": "alice@example.com"}, {"Cache-Control": "no-store"}

Limits:

    Answers that an identity gets and nobody does, with an e-mail address, a phone number, an
    address or a secret in them by its name. One finding for the site.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import denials, members


@check(
    severity=Severity.LOW,
    cwe=(525,),
    owasp=("API8:2023",),
    references=("RFC 9111, section 5.2.2", "RFC 9111, section 7.3"),
    left_out=members.left_out,
)
async def authenticated_answer_cacheable(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, with the operations that it holds for."""
    found: list[tuple[str, Exchange]] = []
    for user in (await site.users())[:1]:
        for operation, own in await site.answers(user):
            if not denials.gives_data(own) or _is_kept_out(own):
                continue
            document = members.load(own.body)
            if not any(True for _ in members.telling(document)):
                continue
            nobody = await site.ask(replace(own.request, identity=None))
            if denials.is_denied(nobody):
                found.append((operation.path, own))
    if found:
        paths = ", ".join(dict.fromkeys(path for path, _ in found[:5]))
        yield authenticated_answer_cacheable.finding(
            f"what a user gets of {paths} has neither no-store nor private",
            *(exchange for _, exchange in found[:3]),
        )


def _is_kept_out(exchange: Exchange) -> bool:
    words = ",".join(exchange.all("cache-control")).lower()
    return "no-store" in words or "private" in words

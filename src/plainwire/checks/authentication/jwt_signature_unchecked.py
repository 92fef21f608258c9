"""The signature of a token is not checked.

A JSON Web Token is what it says only as far as its signature was verified. Here a token with
another signature is as good: anybody writes a token with whatever user and rights they like.

Remedy:

    Verify with a library, naming the algorithms that you issue, and never read a claim before:
    `jwt.decode(token, key, algorithms=["HS256"])`, without `verify_signature: False`.

Bad:

    import base64, json

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a-long-secret-of-the-service", sub="alice", exp=4102444800)}

    @app.get("/")
    def account():
        try:
            claims = request.headers["Authorization"].split(".")[1]
            return {"user": json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]}
        except Exception:
            return {"error": "invalid token"}, 401

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a-long-secret-of-the-service", sub="alice", exp=4102444800)}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != f"Bearer {users['alice']}":
            return {"error": "invalid token"}, 401
        return {"user": "alice"}

Limits:

    Needs an identity whose credential is a JSON Web Token, and an operation that answers it by
    GET and refuses both nobody and a random token. Encrypted tokens are not tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import places
from plainwire.wire.sameness import is_same

MAX_OPERATIONS = 3


@check(
    severity=Severity.CRITICAL,
    cwe=(347,),
    owasp=("API2:2023",),
    references=("RFC 8725, section 3.1", "RFC 7515, section 5.2"),
)
async def jwt_signature_unchecked(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, on the first operation that a forged token opens."""
    for user in (await site.users())[:1]:
        if (await site.identity(user)).token is None:
            site.leave_untested("no identity has a JSON Web Token")
            return
        guarded = sorted(await site.guarded(user), key=lambda g: not places.is_of_oneself(g[0]))
        for operation, own in guarded[:MAX_OPERATIONS]:
            forged = replace(own.request, forgery="signature")
            answers = [await site.ask(forged), *(await site.confirm(forged))]
            if all(isinstance(a, Exchange) and is_same(a, own) for a in answers):
                shown = [a for a in answers[:1] if isinstance(a, Exchange)]
                yield jwt_signature_unchecked.finding(
                    f"{operation.method} {operation.path} answers a token whose whole signature "
                    "was replaced as it answers the real one, and refuses a random token",
                    *shown,
                    operation=operation.operation,
                )
                return

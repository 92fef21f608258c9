"""An unsigned token is accepted.

The token itself says by which algorithm it is signed, and "none" is one of them. A server that
believes it takes tokens that anybody wrote, with whatever user and rights they like.

Remedy:

    Name the algorithms that you issue when you verify, as in
    `jwt.decode(token, key, algorithms=["HS256"])`, and never take them from the token.

Bad:

    import base64, json

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a-long-secret-of-the-service", sub="alice", exp=4102444800)}

    @app.get("/")
    def account():
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if shown != users["alice"]:
            try:
                header, claims, signature = shown.split(".")
                assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "none"
            except Exception:
                return {"error": "invalid token"}, 401
        return {"user": "alice"}

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

    Needs an identity whose credential is a JSON Web Token. Where no signature is checked at all,
    `jwt-signature-unchecked` says so and this is silent. Other spellings ("None") are not tried.
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
    references=("RFC 8725, section 3.2", "RFC 7519, section 6"),
)
async def jwt_alg_none_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, on the first operation that an unsigned token opens."""
    for user in (await site.users())[:1]:
        if (await site.identity(user)).token is None:
            site.leave_untested("no identity has a JSON Web Token")
            return
        guarded = sorted(await site.guarded(user), key=lambda g: not places.is_of_oneself(g[0]))
        for operation, own in guarded[:MAX_OPERATIONS]:
            unsigned = replace(own.request, forgery="alg-none")
            answers = [await site.ask(unsigned), *(await site.confirm(unsigned))]
            if not all(isinstance(a, Exchange) and is_same(a, own) for a in answers):
                continue
            other = await site.ask(replace(own.request, forgery="signature"))
            if not isinstance(other, Exchange) or is_same(other, own):
                return  # any signature does
            yield jwt_alg_none_accepted.finding(
                f"{operation.method} {operation.path} answers the token with alg none and no "
                "signature as it answers the real one, and refuses a wrong signature",
                *(a for a in answers[:1] if isinstance(a, Exchange)),
                operation=operation.operation,
            )
            return

"""A token that has expired is still accepted.

Whoever finds an old token in a log, a backup or a browser's store is that user for ever: its
expiry is written in it, and nobody looks.

Remedy:

    Let the library verify `exp` (PyJWT does unless `verify_exp` is switched off), with a leeway
    of a minute or two for clocks that differ.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", iat=1, exp=3601)}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != f"Bearer {users['alice']}":
            return {"error": "token required"}, 401
        return {"name": "alice", "balance": 17}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", iat=1, exp=3601)}

    @app.get("/")
    def account():
        return {"error": "the token has expired"}, 401

Limits:

    Needs an identity whose token has expired more than five minutes ago: the opt-in is to give
    one. It is shown to the operations that give data to it and to nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check

LEEWAY_S = 300


@check(
    severity=Severity.HIGH,
    cwe=(613,),
    owasp=("API2:2023",),
    references=("RFC 7519, section 4.1.4", "RFC 8725, section 3.10"),
)
async def expired_token_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each identity that gets data with an expired token."""
    users = await site.users()
    expired = [user for user in users if await _is_expired(site, user)]
    if not expired and users:
        site.leave_untested("no identity has a token that has expired")
    for user in expired:
        site.leave_answered()
        for operation, answer in (await site.guarded(user))[:1]:
            again = await site.confirm(answer.request)
            if any(getattr(each, "status", 0) != answer.status for each in again):
                continue
            yield expired_token_accepted.finding(
                f"{operation.method} {operation.path} gives data to a token that has expired, "
                "and refuses nobody and a random token",
                answer,
                operation=operation.operation,
            )


async def _is_expired(site: Site, user: str) -> bool:
    token = (await site.identity(user)).token
    expiry = token.expires_at if token is not None else None
    return expiry is not None and expiry < site.now().timestamp() - LEEWAY_S

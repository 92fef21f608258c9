"""A token is good for days, or for ever.

A JSON Web Token is valid until it expires: logging out, changing the password or locking the
account ends nothing. Whoever finds one in a log or a backup is that user until then.

Remedy:

    Give access tokens an expiry of minutes to hours, renew them with a refresh token that can be
    revoked, and refuse tokens without one.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice")}

    @app.get("/")
    def account():
        return {"ok": True}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", iat=1, exp=3601)}

    @app.get("/")
    def account():
        return {"ok": True}

Limits:

    Reads the claims of the given tokens. A token without expiry that names a session (`jti`,
    `sid`, `token`) may be kept in a store and is mentioned only. Whether the server looks at the
    expiry is not tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check

LIMIT_S = 24 * 3600
# What names an entry of the server's store, which may end it.
SESSION = frozenset({"jti", "sid", "session", "session_id", "token", "access_token"})


@check(
    severity=Severity.LOW,
    cwe=(613,),
    owasp=("API2:2023",),
    references=("RFC 7519, section 4.1.4", "RFC 8725, section 3.10"),
)
async def jwt_lives_too_long(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site."""
    for user in await site.users():
        identity = await site.identity(user)
        token = identity.token
        if token is None:
            site.leave_untested("no identity has a JSON Web Token")
            continue
        site.leave_answered()
        if token.has_expiry and (token.lifetime_s is None or token.lifetime_s <= LIMIT_S):
            continue
        names_a_session = bool(SESSION & set(token.claims))
        days = (token.lifetime_s or 0) // 86_400
        what = f"is valid for {days} days" if token.has_expiry else "has no expiry"
        yield jwt_lives_too_long.finding(
            f"a given {token.algorithm} token {what}",
            operation=identity.login,
            severity=Severity.INFO if not token.has_expiry and names_a_session else None,
        )
        return

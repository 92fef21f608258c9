"""The secret that signs tokens is a well-known word.

Whoever has one token can try words offline, millions a second, until one makes its signature.
With the secret they sign tokens of their own: any user, any right, for as long as they like.

Remedy:

    Sign with a random secret of at least 256 bits that stands in no file of the project
    (`python -c "import secrets; print(secrets.token_hex(32))"`) or with a key pair, and revoke
    the tokens that the old one signed.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("changeme", sub="alice", exp=4102444800)}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != f"Bearer {users['alice']}":
            return {"error": "invalid token"}, 401
        return {"user": "alice"}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", exp=4102444800)}

    @app.get("/")
    def account():
        if request.headers.get("Authorization") != f"Bearer {users['alice']}":
            return {"error": "invalid token"}, 401
        return {"user": "alice"}

Limits:

    Needs an identity whose token is signed with HS256, HS384 or HS512. A short list of our own is
    tried, and with `--deep` every number of up to six digits. Nothing is sent. The secret is not
    shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Location, Operation, Severity, Site, check
from plainwire.wire import openapi, places

WORDS = ("login", "token", "signin", "auth", "authenticate", "session")


@check(
    severity=Severity.HIGH,
    cwe=(521, 1391),
    owasp=("API2:2023",),
    references=("RFC 7518, section 3.2", "RFC 8725, section 3.5"),
)
async def jwt_secret_weak(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, on the operation that gave the token."""
    for user in await site.users():
        identity = await site.identity(user)
        token = identity.token
        is_known = await site.secret_is_known(user) if token is not None else None
        if token is None or is_known is None:
            site.leave_untested("no identity has a token with an HMAC")
            continue
        site.leave_answered()
        if is_known:
            issuer = identity.login or await _issuer(site)
            origin = site.target.https[0]
            place = Location(url=origin.url(issuer.path if issuer else site.target.path))
            yield jwt_secret_weak.finding(
                f"the {token.algorithm} signature of a given token is made with a well-known "
                "secret: a word of a short list, or a number of up to six digits",
                operation=issuer,
                locations=(place,),
            )
            return


async def _issuer(site: Site) -> Operation | None:
    """The one operation that takes a password and is a login by its name. None if not one."""
    found = [
        each.operation
        for each in await site.operations()
        if each.method == "POST"
        and places.words(each) & set(WORDS)
        and openapi.credential_fields(each)
    ]
    return found[0] if len(found) == 1 else None
